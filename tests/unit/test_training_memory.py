"""What one device holds in training: published figures, and what must hold for any split."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.projection import memory_parts, project
from engine.projection.memory_parts import MemoryParts, Needs, memory
from engine.projection.parallel import Plan
from engine.scenario import Scenario

GPT_3 = Needs(
    parameter_count=175e9, expert_parameter_count=0.0, trained_share=1.0, layer_count=96.0,
    hidden_size=12_288.0, vocabulary_size=50_257.0, expert_count=1.0, sequence_tokens=2_048.0,
    feed_forward_ratio=1.0, weight_bytes_per_parameter=2.0, gradient_bytes_per_parameter=2.0,
    optimiser_bytes_per_parameter=12.0, bytes_per_value=2.0,
)  # fmt: skip
ALONE = Plan(
    device_count=64.0, tensor_count=1.0, pipeline_count=1.0, context_count=1.0,
    expert_parallel_count=1.0, zero_stage=0.0, recompute_share=0.0, micro_batch_tokens=2_048.0,
    micro_batch_count=1.0,
)  # fmt: skip


@pytest.mark.parametrize(
    ("zero_stage", "published_gb"), [(0.0, 120.0), (1.0, 31.4), (2.0, 16.6), (3.0, 1.88)]
)
def test_zero_holds_what_its_paper_prints(zero_stage: float, published_gb: float) -> None:
    # Rajbhandari et al. 2020, figure 1: 7.5 billion parameters, 64 devices, K = 12.
    needs = replace(GPT_3, parameter_count=7.5e9)
    held = memory(needs, replace(ALONE, zero_stage=zero_stage))
    state = held.weights_bytes + held.gradients_bytes + held.optimiser_bytes
    assert state == pytest.approx(published_gb * 1e9, rel=0.005)


def test_activations_take_34_bytes_per_token_layer_and_width() -> None:
    # Korthikanti et al. 2022, equation 2 without the scores: 34 s b h a layer.
    whole = 34 * 2_048 * 96 * 12_288
    assert memory(GPT_3, ALONE).activations_bytes == pytest.approx(whole)
    eight = memory(GPT_3, replace(ALONE, tensor_count=8.0))
    assert eight.activations_bytes == pytest.approx(whole / 8)


def test_recomputing_all_layers_keeps_their_inputs_alone() -> None:
    # Korthikanti et al. 2022, section 5: 2 s b h a layer.
    again = memory(GPT_3, replace(ALONE, recompute_share=1.0))
    assert again.activations_bytes == pytest.approx(2 * 2_048 * 96 * 12_288)
    one_layer = 34 * 2_048 * 12_288
    logits = 4 * 2_048 * 50_257
    assert again.temporary_bytes == pytest.approx(one_layer + logits)


def test_the_first_stage_keeps_a_micro_batch_for_every_stage() -> None:
    full = replace(ALONE, pipeline_count=8.0, micro_batch_count=64.0)
    assert memory(GPT_3, full).activations_bytes == pytest.approx(
        memory(GPT_3, ALONE).activations_bytes
    )
    interleaved = memory(GPT_3, replace(full, interleave_count=2.0)).activations_bytes
    # Korthikanti et al. 2022, section 4.2.3: 1 + (p - 1) / (p m).
    assert interleaved / memory(GPT_3, full).activations_bytes == pytest.approx(1 + 7 / 16)


def test_mixtral_s_experts_are_what_its_active_parameters_leave_out() -> None:
    # 32 layers x 8 experts x 3 matrices of 4,096 x 14,336.
    experts = memory_parts.expert_parameter_count(46.7e9, 12.88e9, 8.0, 2.0)
    assert experts == pytest.approx(32 * 8 * 3 * 4_096 * 14_336, rel=0.003)


counts = st.sampled_from([1.0, 2.0, 4.0, 8.0])
plans = st.builds(
    Plan,
    device_count=st.sampled_from([512.0, 1_024.0]),
    tensor_count=counts, pipeline_count=counts, context_count=counts,
    expert_parallel_count=counts, zero_stage=st.sampled_from([0.0, 1.0, 2.0, 3.0]),
    recompute_share=st.floats(0, 1), micro_batch_tokens=st.sampled_from([2_048.0, 8_192.0]),
    micro_batch_count=st.floats(1, 64), interleave_count=counts,
)  # fmt: skip
needs = st.builds(
    lambda size, share, trained: replace(
        GPT_3, parameter_count=size, expert_parameter_count=size * share, trained_share=trained
    ),
    st.floats(1e7, 1e12), st.floats(0, 0.95), st.floats(0.001, 1),
)  # fmt: skip
quick = settings(max_examples=80, deadline=None)


@quick
@given(needs, plans)
def test_parts_sum_to_the_whole(of: Needs, plan: Plan) -> None:
    held = memory(of, plan)
    parts = [float(getattr(held, field.name)) for field in fields(MemoryParts)]
    assert all(part >= 0 for part in parts)
    assert float(held.whole_bytes) == pytest.approx(sum(parts))


@quick
@given(needs, plans, st.sampled_from(["tensor_count", "zero_stage", "recompute_share"]))
def test_splitting_further_never_takes_more_state(of: Needs, plan: Plan, field: str) -> None:
    further = {"tensor_count": plan.tensor_count * 2, "zero_stage": 3.0, "recompute_share": 1.0}
    less, more = memory(of, replace(plan, **{field: further[field]})), memory(of, plan)
    for part in ("weights_bytes", "gradients_bytes", "optimiser_bytes", "activations_bytes"):
        assert float(getattr(less, part)) <= float(getattr(more, part)) * (1 + 1e-9)


def test_arrays_give_what_a_loop_gives() -> None:
    widths = np.array([1.0, 2.0, 8.0])
    together = memory(GPT_3, replace(ALONE, tensor_count=widths)).whole_bytes
    alone = [memory(GPT_3, replace(ALONE, tensor_count=w)).whole_bytes for w in widths]
    assert together == pytest.approx(alone)


@pytest.mark.parametrize("model", ["llama-3.1-8b", "mixtral-8x7b", "bert-base"])
def test_a_projection_shows_the_parts(model: str) -> None:
    training = project(Scenario(model=model)).training
    assert training.memory_parts is not None
    parts = [getattr(training.memory_parts, f.name).value for f in fields(training.memory_parts)]
    assert training.memory_bytes_per_device.value == pytest.approx(sum(parts))
    assert training.memory_fit_share.value <= 1


def test_plans_of_arrays_are_those_of_a_loop() -> None:
    sizes = np.array([0.5, 8.0, 70.0, 400.0])
    together = project(Scenario(parameters_billion=sizes)).training
    for i, size in enumerate(sizes):
        alone = project(Scenario(parameters_billion=float(size))).training
        assert together.mfu.value[i] == pytest.approx(alone.mfu.value)
        assert together.memory_bytes_per_device.value[i] == pytest.approx(
            alone.memory_bytes_per_device.value
        )


def test_a_low_rank_adapter_is_small_to_train() -> None:
    full = project(Scenario(training_device_count=1)).training
    lora = project(Scenario(training_device_count=1, tuning="lora", lora_rank=16)).training
    qlora = project(Scenario(training_device_count=1, tuning="qlora", lora_rank=16)).training
    # 32 layers x 16 x (2 x (4,096 + 4,096) + 2 x (4,096 + 1,024) + 3 x (4,096 + 14,336)).
    assert lora.trained_parameter_count.value == pytest.approx(41_943_040)
    assert lora.flop.value == pytest.approx(full.flop.value * 2 / 3, rel=0.01)
    assert full.memory_fit_share.value > 1 > lora.memory_fit_share.value
    assert lora.memory_parts is not None
    assert qlora.memory_parts is not None
    # 4.127 bits against 16 (Dettmers et al. 2023, section 3).
    ratio = qlora.memory_parts.weights_bytes.value / lora.memory_parts.weights_bytes.value
    assert ratio == pytest.approx(4.127 / 16)
    assert qlora.time_h.value > lora.time_h.value


def test_a_small_card_takes_fewer_sequences_at_once_before_it_is_said_not_to_fit() -> None:
    one = Scenario(
        model="llama-3.1-8b", tuning="lora", hardware="rtx-4090", training_device_count=1,
        sequence_tokens=512, dataset_items_billion=0.01,
    )  # fmt: skip
    training = project(one).training
    assert training.plan is not None
    assert training.memory_fit_share.value <= 1
    tokens = training.plan.micro_batch_tokens.value
    assert 512 <= tokens < 8_192
    assert tokens % 512 == 0
    as_asked = project(one.replace(micro_batch_sequence_count=16)).training
    assert as_asked.memory_fit_share.value > 1


def test_a_plan_for_more_devices_than_there_are_has_no_speed() -> None:
    wide = Scenario(tensor_parallel_count=8, training_device_count=np.array([4.0, 8.0]))
    projection = project(wide)
    assert np.isnan(projection.training.time_h.value).tolist() == [True, False]
    assert [note.values for note in projection.notes if note.code == "too-few-devices"] == [
        {"count": 8.0}
    ]
    one = project(wide.replace(training_device_count=4))
    assert one.training.time_h.value is None
    assert one.total.cost_usd.value is None
    assert "too-few-devices" not in {n.code for n in project(Scenario()).notes}


def test_only_what_learns_is_in_a_checkpoint() -> None:
    def kept_bytes(tuning: str) -> float:
        tuned = Scenario(model="llama-3.1-70b", tuning=tuning, dataset_items_billion=0.01)
        found = project(tuned.replace(training_device_count=16))
        assert found.storage.checkpoint_bytes.value == pytest.approx(
            12 * found.training.trained_parameter_count.value
        )
        return found.storage.checkpoint_bytes.value

    assert kept_bytes("full") == pytest.approx(12 * 70.55e9, rel=0.01)
    assert kept_bytes("lora") == kept_bytes("qlora") < 0.01 * kept_bytes("full")


def test_without_known_layers_all_of_a_model_learns() -> None:
    whole, tuned = (project(Scenario(model="resnet-50", tuning=t)) for t in ("full", "lora"))
    assert tuned.training.flop.value == whole.training.flop.value
    assert "adapter-not-known" in {note.code for note in tuned.notes}
    assert "adapter-not-known" not in {note.code for note in whole.notes}


@pytest.mark.parametrize(
    ("optimiser", "state_bytes"),
    [
        ("sgd", 0), ("momentum", 4), ("adamw", 8), ("adamw-16bit", 4), ("adamw-8bit", 2),
        ("adamw-4bit", 1), ("adam-mini", 4), ("adafactor", 0), ("lion", 4), ("muon", 4),
    ],
)  # fmt: skip
def test_every_optimiser_keeps_its_own_bytes_beside_the_weights(
    optimiser: str, state_bytes: float
) -> None:
    training = project(
        Scenario(optimiser=optimiser, training_device_count=8, tensor_parallel_count=8)
    ).training
    assert training.memory_parts is not None
    # 32-bit weights beside the 16-bit ones, split over eight devices.
    held = training.memory_parts.optimiser_bytes.value
    assert held == pytest.approx((4 + state_bytes) * 8.03e9 / 8)


@pytest.mark.parametrize("model", ["mixtral-8x22b", "qwen3-235b-a22b", "deepseek-v3"])
def test_experts_are_dealt_out_within_a_node_where_that_is_faster(model: str) -> None:
    usual = Scenario(model=model, training_device_count=1_024, sequence_tokens=4_096)
    near, far = (
        project(usual.replace(expert_parallel_count=count)).training.time_h.value
        for count in (8, 64)
    )
    assert project(usual).training.time_h.value == pytest.approx(min(near, far))
    assert near <= far


def test_experts_are_not_dealt_out_to_more_devices_than_there_are_experts() -> None:
    training = project(
        Scenario(model="mixtral-8x7b", training_device_count=64, expert_parallel_count=64)
    ).training
    assert training.plan is not None
    assert training.plan.expert_parallel_count.value == 8


def test_a_batch_too_small_for_every_copy_is_told() -> None:
    def told(**chosen: float) -> list[float]:
        notes = project(Scenario(sequence_tokens=8_192, **chosen)).notes
        return [n.values["count"] for n in notes if n.code == "batch-too-small"]

    # 64 devices as 32 copies of two: a sequence each is 262,144 tokens.
    assert told(global_batch_tokens=1e5, tensor_parallel_count=2) == [262_144]
    assert told(global_batch_tokens=1e6, tensor_parallel_count=2) == []
    assert told() == []


@pytest.mark.parametrize(("model", "hardware"), [("vit-l-16", "a100-sxm-80gb"), ("yolo11x", "t4")])
def test_a_network_too_large_for_the_usual_batch_is_trained_on_a_smaller_one(
    model: str, hardware: str
) -> None:
    found = project(Scenario(model=model, hardware=hardware, training_device_count=8))
    assert 0.5 < found.training.memory_fit_share.value <= 1
    assert "does-not-fit" not in {note.code for note in found.notes}
    too_large = project(Scenario(model="dlrm-large", hardware="t4", training_device_count=8))
    assert "does-not-fit" in {note.code for note in too_large.notes}
