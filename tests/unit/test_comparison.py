"""Scenarios side by side: what is told of a change, and how it is drawn."""

import re

import pytest

from dashboard import alternatives, comparison, data, landmarks
from dashboard.charts.difference import parts_shown, waterfall
from dashboard.charts.history import Mark, records
from dashboard.headlines import Headline, headlines
from dashboard.i18n import words
from engine.projection import project
from engine.projection.evidence import NO_EVIDENCE
from engine.scenario import Scenario
from tests.unit.test_pages import opened

BASELINE = Scenario(usd_per_device=30_000.0)
WORDS = {"before": "before", "after": "after", "other": "other"}


def told(**changes: object) -> tuple[Headline, ...]:
    asked = BASELINE.replace(**changes)
    return headlines(asked, project(asked))


def cells(**changes: object) -> dict[str, comparison.Cell]:
    found = comparison.rows(told(), {"vs": told(**changes)})
    return {headline.name: each["vs"] for headline, each in found}


def test_dearer_electricity_is_worse_and_changes_no_time() -> None:
    found = cells(electricity_usd_per_kwh=0.4)
    assert found["total"].better is False
    assert found["total"].delta.startswith("+$")
    assert found["time"] == comparison.Cell(found["time"].text, "same", None)


def test_a_change_that_three_digits_hide_is_told_as_the_total_tells_it() -> None:
    found = cells(place="country:SWE")
    before = {headline.name: headline.text for headline in told()}
    assert found["serving"].text == before["serving"]
    assert found["serving"].delta.startswith("−$")
    assert found["storage"].delta == "same"


def test_a_better_score_is_told_in_points() -> None:
    found = cells(parameters_billion=20.0)
    assert found["accuracy"].better is True
    assert found["accuracy"].delta.endswith(" points")


def test_what_is_unknown_has_no_change() -> None:
    known = told(hardware="a100-sxm-80gb", usd_per_device=None)
    unknown = told(hardware="b300-sxm", usd_per_device=None)
    for headline, each in comparison.rows(known, {"vs": unknown}):
        if headline.estimate.known and each["vs"].text == "–":
            assert each["vs"].delta == ""


def test_a_table_to_copy_has_a_line_a_number() -> None:
    found = comparison.rows(told(), {"vs": told(horizon_months=12.0)})
    lines = comparison.copied(["", "one", "two"], found).splitlines()
    assert len(lines) == len(found) + 1
    assert all(line.count("\t") == 2 for line in lines)


def verdict(**changes: object) -> str:
    before, after = (
        comparison.numbers(s, project(s)) for s in (BASELINE, BASELINE.replace(**changes))
    )
    return comparison.verdict(comparison.rows(before, {"vs": after}), "vs", "other")


def test_a_verdict_says_which_is_cheaper_and_by_how_much() -> None:
    dearer = verdict(electricity_usd_per_kwh=0.4)
    assert re.match(r"\*\*other\*\* costs \*\*\$[\d,]+ \(\d+%\) more\*\* in all, ", dearer)
    assert "to train" in dearer
    assert "Time per token" not in dearer


def test_a_verdict_tells_what_the_score_and_speed_become() -> None:
    told = verdict(serving_precision="int8")
    assert "HellaSwag score −" in told
    assert "Time per token −" in told


@pytest.mark.parametrize(
    ("share", "told"),
    [(1.62, "162%"), (-0.134, "13%"), (0.0238, "2.4%"), (-0.0951, "9.5%"), (1e-5, "<0.1%")],
)
def test_changes_are_told_in_two_digits(share: float, told: str) -> None:
    assert comparison.percent(share) == told


def test_a_new_alternative_starts_from_something_else() -> None:
    assert alternatives.other("hardware", "h100-sxm") == "h200-sxm"
    assert alternatives.other("hardware", "h200-sxm") == "h100-sxm"
    assert alternatives.other("horizon_months", 36.0) == 36.0
    for name, values in alternatives.OTHERS.items():
        assert {getattr(BASELINE.replace(**{name: v}), name) for v in values} == set(values)


def test_small_parts_are_drawn_together() -> None:
    parts = {str(size): float(size) for size in range(1, 13)}
    shown = parts_shown(parts, 100.0, "rest")
    assert list(shown)[:2] == ["12", "11"]
    assert shown["rest"] == 1 + 2 + 3 + 4
    assert sum(shown.values()) == sum(parts.values())


def test_a_waterfall_ends_where_it_should() -> None:
    chart = waterfall(10.0, 7.0, {"a": 2.0, "b": -5.0}, WORDS, str)
    assert chart.data[0].x == (10.0, -5.0, 2.0, 7.0)
    assert chart.data[0].measure == ("absolute", "relative", "relative", "total")


def test_records_are_those_much_larger_than_all_before() -> None:
    from datetime import date

    marks = [
        Mark("first", "catalogue", date(2018, 1, 1), 5.0, ""),
        Mark("less", "catalogue", date(2019, 1, 1), 4.0, ""),
        Mark("more", "catalogue", date(2020, 1, 1), 16.0, ""),
        Mark("near", "catalogue", date(2021, 1, 1), 18.0, ""),
    ]
    assert [mark.name for mark in records(marks)] == ["first", "more"]


@pytest.mark.parametrize("vs", ["hardware~a100-sxm-80gb;place~country:SWE", "horizon_months~12"])
def test_an_alternative_in_the_address_is_shown_beside_the_baseline(
    vs: str, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/m.db")
    app = opened("compare", vs=vs, usd_per_device="30000")
    assert len(app.table) == 1
    assert len(app.table[0].value.columns) == 3


def test_an_address_that_makes_no_sense_changes_nothing(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/m.db")
    app = opened("compare", vs="hardware~no-such;nothing~1;horizon_months~abc")
    assert not app.table
    assert words("en")["compare.none"] in [m.value for m in app.markdown]
    app.button(key="start_hardware").click().run()
    assert len(app.table[0].value.columns) == 3
    assert app.query_params["vs"] == "hardware~h200-sxm"


def test_known_models_cost_what_training_them_takes_today_on_the_terms_of_the_scenario() -> None:
    known = data.Seen("none", (), NO_EVIDENCE)
    dear, cheap = (
        {m.name: m.number for m in landmarks.marks(BASELINE.replace(**terms), known, "cost")}
        for terms in ({}, {"usd_per_device": 15_000.0, "requests_per_day": 1.0})
    )
    assert 1e5 < dear["GPT-3 175B"] < 1e7
    assert dear["BERT-base uncased"] < dear["GPT-3 175B"] < dear["Llama 3.1 405B"]
    assert cheap["GPT-3 175B"] < dear["GPT-3 175B"]
    assert cheap["DeBERTa"] == dear["DeBERTa"]  # published in its time
