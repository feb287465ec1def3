"""What rows of tables nobody has seen call hardware, models, number formats and software."""

import pytest

from engine.validation.accelerator_names import accelerator_id, accelerator_of, device_count
from engine.validation.training import inputs_or_reason, predict
from engine.validation.training_inputs import TrainingInputs
from engine.validation.training_models import model_of
from engine.validation.training_software import is_sharded, precision_of, software_of

ROW = {
    "domain": "llm",
    "model": "Llama-3.1-8B",
    "hw_norm": "H100-SXM",
    "n_devices": "64",
    "precision": "bf16",
    "seq_len": "8192",
    "tp": "1",
    "pp": "1",
    "global_batch": "256",
    "micro_batch": "1",
    "framework": "Megatron-LM",
    "source_date": "2025-03",
}


def inputs(**cells: str) -> TrainingInputs:
    """What the row is understood as with these cells instead."""
    found = inputs_or_reason(ROW | cells)
    assert isinstance(found, TrainingInputs), found
    return found


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("NVIDIA A100-SXM4-40GB", "a100-sxm-40gb"),
        ("A100 80G", "a100-sxm-80gb"),
        ("A100 40GB PCIe", "a100-pcie-40gb"),
        ("Tesla V100-SXM3-32GB", "v100-sxm2-32gb"),
        ("512xH100", "h100-sxm"),
        ("8×A100 80GB", "a100-sxm-80gb"),
        ("NVIDIA H100 NVL 94GB", "h100-nvl"),
        ("RTX PRO 6000 Blackwell Max-Q", "rtx-pro-6000-max-q"),
        ("NVIDIA RTX PRO 6000 Blackwell Server Edition", "rtx-pro-6000-server"),
        ("A6000", "rtx-a6000"),
        ("4090", "rtx-4090"),
        ("TPU v4-512", "tpu-v4"),
        ("v5litepod-256", "tpu-v5e"),
        ("p4d.24xlarge", "a100-sxm-40gb"),
        ("trn1.32xlarge", "trainium1"),
        ("a3-megagpu-8g", "h100-sxm"),
        ("Intel Data Center GPU Max 1550", "max-1550"),
        ("MI250X GCD", None),
        ("Quadro RTX 6000", None),
        ("H1000", None),
    ],
)
def test_hardware_is_known_however_it_is_written(name: str, known: str | None) -> None:
    assert accelerator_id(name) == known


def test_the_long_name_tells_which_of_the_parts_that_share_a_short_one() -> None:
    found = accelerator_of({"hw_norm": "A100-PCIe", "hardware": "NVIDIA A100-PCIE-40GB (250W)"})
    assert found is not None
    assert found[0] == "a100-pcie-40gb"


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("8x A100 80GB", 8.0),
        ("64 H100", 64.0),
        ("A100 80GB", None),
        ("Multi-node on DGX A100 (8x A100 80GB)", None),
    ],
)
def test_a_name_that_counts_its_hardware_is_believed(name: str, count: float | None) -> None:
    assert device_count(name) == count


@pytest.mark.parametrize(
    ("name", "parameter_count_billion"),
    [
        ("GPT 2.7B", 2.7),
        ("BLOOM-560m", 0.559),
        ("Mistral Large 123B", 122.6),
        ("StarCoder2-3B", 3.03),
        ("DeepSeek-V3 671B", 671.03),
        ("gpt13b", 13.0),
        ("GPT-1T", 1000.0),
        ("Llama-4-Maverick-17B-128E", 400.71),
        ("Qwen2.5 32B on 300B tokens", 32.76),
    ],
)
def test_a_model_has_the_size_its_name_states(name: str, parameter_count_billion: float) -> None:
    found = model_of({"model": name}).parameter_count / 1e9
    assert found == pytest.approx(parameter_count_billion, rel=0.01)


@pytest.mark.parametrize("text", ["7e9", "7B", "7 billion", "7", "7000M"])
def test_parameters_are_counted_as_people_write_them(text: str) -> None:
    assert model_of({"model": "Foo", "params": text}).parameter_count == pytest.approx(7e9)


def test_an_encoder_is_not_taken_for_the_one_its_name_ends_with() -> None:
    assert model_of({"model": "DeBERTa-v3-base"}).shape_id == "deberta-v3-base"
    assert model_of({"model": "FooBERT", "params": "1e8"}).shape_id == ""


@pytest.mark.parametrize(
    ("name", "experts"),
    [
        ("Foo 200B-A12B", (128.0, 8.0)),
        ("Foo 8x7B", (8.0, 2.0)),
        ("Foo 100B-A20B 16 experts top-4", (16.0, 4.0)),
        ("Foo 100B", (1.0, 1.0)),
    ],
)
def test_a_sparse_model_of_unknown_name_has_many_experts(
    name: str, experts: tuple[float, float]
) -> None:
    model = model_of({"model": name})
    assert (model.expert_count, model.experts_per_token_count) == experts


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("float8_e4m3", "fp8"),
        ("BF16 + FP8", "fp8"),
        ("NVFP4", "fp4"),
        ("float32", "fp32"),
        ("32-true", "fp32"),
        ("fp32/tf32", "tf32"),
        ("fp32-fp16 mixed", "16bit"),
        ("bf16-mixed", "16bit"),
        ("", "16bit"),
    ],
)
def test_number_formats_are_read(text: str, name: str) -> None:
    assert precision_of({"precision": text}) == name


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("Primus TorchTitan", "composer"),
        ("AXLearn", "jax"),
        ("Hugging Face Accelerate", "torch"),
        ("NeMo Megatron", "nemo"),
        ("Something New", "other"),
    ],
)
def test_software_is_of_a_family(text: str, family: str) -> None:
    assert software_of({"framework": text}) == family


@pytest.mark.parametrize(
    ("text", "sharded"),
    [("ZeRO-3", True), ("stage 3", True), ("HYBRID_SHARD", True), ("NO_SHARD", False),
     ("ZeRO-1", False)],
)  # fmt: skip
def test_only_the_third_stage_spreads_weights(text: str, sharded: bool) -> None:
    assert is_sharded({"zero_sharding": text}, "megatron") is sharded


def test_software_nobody_knows_is_between_the_slowest_and_the_fastest() -> None:
    tuned, unknown, portable = (
        _speed(framework=name) for name in ("Megatron-LM", "Something New", "HF transformers")
    )
    assert portable < unknown < tuned
    assert "software-unknown" in inputs(framework="Something New").flags


def test_on_a_tpu_software_that_is_not_named_compiles() -> None:
    on_tpu = {"hw_norm": "TPUv5p", "framework": "", "tp": "", "pp": ""}
    assert float(inputs(**on_tpu).step.compiled) == 1.0
    assert float(inputs(framework="").step.compiled) == 0.0


def test_without_a_date_a_table_is_of_its_accelerators_time() -> None:
    assert inputs(source_date="").year == pytest.approx(2024.8, abs=0.1)
    assert inputs(hw_norm="V100-32GB", source_date="").year < 2021


def test_nodes_times_devices_are_multiplied_and_k_is_1024() -> None:
    assert inputs(n_devices="4 x 8").device_count == 32
    assert inputs(seq_len="8k").step_sequence == 8192


def test_a_large_batch_without_a_unit_is_of_tokens() -> None:
    assert inputs(global_batch="4194304").global_batch_sequences == 512
    assert inputs(global_batch="512").global_batch_sequences == 512


@pytest.mark.parametrize("blank", ["precision", "seq_len", "framework"])
def test_what_a_row_leaves_open_widens_its_range(blank: str) -> None:
    assert _width() < _width(**{blank: ""})


def _speed(**cells: str) -> float:
    [found] = predict([ROW | cells])
    return found.answers["tokens_per_s_per_device"].value


def _width(**cells: str) -> float:
    [found] = predict([ROW | cells])
    speed = found.answers["tokens_per_s_per_device"]
    assert speed.low is not None
    assert speed.high is not None
    return speed.high / speed.low


@pytest.mark.parametrize(
    ("name", "workload", "sequence_tokens"),
    [
        ("bert-large", "pretrain", 512.0),
        ("distilbert", "", 512.0),
        ("bert-large", "finetune", 384.0),
        ("biobert", "finetune", 128.0),
        ("BERT base SQuAD", "", 384.0),
    ],
)
def test_encoders_learn_at_their_longest_unless_they_are_fine_tuned(
    name: str, workload: str, sequence_tokens: float
) -> None:
    cells = {"model": name, "workload": workload, "seq_len": "", "domain": "llm-encoder"}
    assert model_of(ROW | cells).sequence_tokens == sequence_tokens
