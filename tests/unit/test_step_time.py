"""The fit of step times finds the costs it was made from, and follows them to large sizes."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from engine.projection.step_time import (
    PARTS,
    Bandwidth,
    StepShape,
    fit_step_times,
    part_amounts,
    step_shape,
)
from engine.records import Machine, Measurement

MACHINE = Machine("test cpu", 2, 2, 8 * 2**30, "linux", "3.11", "2.13", 2)
COST = (3e-4, 5e-4, 6e-12, 4e-11, 2e-8, 3e-9, 3.0)
SMALL = (
    # layers, hidden, vocabulary, tokens, batch
    (1, 32, 256, 16, 2),
    (4, 32, 256, 16, 2),
    (2, 64, 512, 64, 8),
    (6, 64, 256, 64, 4),
    (2, 128, 512, 64, 8),
    (2, 256, 256, 128, 8),
    (8, 128, 256, 16, 1),
    (2, 128, 4096, 64, 8),
    (2, 64, 256, 256, 8),
    (1, 384, 256, 16, 1),
)


def _parameters(layers: int, hidden: int, vocabulary: int) -> float:
    return 12.0 * layers * hidden**2 + vocabulary * hidden


def _taken(workload: str, settings: dict[str, int], time_s: float) -> Measurement:
    return Measurement(
        machine=MACHINE,
        workload=workload,
        settings=settings,
        method_version="1",
        code_version="0",
        taken_at=datetime(2026, 1, 1, tzinfo=UTC),
        time_s=time_s,
        time_low_s=time_s,
        time_high_s=time_s,
        repeat_times_s=(time_s,),
        cpu_time_s=time_s,
    )


def _update(size_bytes: int, bytes_per_s: float) -> Measurement:
    moved_bytes = 1.5 * size_bytes
    taken = _taken("memory_update", {"size_bytes": size_bytes}, moved_bytes / bytes_per_s)
    return replace(taken, moved_bytes=moved_bytes)


UPDATES = [_update(10**6, 100e9), _update(10**8, 20e9)]


def step_of(shape: tuple[int, ...], noise: float = 1.0) -> Measurement:
    layers, hidden, vocabulary, tokens, batch = shape
    settings = {
        "layer_count": layers,
        "hidden_size": hidden,
        "vocabulary_size": vocabulary,
        "sequence_tokens": tokens,
        "batch_size": batch,
    }
    taken = replace(
        _taken("lm_train_step", settings, 1.0),
        metrics={"parameter_count": _parameters(layers, hidden, vocabulary)},
    )
    amounts = part_amounts(step_shape(taken), Bandwidth.measured(UPDATES))
    return replace(taken, time_s=noise * float(np.dot(COST, amounts)))


LARGE = StepShape(14, 768, 2048, _parameters(14, 768, 2048), 4, 128)


def test_costs_and_a_hundred_times_larger_step_are_found_again() -> None:
    fit = fit_step_times([step_of(shape) for shape in SMALL], UPDATES)
    assert fit is not None
    assert fit.cost == pytest.approx(COST, rel=1e-6)
    assert fit.residual_share < 1e-6
    truth = float(np.dot(COST, part_amounts(LARGE, fit.bandwidth)))
    assert LARGE.parameter_count > 50 * fit.largest_parameter_count
    assert float(fit.step_time_s(LARGE)) == pytest.approx(truth, rel=1e-6)


def test_the_parts_sum_to_the_step() -> None:
    fit = fit_step_times([step_of(shape) for shape in SMALL], UPDATES)
    assert fit is not None
    parts = fit.part_times_s(LARGE)
    assert tuple(parts) == PARTS
    assert sum(float(part) for part in parts.values()) == pytest.approx(
        float(fit.step_time_s(LARGE)), rel=1e-12
    )


def test_no_part_costs_less_than_nothing_however_noisy_the_steps() -> None:
    noise = np.random.default_rng(0).uniform(0.7, 1.3, len(SMALL))
    fit = fit_step_times([step_of(s, n) for s, n in zip(SMALL, noise, strict=True)], UPDATES)
    assert fit is not None
    assert min(fit.cost) >= 0
    assert fit.residual_share > 0.05


def test_too_few_steps_give_no_fit() -> None:
    assert fit_step_times([step_of(shape) for shape in SMALL[: len(PARTS)]], UPDATES) is None


def test_arrays_of_shapes_are_answered_at_once() -> None:
    fit = fit_step_times([step_of(shape) for shape in SMALL], UPDATES)
    assert fit is not None
    batches = np.array([1.0, 4.0, 16.0])
    together = fit.step_time_s(replace(LARGE, batch_size=batches))
    alone = [float(fit.step_time_s(replace(LARGE, batch_size=float(b)))) for b in batches]
    assert together == pytest.approx(alone, rel=1e-12)


def test_bandwidth_lies_between_measured_working_sets_and_is_flat_outside() -> None:
    bandwidth = Bandwidth.measured(UPDATES)
    assert float(bandwidth.at(1e7)) == pytest.approx((100e9 * 20e9) ** 0.5)
    assert float(bandwidth.at(1e3)) == pytest.approx(100e9)
    assert float(bandwidth.at(1e12)) == pytest.approx(20e9)


def test_the_newest_measurement_of_a_working_set_counts() -> None:
    later = replace(_update(10**6, 50e9), taken_at=datetime(2026, 2, 1, tzinfo=UTC))
    assert float(Bandwidth.measured([later, *UPDATES]).at(1e6)) == pytest.approx(50e9)


def test_no_matrix_product_is_faster_than_the_fastest_measured_alone() -> None:
    steps = [step_of(shape) for shape in SMALL]
    free = fit_step_times(steps, UPDATES, peak_flop_per_s=2 / COST[2])
    bound = fit_step_times(steps, UPDATES, peak_flop_per_s=0.5 / COST[2])
    assert free is not None
    assert bound is not None
    assert free.cost == pytest.approx(COST, rel=1e-6)
    assert bound.cost[PARTS.index("matrix_products")] >= 2 * COST[2]
