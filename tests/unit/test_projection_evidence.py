"""What was measured replaces what would be assumed, and says so."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from engine import catalogue
from engine.projection import NO_EVIDENCE, Evidence, project
from engine.projection.accuracy_fit import fit_accuracy
from engine.projection.evidence import accelerator_named
from engine.projection.lines import fit_line
from engine.projection.score_curves import ScorePoint
from engine.projection.sized import sized
from engine.records import BadInput, Machine, Measurement, Setting
from engine.scenario import Scenario

CPU = Machine("Some CPU", 2, 2, 8 * 2**30, "Linux", "3.11", "2.13", 2)
H100 = Machine(
    "Some CPU", 32, 64, 2**40, "Linux", "3.11", "2.13", 1, ("NVIDIA H100 80GB HBM3",), 85 * 10**9
)
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def measurement(
    workload: str,
    settings: Mapping[str, Setting],
    time_s: float,
    machine: Machine = CPU,
    after_s: float = 0.0,
    **more: object,
) -> Measurement:
    return Measurement(
        machine=machine,
        workload=workload,
        settings=settings,
        method_version="1",
        code_version="1",
        taken_at=NOON + timedelta(seconds=after_s),
        time_s=time_s,
        time_low_s=time_s,
        time_high_s=time_s,
        repeat_times_s=(time_s,),
        cpu_time_s=time_s,
        **more,
    )


def matmul(rate_flop_per_s: float, precision: str, **more: object) -> Measurement:
    settings = {"size": 1_000, "precision": precision}
    return measurement("matmul", settings, 2e9 / rate_flop_per_s, flop=2e9, **more)


def training_steps(machine: Machine = CPU) -> list[Measurement]:
    """Steps that take 1 ms and 1 s for each 1e11 FLOP of matrix products."""
    shapes = [(layers, hidden) for layers in (2, 3, 4) for hidden in (64, 128, 256)]
    return [_training_step(layers, hidden, machine) for layers, hidden in shapes]


def _training_step(layer_count: int, hidden_size: int, machine: Machine) -> Measurement:
    vocabulary, tokens = 1_000, 4 * 128
    multiplied = 12 * layer_count * hidden_size**2 + vocabulary * hidden_size
    settings = {
        "layer_count": layer_count,
        "hidden_size": hidden_size,
        "head_count": 4,
        "vocabulary_size": vocabulary,
        "sequence_tokens": 128,
        "batch_size": 4,
        "precision": "fp32",
        "optimiser": "adamw",
    }
    time_s = 0.001 + 6 * multiplied * tokens / 1e11
    parameters = float(multiplied)
    return measurement(
        "lm_train_step", settings, time_s, machine, metrics={"parameter_count": parameters}
    )


def classifier(parameters: int, accuracy_share: float, seed: int = 0) -> Measurement:
    settings = {
        "task": "news",
        "vocabulary_size": parameters // 16,
        "seed": seed,
        "batch_size": 32,
    }
    metrics = {
        "accuracy_share": accuracy_share,
        "parameter_count": float(parameters),
        "train_example_count": 10_000.0,
    }
    return measurement("text_classifier", settings, 0.001 + parameters * 1e-9, metrics=metrics)


def power_law(parameter_count: float) -> float:
    return 1 - 0.05 - 0.2 * (parameter_count / 1e4) ** -0.5


def test_an_unknown_machine_names_those_measured() -> None:
    evidence = Evidence.of([matmul(1e11, "fp32")])
    with pytest.raises(BadInput, match=rf"Known: {CPU.hardware_id} \(Some CPU\)"):
        project(Scenario(hardware="measured:ffffffffff"), evidence)


def test_the_machine_measured_last_is_the_newest() -> None:
    later = matmul(1e14, "bf16", machine=H100, after_s=60)
    assert Evidence.of([later, matmul(1e11, "fp32")]).newest_hardware_id == H100.hardware_id
    assert NO_EVIDENCE.newest_hardware_id is None


def test_the_best_matrix_product_is_the_peak_of_a_machine_without_a_data_sheet() -> None:
    evidence = Evidence.of([matmul(1e11, "fp32"), matmul(3e11, "fp32"), matmul(2e11, "bf16")])
    found = evidence.for_hardware(CPU.hardware_id)
    assert found is not None
    assert found.peak_flop_per_s["fp32"].value == pytest.approx(3e11)
    assert found.peak_flop_per_s["fp32"].kind == "measured"
    training = project(
        Scenario(hardware=CPU.hardware_id, precision="fp32", mfu=0.5, training_device_count=1,
                 goodput_share=1),
        evidence,
    ).training  # fmt: skip
    assert training.time_h.value == pytest.approx(training.flop.value / 1.5e11 / 3_600)


def test_bandwidth_comes_from_the_largest_copy() -> None:
    copies = [
        measurement("memory_copy", {"size_bytes": 10**6}, 1e-5, moved_bytes=2e6),
        measurement("memory_copy", {"size_bytes": 10**9}, 0.1, moved_bytes=2e9),
    ]
    found = Evidence.of(copies).for_hardware(CPU.hardware_id)
    assert found is not None
    assert found.bandwidth_bytes_per_s is not None
    assert found.bandwidth_bytes_per_s.value == pytest.approx(2e10)


def test_a_gpu_is_known_by_what_its_driver_calls_it() -> None:
    assert accelerator_named("NVIDIA H100 80GB HBM3") == "h100-sxm"
    assert accelerator_named("Some CPU") is None


def test_measurements_on_the_same_gpu_replace_assumptions_about_it() -> None:
    copy = measurement("memory_copy", {"size_bytes": 10**9}, 1e-3, machine=H100, moved_bytes=2.9e9)
    evidence = Evidence.of([copy])
    measured = project(Scenario(hardware="h100-sxm"), evidence).deployment
    assumed = project(Scenario(hardware="h100-sxm")).deployment
    # 0.94 x 3,350 GB/s is assumed, 2,900 was measured: decoding is bound by it.
    assert measured.latency_s.value > assumed.latency_s.value * 1.05
    assert project(Scenario(hardware=H100.hardware_id), evidence).deployment.latency_s.value == (
        pytest.approx(measured.latency_s.value)
    )
    elsewhere = project(Scenario(hardware="a100-sxm-80gb"), evidence)
    assert elsewhere == project(Scenario(hardware="a100-sxm-80gb"))


def test_measured_training_steps_replace_the_assumed_share_of_peak() -> None:
    evidence = Evidence.of([*training_steps(), matmul(1e11, "fp32")])
    scenario = Scenario(
        hardware=CPU.hardware_id, precision="fp32", training_device_count=1, goodput_share=1
    )
    training = project(scenario, evidence).training
    assert training.mfu.kind == "fitted"
    # 12 L h^2 + V h of Llama 3.1 8B: 6.968e9 multiplied, x 6 FLOP x 160e9 tokens at 1e11 FLOP/s.
    multiplied = 12 * 32 * 4_096**2 + 128_256 * 4_096
    assert training.time_h.value == pytest.approx(6 * multiplied * 160e9 / 1e11 / 3_600, rel=0.02)


def test_steps_measured_at_another_precision_are_only_an_assumption() -> None:
    evidence = Evidence.of([*training_steps(), matmul(1e11, "fp32"), matmul(2e11, "bf16")])
    scenario = Scenario(hardware=CPU.hardware_id, precision="bf16", training_device_count=1)
    assert project(scenario, evidence).training.mfu.kind == "assumed"


def test_a_model_beyond_the_measured_steps_is_marked() -> None:
    evidence = Evidence.of([*training_steps(), matmul(1e11, "fp32")])
    scenario = Scenario(hardware=CPU.hardware_id, precision="fp32")
    notes = project(scenario, evidence).notes
    assert ("outside-measured", "training step time") in [
        (n.code, n.values.get("metric")) for n in notes
    ]


def test_measured_energy_is_measured_and_estimated_energy_is_an_assumption() -> None:
    estimated = matmul(1e11, "fp32", energy_j=0.4, energy_kind="estimated", energy_meter="cpu")
    found = Evidence.of([estimated]).for_hardware(CPU.hardware_id)
    assert found is not None
    assert found.busy_power_w is not None
    assert (found.busy_power_w.kind, found.busy_power_w.value) == ("assumed", pytest.approx(20))
    metered = matmul(2e11, "fp32", energy_j=0.3, energy_kind="measured", energy_meter="rapl")
    found = Evidence.of([estimated, metered]).for_hardware(CPU.hardware_id)
    assert found is not None
    assert found.busy_power_w is not None
    assert (found.busy_power_w.kind, found.busy_power_w.value) == ("measured", pytest.approx(30))


def test_without_a_meter_energy_is_unknown_not_zero() -> None:
    evidence = Evidence.of([matmul(1e11, "fp32")])
    projection = project(Scenario(hardware=CPU.hardware_id), evidence)
    assert projection.training.bill.it_energy_kwh.value is None
    assert "power-unknown" in [n.code for n in projection.notes]


def test_accuracy_against_size_is_fitted_to_what_was_measured() -> None:
    sizes = (1_000, 4_000, 16_000, 64_000, 256_000)
    evidence = Evidence.of([classifier(size, power_law(size)) for size in sizes])
    scenario = Scenario(model="text-classifier-news", parameters_billion=100_000 / 1e9)
    projection = project(scenario, evidence)
    score = projection.quality.score_share
    assert score.kind == "fitted"
    assert score.value == pytest.approx(power_law(100_000), abs=0.002)
    assert score.low <= score.value <= score.high
    assert not projection.notes or "outside-measured" not in [n.code for n in projection.notes]


def test_beyond_the_measured_sizes_accuracy_is_marked_and_less_sure() -> None:
    noise = (0.004, -0.003, 0.002, -0.004, 0.003)
    sizes = (1_000, 4_000, 16_000, 64_000, 256_000)
    evidence = Evidence.of(
        [classifier(n, power_law(n) + e) for n, e in zip(sizes, noise, strict=True)]
    )
    inside, outside = (
        project(Scenario(model="text-classifier-news", parameters_billion=n / 1e9), evidence)
        for n in (50_000, 50_000_000)
    )
    widths = [p.quality.score_share.high - p.quality.score_share.low for p in (inside, outside)]
    assert widths[1] > widths[0]
    assert "outside-measured" in [n.code for n in outside.notes]


def test_seeds_of_one_size_are_one_point() -> None:
    evidence = Evidence.of([classifier(1_000, 0.8, 0), classifier(1_000, 0.9, 1)])
    curve = evidence.classifier_curve("news")
    assert curve is not None
    (point,) = curve.points
    assert (point.score_share, point.seed_count) == (pytest.approx(0.85), 2)


@pytest.mark.parametrize(
    "accuracies", [(0.8, 0.85), (0.9, 0.85, 0.8, 0.75)], ids=["too few", "falling"]
)
def test_points_that_do_not_support_a_curve_are_refused(accuracies: tuple[float, ...]) -> None:
    points = [ScorePoint(10.0**i, a, None, 1, 1.0) for i, a in enumerate(accuracies, 3)]
    assert fit_accuracy(points) is None
    evidence = Evidence.of([classifier(10**i, a) for i, a in enumerate(accuracies, 3)])
    projection = project(Scenario(model="text-classifier-news"), evidence)
    assert projection.quality.score_share.value is None
    assert "too-few-sizes" in [n.code for n in projection.notes]


def test_the_measured_classifier_tells_the_time_of_its_training() -> None:
    evidence = Evidence.of(
        [matmul(1e11, "fp32")] + [classifier(n, power_law(n)) for n in (10**4, 10**5, 10**6)]
    )
    scenario = Scenario(
        model="text-classifier-news",
        hardware=CPU.hardware_id,
        precision="fp32",
        parameters_billion=5e-4,
        dataset_items_billion=3.2e-3,
        training_device_count=1,
        goodput_share=1,
    )
    training = project(scenario, evidence).training
    # 100,000 steps of 32 rows, each 1 ms + 5e5 x 1 ns.
    assert training.time_h.value == pytest.approx(100_000 * 0.0015 / 3_600, rel=1e-6)
    assert training.mfu.kind == "fitted"


def test_a_line_is_found_again() -> None:
    line = fit_line([(w, 0.5 + w / 1e9) for w in (1e6, 1e8, 1e9, 1e10)])
    assert line is not None
    assert line.overhead_s == pytest.approx(0.5)
    assert line.work_per_s == pytest.approx(1e9)
    assert line.residual_share == pytest.approx(0, abs=1e-9)
    assert line.covers(5e9)
    assert not line.covers(2e10)


def test_a_line_never_has_a_negative_part() -> None:
    through_zero = fit_line([(w, w / 1e9 - 1e-4) for w in (1e6, 1e7, 1e8)])
    assert through_zero is not None
    assert through_zero.overhead_s == 0
    assert fit_line([(1.0, 3.0), (2.0, 2.0), (3.0, 1.0)]) is None
    assert fit_line([(1.0, 1.0), (2.0, 2.0), (None, 3.0)]) is None


def test_measured_decoding_replaces_bandwidth_and_overhead() -> None:
    copy = measurement("memory_copy", {"size_bytes": 10**9}, 0.2, moved_bytes=2e9)
    decodes = [
        measurement("lm_decode", {"layer_count": layers}, 0.002 * layers + 1e7 / 1e10,
                    moved_bytes=1e7)
        for layers in (2, 4, 8)
    ]  # fmt: skip
    prefills = [
        measurement("lm_prefill", {"precision": "fp32"}, 0.001 + flop / 5e10, flop=flop)
        for flop in (1e9, 1e10, 1e11)
    ]
    evidence = Evidence.of([matmul(1e11, "fp32"), copy, *decodes, *prefills])
    scenario = Scenario(
        model="gpt-3-175b",
        hardware=CPU.hardware_id,
        parameters_billion=0.1,
        serving_precision="fp32",
        input_items_per_request=1,
        output_items_per_request=1_000,
    )
    latency = project(scenario, evidence).deployment.latency_s
    found = evidence.for_hardware(CPU.hardware_id)
    assert found is not None
    assert found.launch_time_s_per_layer is not None
    assert found.launch_time_s_per_layer.value == pytest.approx(0.002)
    # 1,001 passes of 0.4 GB at 10 GB/s and 2 ms for each of about 7 layers.
    layers = sized(scenario, catalogue.model("gpt-3-175b")).layer_count.value
    assert latency.value == pytest.approx(1_001 * (0.04 + 0.002 * layers), rel=0.05)


def test_steps_of_a_busy_machine_are_not_used_and_said_to_be_noisy() -> None:
    steps = [
        replace(step, time_s=step.time_s * (20 if place % 2 else 1))
        for place, step in enumerate(training_steps())
    ]
    evidence = Evidence.of([*steps, matmul(1e11, "fp32")])
    projection = project(Scenario(hardware=CPU.hardware_id, precision="fp32"), evidence)
    assert projection.training.mfu.kind == "assumed"
    assert "noisy-measurements" in [n.code for n in projection.notes]


def test_fits_and_curves_broadcast() -> None:
    sizes = (1_000, 4_000, 16_000, 64_000, 256_000)
    evidence = Evidence.of([classifier(size, power_law(size)) for size in sizes])
    asked = np.array([2e-6, 3e-5, 2e-4])
    together = project(
        Scenario(model="text-classifier-news", parameters_billion=asked), evidence
    ).quality.score_share
    for i, size in enumerate(asked):
        alone = project(
            Scenario(model="text-classifier-news", parameters_billion=float(size)), evidence
        ).quality.score_share
        assert together.value[i] == pytest.approx(alone.value)
        assert together.high[i] == pytest.approx(float(alone.high))


def test_of_repetitions_the_newest_counts() -> None:
    busy = matmul(1e10, "fp32", after_s=1.0)
    quiet = matmul(1e11, "fp32", after_s=2.0, repetition_number=2)
    found = Evidence.of([quiet, busy]).hardware[CPU.hardware_id]
    assert found.measurements == (quiet,)
