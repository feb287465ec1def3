from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from engine.projection.throughput import (
    TrainingStep,
    mfu,
    step_parts,
    tokens_per_s_per_device,
)
from engine.projection.throughput_fit import as_document, as_toml, from_document, throughput_fit
from engine.validation.training import calibrated_on, inputs_or_reason, predict
from engine.validation.training_inputs import TrainingInputs, stacked

LLAMA_70B = {
    "model": "Llama 3 70B",
    "hw_norm": "H100-SXM",
    "n_devices": "64",
    "precision": "bf16",
    "tp": "4",
    "pp": "4",
    "vp": "5",
    "seq_len": "8192",
    "global_batch": "128",
    "global_batch_unit": "sequences",
    "micro_batch": "1",
    "framework": "NeMo",
    "source_date": "2025-02",
    "domain": "llm",
}


def step_of(**changes: str) -> TrainingStep:
    inputs = inputs_or_reason(LLAMA_70B | changes)
    assert isinstance(inputs, TrainingInputs), inputs
    return inputs.step


def speed(step: TrainingStep) -> float:
    return float(tokens_per_s_per_device(step, throughput_fit().constants))


def test_parts_add_up_to_the_step() -> None:
    parts = step_parts(step_of(), throughput_fit().constants)
    whole = sum(float(getattr(parts, field.name)) for field in fields(parts))
    assert float(parts.step_s) == pytest.approx(whole)


def test_arrays_give_what_a_loop_gives() -> None:
    steps = [step_of(), step_of(model="Qwen3-30B-A3B", ep="8"), step_of(precision="fp8", pp="1")]
    together = tokens_per_s_per_device(stacked(steps), throughput_fit().constants)
    assert np.asarray(together) == pytest.approx([speed(step) for step in steps])


@pytest.mark.parametrize("hardware", ["A100-80GB", "H100-SXM", "GB200", "TPUv5p", "MI300X"])
@pytest.mark.parametrize("model", ["GPT-2 124M", "Llama 3 8B", "Mixtral 8x7B"])
def test_no_more_than_peak_is_reached(hardware: str, model: str) -> None:
    step = step_of(hw_norm=hardware, model=model, tp="1", pp="1")
    assert 0.01 < float(mfu(step, throughput_fit().constants)) < 0.85


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"activation_checkpointing": "full"}, "activations are computed again"),
        ({"global_batch": "64"}, "the pipeline is emptier"),
        ({"n_devices": "1024", "global_batch": "2048"}, "devices wait for each other"),
        ({"seq_len": "32768", "global_batch": "32"}, "attention grows with length"),
    ],
)
def test_what_costs_time_slows_down(changes: dict[str, str], why: str) -> None:
    base = step_of(activation_checkpointing="False")
    assert speed(step_of(**{"activation_checkpointing": "False"} | changes)) < speed(base), why


def test_eight_bits_are_worth_more_than_nothing_and_less_than_twice() -> None:
    gain = speed(step_of(precision="fp8")) / speed(step_of())
    assert 1.2 < gain < 1.75


def test_small_models_wait_for_launches_large_ones_do_not() -> None:
    constants = throughput_fit().constants
    small = step_of(model="GPT-2 124M", tp="1", pp="1", seq_len="1024")
    parts = step_parts(small, constants)
    assert float(parts.launches_s) > float(parts.products_s)
    parts = step_parts(step_of(), constants)
    assert float(parts.launches_s) < 0.02 * float(parts.products_s)


def test_a_fit_survives_its_own_facts_file(tmp_path: Path) -> None:
    import tomllib

    fit = throughput_fit()
    again = from_document(tomllib.loads(as_toml(as_document(fit))))
    assert again == fit


def test_ranges_hold_the_prediction_and_widen_outside_what_was_seen() -> None:
    seen, far = predict([LLAMA_70B, LLAMA_70B | {"n_devices": "131072", "global_batch": "262144"}])
    inside, outside = (p.answers["tokens_per_s_per_device"] for p in (seen, far))
    assert inside.low < inside.value < inside.high
    assert "outside-fitted-range" in far.flags
    assert "outside-fitted-range" not in seen.flags
    assert outside.high / outside.low > inside.high / inside.low


def test_blank_and_filled_answers_give_the_same_prediction() -> None:
    filled = {"tokens_per_s_per_device": "9", "step_time_s": "1", "mfu": "99", "notes": "mfu 99"}
    blank = dict.fromkeys(filled, "")
    assert predict([LLAMA_70B | filled]) == predict([LLAMA_70B | blank])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"model": "Nobody knows", "params": ""}, "size of the model"),
        ({"hw_norm": "", "hardware": "reference chip"}, "no accelerator"),
        ({"domain": "speech"}, "not for speech"),
    ],
)
def test_the_impossible_is_refused_with_its_reason(changes: dict[str, str], reason: str) -> None:
    [found] = predict([LLAMA_70B | changes])
    assert reason in found.refused_because
    assert not found.answers


def test_rates_steps_and_samples_agree() -> None:
    [found] = predict([LLAMA_70B])
    per_device = found.answers["tokens_per_s_per_device"].value
    assert found.answers["samples_per_s"].value == pytest.approx(per_device * 64 / 8192)
    assert found.answers["step_time_s"].value == pytest.approx(128 * 8192 / per_device / 64)


def test_one_own_measurement_moves_its_setting_most_of_the_way() -> None:
    [before] = predict([LLAMA_70B])
    usual = before.answers["tokens_per_s_per_device"].value
    measured = LLAMA_70B | {"tokens_per_s_per_device": str(usual * 0.8)}
    own = calibrated_on([measured])
    other = LLAMA_70B | {"model": "Llama 3 8B"}
    same, near = predict([LLAMA_70B, other], own=own)
    assert same.answers["tokens_per_s_per_device"].value == pytest.approx(usual * 0.8, rel=0.02)
    assert same.kind == "measured"
    [plain] = predict([other])
    moved = near.answers["tokens_per_s_per_device"].value
    assert moved < plain.answers["tokens_per_s_per_device"].value


def test_proxies_with_fewer_layers_are_faster() -> None:
    whole, proxy = step_of(), step_of(layers="20")
    assert proxy.parameter_count < 0.3 * whole.parameter_count
    assert speed(proxy) > 2.5 * speed(whole)


def test_the_constants_follow_their_parts() -> None:
    constants = throughput_fit().constants
    half = dict(constants) | {"product_efficiency": constants["product_efficiency"] / 2}
    step = replace(step_of(), pipeline_count=1.0)
    slow, fast = step_parts(step, half), step_parts(step, constants)
    assert float(slow.products_s) == pytest.approx(2 * float(fast.products_s))
