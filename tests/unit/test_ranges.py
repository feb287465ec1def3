"""Ranges follow from those of the inputs, and the formulas named give back the numbers."""

import math
from collections.abc import Iterable, Iterator

import numpy as np
import pytest

from engine.projection import cost, project, with_ranges
from engine.projection.energy import facility_energy_kwh
from engine.projection.ranges import formula_of, ranged
from engine.projection.working import derive, estimates
from engine.records import Estimate
from engine.scenario import Scenario
from tests.unit.test_projection import ONE_OF_EACH_FAMILY


def every_part(shown: Iterable[Estimate]) -> Iterator[Estimate]:
    for estimate in shown:
        yield estimate
        yield from every_part(part for _, part in estimate.inputs)


ENERGY = Estimate(100.0, "assumed", low=50.0, high=200.0)
PUE = Estimate(1.2, "assumed", low=1.1, high=1.5)


def test_deviations_add_up_as_the_root_of_their_squares() -> None:
    [found] = ranged([derive(facility_energy_kwh, it_energy_kwh=ENERGY, pue=PUE)])
    assert found.value == pytest.approx(120)
    up = math.hypot(math.log(2), math.log(1.5 / 1.2))
    down = math.hypot(math.log(2), math.log(1.2 / 1.1))
    assert found.high == pytest.approx(120 * math.exp(up))
    assert found.low == pytest.approx(120 * math.exp(-down))


def test_an_input_used_twice_moves_in_both_places() -> None:
    paid = derive(cost.hardware_usd, paid_device_hours=ENERGY, usd_per_device_hour=PUE)
    [kept] = ranged([derive(cost.usd_per_thousand_requests, cost_usd=paid, request_count=ENERGY)])
    [alone] = ranged([derive(facility_energy_kwh, it_energy_kwh=Estimate(1e3, "chosen"), pue=PUE)])
    assert kept.value == pytest.approx(alone.value)
    assert (kept.low, kept.high) == pytest.approx((alone.low, alone.high))


def test_a_range_from_residuals_is_kept_and_handed_on() -> None:
    plain, found = (p(Scenario()).training for p in (project, lambda s: with_ranges(project(s))))
    assert (found.mfu.low, found.mfu.high) == (plain.mfu.low, plain.mfu.high)
    assert found.time_h.high >= found.time_h.value * found.mfu.value / found.mfu.low
    assert found.time_h.low <= found.time_h.value * found.mfu.value / found.mfu.high


def test_what_is_chosen_has_no_range() -> None:
    found = with_ranges(project(Scenario(mfu=0.4, goodput_share=0.9)))
    assert found.training.time_h.low is None
    assert found.training.bill.cost_usd.low is not None


@pytest.mark.parametrize("model", ONE_OF_EACH_FAMILY)
def test_every_range_holds_its_number(model: str) -> None:
    for path, estimate in estimates(with_ranges(project(Scenario(model=model)))):
        if estimate.low is not None and estimate.kind != "unknown":
            assert estimate.low <= estimate.value <= estimate.high, path


@pytest.mark.parametrize("model", ONE_OF_EACH_FAMILY)
def test_formulas_named_give_back_the_numbers(model: str) -> None:
    again = 0
    for estimate in every_part(e for _, e in estimates(project(Scenario(model=model)))):
        names = tuple(name for name, _ in estimate.inputs)
        known = estimate.formula and estimate.known
        formula = formula_of(estimate.formula, names) if known else None
        if formula is not None and estimate.low is None:
            value = formula(**{name: part.value for name, part in estimate.inputs})
            assert np.asarray(value) == pytest.approx(estimate.value), estimate.formula
            again += 1
    assert again > 50


def test_arrays_have_the_ranges_of_a_loop() -> None:
    sizes = np.array([0.5, 8.0, 70.0])
    together = with_ranges(project(Scenario(parameters_billion=sizes))).total.cost_usd
    for i, size in enumerate(sizes):
        alone = with_ranges(project(Scenario(parameters_billion=float(size)))).total.cost_usd
        assert together.low[i] == pytest.approx(alone.low)
        assert together.high[i] == pytest.approx(alone.high)


def test_memory_and_the_parts_of_a_training_step_have_ranges() -> None:
    training = with_ranges(project(Scenario())).training
    assert training.memory_parts is not None
    assert training.step_time is not None
    ranged = {
        "memory": training.memory_bytes_per_device,
        "activations": training.memory_parts.activations_bytes,
        "temporary": training.memory_parts.temporary_bytes,
        "products": training.step_time.products_s,
        "waiting": training.step_time.waiting_s,
    }
    for name, estimate in ranged.items():
        assert estimate.low < estimate.value < estimate.high, name
    # A step as slow as its range allows is as slow as the share of peak allows.
    products, mfu = training.step_time.products_s, training.mfu
    assert products.high / products.value == pytest.approx(mfu.value / mfu.low)
