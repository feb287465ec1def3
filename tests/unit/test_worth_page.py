"""The page that says whether it is worth it: what it shows, and what a guess replaced changes."""

from collections import defaultdict

import numpy as np
import pytest

from dashboard import i18n, readable, worth_first, worth_words
from dashboard.charts import worth as charts
from dashboard.i18n import words
from dashboard.valued import value_of
from engine import catalogue
from engine.projection import project
from engine.projection.worth import template_scenario
from engine.value_case import GUESSED, ValueCase
from tests.unit.test_pages import cards, opened

WORDS: dict[str, str] = defaultdict(str) | dict.fromkeys(worth_words.CHART_WORDS, "word")
NPV = 4


@pytest.fixture(autouse=True)
def _own_database(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/m.db")


def test_every_guess_has_its_place_on_the_page() -> None:
    shown = [name for names in worth_words.GROUPS.values() for name in names]
    assert sorted(shown) == sorted(set(ValueCase.model_fields) - {"template"})


@pytest.mark.parametrize("code", ["en", "zh"])
def test_every_use_and_outcome_has_words(code: str) -> None:
    for name in catalogue.value_templates():
        assert words(code)[f"use.{name}"]
        assert words(code)[f"outcome.{name}"]


@pytest.mark.parametrize("code", ["en", "zh"])
def test_an_own_number_goes_into_the_address_and_changes_the_value(code: str) -> None:
    app = opened("worth", lang=code, use="text-classification")
    before = cards(app)
    app.number_input(key="recall_share").set_value(0.6).run()
    assert not app.exception
    assert app.query_params["recall_share"] == ["0.6"] or app.query_params["recall_share"] == "0.6"
    assert cards(app)[NPV] != before[NPV]


def test_an_address_that_makes_no_sense_is_told_and_changes_nothing() -> None:
    app = opened("worth", use="sentiment", recall_share="7", build_usd="x")
    assert len(app.warning) >= 2
    assert cards(app) == cards(opened("worth", use="sentiment"))


@pytest.mark.parametrize("code", ["en", "zh"])
def test_it_opens_with_where_it_pays_off_and_whose_guesses_that_is(code: str) -> None:
    app = opened("worth", lang=code, use="text-classification")
    told = words(code)
    even = next(m for m in app.metric if m.label == told["worth.break_even_outcomes_per_day"])
    assert app.metric[0] == even
    assert str(even.value) in app.header[0].value
    guessed = told["worth_first.guessed"]
    count = len(GUESSED)
    assert any(guessed.format(guessed=count, count=count) in m.value for m in app.markdown)
    app.number_input(key="recall_share").set_value(0.6).run()
    assert any(guessed.format(guessed=count - 1, count=count) in m.value for m in app.markdown)


@pytest.mark.parametrize("template", catalogue.value_templates())
def test_every_use_says_in_words_where_its_value_comes_from(
    template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(i18n, "language", lambda: "en")
    case = ValueCase(template=template)
    scenario = template_scenario(template, case)
    found = value_of(scenario, case, project(scenario))
    npv = worth_words.escaped(readable.money(float(found.worth.npv_usd.value or 0.0)))
    assert worth_first.chain(found, scenario).endswith(f"**{npv}**.")
    assert worth_first.verdict(found)
    assert worth_first.guesses(case, found).count(" · ") == worth_first.MOVERS_COUNT - 1


def test_break_even_lies_on_the_line() -> None:
    line = charts.Accuracies(0.8, 0.7, 0.9, -100.0, 300.0, 0.85)
    assert line.npv_at_usd(0.85) == pytest.approx(0.0)
    chart = charts.break_even(line, WORDS, str, str)
    assert chart.data[2].x == (0.85,)
    assert chart.data[1].y == (-100.0,)


def test_a_tornado_starts_from_the_value_as_it_is() -> None:
    chart = charts.tornado([charts.Bar("a", 5.0, 20.0)], 10.0, WORDS, str)
    assert chart.data[0].base == 10.0
    assert tuple(chart.data[0].x) + tuple(chart.data[1].x) == (-5.0, 10.0)


def test_losses_and_gains_are_told_apart_at_zero() -> None:
    chart = charts.distribution(np.linspace(-50.0, 50.0, 1_001), WORDS, str)
    loss, gain = chart.data
    assert max(loss.x) < 0 < min(gain.x)
    assert sum(loss.y) == pytest.approx(sum(gain.y), abs=0.03)


def test_cash_is_marked_where_it_is_paid_back() -> None:
    chart = charts.cash_over_time(np.array([-10.0, 0.0, 10.0]), 1.0, WORDS, str)
    assert chart.data[1].x == (1.0,)
    assert len(charts.cash_over_time(np.array([-10.0, -20.0]), None, WORDS, str).data) == 1


def test_what_is_unknown_is_not_drawn_as_nothing() -> None:
    chart = charts.ways({"own": 10.0, "rent": None}, WORDS, str)
    assert tuple(chart.data[0].y) == ("own",)


def test_no_more_than_all_answers_can_be_asked_to_be_right() -> None:
    assert worth_words.of_all(1.39) == "100%"
    assert worth_words.of_all(0.398) == "39.8%"
    assert worth_words.of_all(None) == "–"


def test_draws_that_have_no_value_are_left_out_of_the_bars() -> None:
    values = np.append(np.linspace(-1e6, 3e6, 90), [np.nan] * 9 + [np.inf])
    chart = charts.distribution(values, WORDS, str)
    drawn = sum(float(np.sum(trace.y)) for trace in chart.data)
    assert 0.8 < drawn <= 0.9
