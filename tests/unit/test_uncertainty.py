"""Draws, risk and sensitivity: against closed forms, and for the same formulas and seed."""

import numpy as np
import pytest

from engine.projection import cost, sensitivity, uncertainty
from engine.projection.energy import facility_energy_kwh
from engine.projection.uncertainty import AT_95_NORMAL, doubts, normals, worked_out
from engine.projection.working import derive, estimates
from engine.projection.worth import template_scenario, worth
from engine.records import BadInput, Estimate
from engine.value_case import ValueCase

ENERGY = Estimate(100.0, "assumed", low=50.0, high=200.0, note="energy")
PUE = Estimate(1.2, "assumed", low=1.0, high=1.44, note="pue")
DRAWN = derive(facility_energy_kwh, it_energy_kwh=ENERGY, pue=PUE)
SHOWN = {"facility_energy_kwh": DRAWN}


def test_a_product_of_lognormals_is_lognormal() -> None:
    found = doubts(SHOWN)
    values = worked_out(SHOWN, found, normals(found, 200_000, 1))["facility_energy_kwh"]
    told = uncertainty.outlook(values)
    width = np.hypot(np.log(2), np.log(1.2))
    sigma = width / AT_95_NORMAL
    assert told is not None
    assert told.middle == pytest.approx(120, rel=0.01)
    assert told.low == pytest.approx(120 * np.exp(-width), rel=0.01)
    assert told.high == pytest.approx(120 * np.exp(width), rel=0.01)
    assert told.mean == pytest.approx(120 * np.exp(sigma**2 / 2), rel=0.01)


def test_one_price_used_twice_is_one_draw() -> None:
    price = Estimate(0.1, "published", low=0.05, high=0.2, note="price")
    once = Estimate(0.1, "published", low=0.05, high=0.2, note="price")
    energy = Estimate(10.0, "chosen")
    parts = {
        "training": derive(cost.electricity_usd, facility_energy_kwh=energy, usd_per_kwh=price),
        "serving": derive(cost.electricity_usd, facility_energy_kwh=energy, usd_per_kwh=once),
    }
    found = doubts(parts)
    assert [doubt.name for doubt in found] == ["usd_per_kwh"]
    values = worked_out(parts, found, normals(found, 100, 0))
    assert values["training"] == pytest.approx(values["serving"])


def test_shares_are_drawn_between_none_and_all() -> None:
    share = uncertainty.Doubt("recall_share", Estimate(0.9, "assumed", low=0.5, high=0.99), ())
    drawn = uncertainty.drawn(share, np.array([-9.0, -AT_95_NORMAL, 0.0, AT_95_NORMAL, 9.0]))
    assert drawn[1:4] == pytest.approx([0.5, 0.9, 0.99])
    assert 0 < drawn[0] < drawn[4] < 1


def test_the_same_seed_draws_the_same_and_another_does_not() -> None:
    found = doubts(SHOWN)
    assert np.array_equal(normals(found, 10, 3), normals(found, 10, 3))
    assert not np.array_equal(normals(found, 10, 3), normals(found, 10, 4))


def test_correlated_inputs_move_together() -> None:
    found = doubts(SHOWN)
    scores = normals(found, 50_000, 0, {("it_energy_kwh", "pue"): 0.8})
    assert np.corrcoef(scores.T)[0, 1] == pytest.approx(0.8, abs=0.01)
    with pytest.raises(BadInput, match="between -1 and 1"):
        normals(found, 10, 0, {("it_energy_kwh", "pue"): 1.5})


def test_risk_by_hand() -> None:
    """1 to 100 less 20.5: 20 of 100 lose; the worst five are -19.5 to -15.5."""
    found = uncertainty.risk(np.arange(1.0, 101.0) - 20.5)
    assert found.loss_share == pytest.approx(0.20)
    assert found.expected_shortfall_usd == pytest.approx(17.5)
    assert found.risk_adjusted_usd == pytest.approx(25.5 - 20.5)
    assert found.mean_usd == pytest.approx(30.0)


def test_shapley_shares_sum_to_the_whole_and_follow_the_variances() -> None:
    """Of a product of lognormals, logarithms add: the wider has the larger part."""
    found = doubts(SHOWN)
    told = {part.name: part for part in sensitivity.parts(DRAWN, found)}
    assert sum(part.shapley_share for part in told.values()) == pytest.approx(1.0)
    ratio = np.log(2) ** 2 / (np.log(2) ** 2 + np.log(1.2) ** 2)
    assert told["it_energy_kwh"].shapley_share == pytest.approx(ratio, abs=0.05)
    for part in told.values():
        assert part.first_order_share - 0.05 <= part.shapley_share <= part.total_share + 0.05


def test_a_tornado_is_the_formula_at_both_ends() -> None:
    widest, next_ = sensitivity.tornado(DRAWN, doubts(SHOWN))
    assert (widest.name, next_.name) == ("it_energy_kwh", "pue")
    assert (widest.at_low, widest.at_high) == pytest.approx((60.0, 240.0))
    assert (next_.at_low, next_.at_high) == pytest.approx((100.0, 144.0))


def test_the_bill_follows_the_volume() -> None:
    case = ValueCase(template="text-classification")
    found = worth(template_scenario("text-classification", case), case)
    shown = {"model_cost_usd": found.model_cost_usd}
    assert "outcomes_per_day" in {doubt.name for doubt in doubts(shown, found.known)}


@pytest.mark.parametrize("name", ["outcomes_per_day", "electricity_usd_per_kwh", "recall_share"])
def test_an_own_range_replaces_the_one_on_record(name: str) -> None:
    case = ValueCase(template="text-classification")
    scenario = template_scenario("text-classification", case).replace(ownership="owned")
    found = worth(scenario.replace(usd_per_device=3_000.0), case)
    shown = dict(estimates(found))
    [plain] = [d for d in doubts(shown, found.known, {name: (0.0, 1e5)}) if d.name == name]
    assert (plain.estimate.low, plain.estimate.high) == (0.0, 1e5)
    with pytest.raises(BadInput, match="outside its range"):
        doubts(shown, found.known, {name: (1e6, 2e6)})


def test_a_range_moves_the_bill_as_the_price_itself_does() -> None:
    """At the upper end of an own range the formulas give what the projection gives."""
    case = ValueCase(template="sentiment")
    scenario = template_scenario("sentiment", case).replace(
        ownership="owned", usd_per_device=3_000.0, electricity_usd_per_kwh=0.1
    )
    found = worth(scenario, case)
    shown = {"model_cost_usd": found.model_cost_usd}
    uncertain = doubts(shown, found.known, {"electricity_usd_per_kwh": (0.05, 0.3)})
    at = [doubt.name for doubt in uncertain].index("electricity_usd_per_kwh")
    score = np.zeros((2, len(uncertain)))
    score[:, at] = AT_95_NORMAL
    dear = worth(scenario.replace(electricity_usd_per_kwh=0.3), case).model_cost_usd.value
    assert worked_out(shown, uncertain, score)["model_cost_usd"][0] == pytest.approx(dear)
