"""What right answers are worth: hand-worked cases, numpy-financial, and what must always hold."""

import numpy as np
import numpy_financial
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from engine import catalogue
from engine.projection import cash_flow, value
from engine.projection.value import odds_transferred_share
from engine.projection.worth import template_scenario, worth
from engine.units import DAYS_PER_MONTH
from engine.value_case import GUESSED, ValueCase

FLAT = {
    "outcomes_per_day": 100.0,
    "growth_share_per_year": 0.0,
    "adoption_start_share": 1.0,
    "adoption_full_share": 1.0,
    "adoption_months": 0.0,
    "horizon_months": 24.0,
}
shares = st.floats(0, 1)
dollars = st.floats(0, 1e4)


def flow(**changes: float) -> dict[str, float]:
    usual = {"gained_usd_per_outcome": 1.0, "running_usd": 0.0, "upfront_usd": 10_000.0}
    return FLAT | usual | changes


def test_one_outcome_in_its_four_ways() -> None:
    """By hand: .1*.8*50 - .1*.2*200 + .9*.95*0 - .9*.05*10 = 4 - 4 - .45."""
    assert value.usd_per_outcome(0.1, 0.8, 0.95, 50, 0, 10, 200) == pytest.approx(-0.45)


def test_review_mends_part_of_what_is_wrong() -> None:
    """Half looked at, 80 % of their errors caught: .9 + .5*.8*.1."""
    assert value.reviewed_share(0.9, 0.5, 0.8) == pytest.approx(0.94)


def test_accuracy_is_positives_found_and_negatives_left() -> None:
    assert value.right_outcome_share(0.2, 0.5, 0.9) == pytest.approx(0.82)


def test_a_year_of_a_hundred_a_day() -> None:
    assert cash_flow.outcome_count(**FLAT) == pytest.approx(100 * DAYS_PER_MONTH * 24)


def test_a_part_of_a_month_counts_for_its_part() -> None:
    found = cash_flow.monthly_outcome_count(**(FLAT | {"horizon_months": 2.25}))
    assert found == pytest.approx(100 * DAYS_PER_MONTH * np.array([1, 1, 0.25]))


def test_adoption_rises_in_a_straight_line() -> None:
    found = cash_flow.adoption_share(np.array([0.0, 3.0, 6.0, 9.0]), 0.2, 0.8, 6.0)
    assert found == pytest.approx([0.2, 0.5, 0.8, 0.8])


def test_npv_and_irr_are_those_of_numpy_financial() -> None:
    """Months counted from their middle: numpy-financial counts from the start, so half steps."""
    asked = flow(gained_usd_per_outcome=0.5, running_usd=6_000.0)
    each = cash_flow.monthly_net_usd(**{k: v for k, v in asked.items() if k != "upfront_usd"})
    half_months = np.zeros(2 * len(each))
    half_months[0::2] = each
    cash = np.concatenate([[-asked["upfront_usd"]], half_months])
    rate = 0.1
    discounted = cash_flow.npv_usd(
        cash_flow.present_outcome_count(**FLAT, value_discount_share_per_year=rate),
        0.5,
        asked["upfront_usd"],
        cash_flow.present_running_usd(6_000.0, 24.0, rate),
    )
    half_rate = (1 + rate) ** (1 / 24) - 1
    assert discounted == pytest.approx(numpy_financial.npv(half_rate, cash))
    irr = (1 + numpy_financial.irr(cash)) ** 24 - 1
    assert cash_flow.irr_share_per_year(**asked) == pytest.approx(irr)


def test_payback_by_hand() -> None:
    """3,043.75 dollars a month make up for 10,000 in 3.285 months."""
    assert cash_flow.payback_months(**flow()) == pytest.approx(10_000 / (100 * DAYS_PER_MONTH))


def test_what_never_pays_back_has_no_month_and_no_rate() -> None:
    losing = flow(gained_usd_per_outcome=-1.0)
    assert np.isnan(cash_flow.payback_months(**losing))
    assert np.isnan(cash_flow.irr_share_per_year(**losing))


def test_nothing_invested_has_no_rate() -> None:
    assert np.isnan(cash_flow.irr_share_per_year(**flow(upfront_usd=0.0)))


def test_at_the_break_even_volume_nothing_is_left() -> None:
    present = cash_flow.present_outcome_count(**FLAT, value_discount_share_per_year=0.1)
    volume = cash_flow.break_even_outcomes_per_day(100.0, present, 0.3, 5_000.0, 2_000.0)
    again = cash_flow.present_outcome_count(
        **(FLAT | {"outcomes_per_day": float(volume)}), value_discount_share_per_year=0.1
    )
    assert cash_flow.npv_usd(again, 0.3, 5_000.0, 2_000.0) == pytest.approx(0, abs=1e-6)


def test_break_even_accuracy_by_hand() -> None:
    """Worth -100 at .8 and 300 if never wrong: a quarter of the way, .85."""
    assert value.break_even_right_share(0.8, -100.0, 300.0) == pytest.approx(0.85)
    assert np.isnan(value.break_even_right_share(0.8, -100.0, -50.0))
    assert np.isnan(value.break_even_right_share(0.8, -100.0, -100.0))


def test_costs_that_nobody_pays_are_told_apart() -> None:
    """2 t at 210 dollars and 1,000 litres at .003."""
    assert value.external_usd(2_000.0, 210.0, 1_000.0, 0.003) == pytest.approx(423.0)


@given(shares, shares, shares, dollars, dollars, dollars)
def test_a_better_model_is_never_worth_less(
    positive: float, recall: float, specificity: float, right: float, alarm: float, miss: float
) -> None:
    now = value.usd_per_outcome(positive, recall, specificity, right, 0.0, alarm, miss)
    better = value.usd_per_outcome(
        positive, (recall + 1) / 2, (specificity + 1) / 2, right, 0.0, alarm, miss
    )
    assert better >= now - 1e-9


@given(st.floats(0.01, 0.99), st.floats(0.05, 0.95), st.floats(0.05, 0.95), st.floats(0, 2))
def test_a_higher_score_carries_over_in_the_same_direction(
    reference: float, score: float, reference_score: float, exponent: float
) -> None:
    found = odds_transferred_share(reference, score, reference_score, exponent)
    assert 0 <= found <= 1
    assert (found - reference) * (score - reference_score) >= -1e-12


@settings(deadline=None)
@given(st.lists(st.floats(0, 10_000), min_size=1, max_size=4), st.floats(0, 5))
def test_arrays_are_the_loop(volumes: list[float], gained: float) -> None:
    asked = flow(gained_usd_per_outcome=gained)
    together = cash_flow.irr_share_per_year(**(asked | {"outcomes_per_day": np.array(volumes)}))
    alone = [
        float(cash_flow.irr_share_per_year(**(asked | {"outcomes_per_day": v}))) for v in volumes
    ]
    assert together == pytest.approx(alone, nan_ok=True)


@pytest.mark.parametrize("template", catalogue.value_templates())
def test_every_guess_lies_in_its_range_and_is_a_possible_case(template: str) -> None:
    found = catalogue.value_template(template)
    for name in GUESSED:
        guess = getattr(found, name)
        assert guess.low <= guess.value <= guess.high, name
        assert guess.reason.endswith("."), name
        for number in (guess.low, guess.value, guess.high):
            ValueCase(template=template, **{name: number})


@pytest.mark.parametrize("template", catalogue.value_templates())
def test_no_template_promises_what_nobody_would_believe(template: str) -> None:
    """Guesses lean low: paid back within half a year, or threefold, is for one's own numbers."""
    case = ValueCase(template=template)
    found = worth(template_scenario(template, case), case)
    npv, cost, payback = (e.value for e in (found.npv_usd, found.cost_usd, found.payback_months))
    assert npv is not None
    assert cost is not None
    assert float(npv) <= 3.0 * float(cost)
    assert payback is None or float(payback) >= 6.0


@pytest.mark.parametrize("template", catalogue.value_templates())
def test_the_same_money_is_not_counted_for_the_find_and_for_the_miss(template: str) -> None:
    """Where both are large, what one case is about is gained and lost at once."""
    found = catalogue.value_template(template)
    if found.baseline_recall_share.value > 0 and found.positive_share.value < 0.5:
        both = found.usd_per_true_positive.value, found.usd_per_false_negative.value
        assert min(both) <= 0.1 * max(both)


@pytest.mark.parametrize(
    ("choice", "number"),
    [
        ("recall_share", 1.1),
        ("outcomes_per_day", -1.0),
        ("value_discount_share_per_year", -1.0),
        ("review_share", float("nan")),
    ],
)
def test_nonsense_is_refused_with_its_name(choice: str, number: float) -> None:
    with pytest.raises(ValidationError, match=choice):
        ValueCase(**{choice: number})


def test_an_unknown_use_names_those_near() -> None:
    with pytest.raises(ValidationError, match="Close: medical-diagnosis"):
        ValueCase(template="medical")


@pytest.mark.parametrize("template", sorted(catalogue.value_templates()))
def test_a_use_as_it_is_proposed_is_served_in_full(template: str) -> None:
    case = ValueCase(template=template)
    found = worth(template_scenario(template, case), case)
    assert "serves-too-little" not in {note.code for note in found.notes}
