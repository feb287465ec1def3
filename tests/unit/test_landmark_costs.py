"""Amortised cost of landmark models from published hours and hardware, never from costs."""

import pytest

from engine.validation import landmark_costs
from engine.validation.rows import Row
from engine.validation.summary import rows_of

RUN: Row = {
    "model": "m",
    "hw_norm": "V100-32GB",
    "n_devices": "1024",
    "device_hours": "122880",
    "source_date": "2019-07-01",
}


def test_epoch_s_cost_of_roberta_is_met() -> None:
    # Epoch: 88,691 USD for RoBERTa Large's 122,880 V100-hours.
    [found] = landmark_costs.predict([{"model": "m"}], [RUN])
    assert found.answers["amortised_usd"].value == pytest.approx(88_691, rel=0.1)


@pytest.mark.parametrize(
    ("change", "why"),
    [({"device_hours": ""}, "device-hours"), ({"hw_norm": "abacus"}, "no price")],
)
def test_what_is_missing_is_said(change: Row, why: str) -> None:
    [found] = landmark_costs.predict([{"model": "m"}], [{**RUN, **change}])
    assert why in found.refused_because


def test_published_costs_are_not_looked_at() -> None:
    rows, runs = rows_of("costs"), rows_of("runs")
    blank = [{**row, **dict.fromkeys(landmark_costs.ANSWERS, "")} for row in rows]
    without = [{**run, "cost_usd": ""} for run in runs]
    assert landmark_costs.predict(rows, runs) == landmark_costs.predict(blank, without)


def test_older_hardware_wears_less() -> None:
    later = {**RUN, "source_date": "2022-07-01"}
    new, old = (landmark_costs.predict([{"model": "m"}], [run])[0] for run in (RUN, later))
    assert old.answers["amortised_usd"].value < new.answers["amortised_usd"].value


def test_a_range_comes_from_the_other_models_alone() -> None:
    rows, runs = rows_of("costs"), rows_of("runs")
    before = landmark_costs.scored(rows, runs).comparisons
    place = next(i for i, c in enumerate(before) if c.predicted is not None)
    own = rows[before[place].row_number]
    dearer = [{**row, "amortised_usd": "9e12"} if row is own else row for row in rows]
    after = landmark_costs.scored(dearer, runs).comparisons
    assert after[place].predicted == before[place].predicted
