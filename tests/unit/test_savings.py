"""Savings: each is what the projection says it is, and one click takes it over."""

import numpy as np
import pytest

from dashboard.charts import savings as chart
from dashboard.i18n import words
from engine.projection import project
from engine.projection.api_price import offers_of
from engine.projection.saving_levers import BUY, LEVERS
from engine.projection.savings import Saving, savings
from engine.records import BadInput
from engine.scenario import Scenario
from tests.unit.test_pages import opened


@pytest.fixture(scope="module")
def found() -> list[Saving]:
    return savings(Scenario(ownership="cloud"))


def cost(scenario: Scenario) -> float:
    value = project(scenario).total.cost_usd.value
    assert value is not None
    return float(np.asarray(value))


def sold(scenario: Scenario) -> float:
    value = project(scenario).deployment.api_usd.value
    assert value is not None
    return float(np.asarray(value))


def test_what_is_saved_is_the_difference_of_two_bills(found: list[Saving]) -> None:
    now = cost(Scenario(ownership="cloud"))
    for saving in found:
        then = sold(saving.scenario) if saving.lever == BUY else cost(saving.scenario)
        assert saving.saved_usd == pytest.approx(now - then)


def test_the_largest_saving_comes_first_and_each_lever_once(found: list[Saving]) -> None:
    saved = [saving.saved_usd for saving in found]
    assert saved == sorted(saved, reverse=True)
    assert len({saving.lever for saving in found}) == len(found) > 4


def test_what_is_changed_leads_from_one_scenario_to_the_other(found: list[Saving]) -> None:
    for saving in found:
        assert Scenario(ownership="cloud").replace(**saving.changes) == saving.scenario


def test_hardware_is_proposed_only_where_nothing_gets_slower() -> None:
    hardware = next(s for s in savings(Scenario()) if s.lever == "hardware")
    assert hardware.training_time_ratio is not None
    assert hardware.training_time_ratio <= 1.001
    assert hardware.answer_time_ratio is not None
    assert hardware.answer_time_ratio <= 1.2501


def test_a_score_nobody_can_tell_is_not_called_unchanged() -> None:
    by_lever = {s.lever: s for s in savings(Scenario())}
    assert by_lever["training_precision"].score_change_share is None
    assert by_lever["hardware"].score_change_share == 0.0
    smaller = by_lever["smaller"].score_change_share
    assert smaller is not None
    assert smaller < 0


def test_answers_are_bought_of_the_same_model_at_the_middle_price(found: list[Saving]) -> None:
    bought = next(saving for saving in found if saving.lever == BUY)
    start = Scenario(ownership="cloud")
    offers = offers_of(start.model)
    asked = sorted(sold(start.replace(api_model=name)) for name in offers)
    assert sold(bought.scenario) == asked[(len(asked) - 1) // 2]
    assert bought.score_change_share is None
    assert bought.answer_time_ratio is None
    assert bought.carbon_change_kgco2e is None
    again = savings(bought.scenario)
    assert BUY not in {saving.lever for saving in again}


@pytest.mark.parametrize(
    ("model_id", "others"),
    [
        ("deepseek-r1", "distill"),
        ("llama-3-8b", "hermes"),
        ("llama-3.1-8b", ":free"),
        ("gpt-oss-20b", ":batch"),
    ],
)
def test_a_model_made_from_another_is_not_sold_under_its_name(model_id: str, others: str) -> None:
    found = offers_of(model_id)
    assert len(found) >= 3
    assert not [name for name in found if others in name.lower()]


def test_what_nobody_sells_cannot_be_bought() -> None:
    assert offers_of("bert-base") == ()
    assert BUY not in {saving.lever for saving in savings(Scenario(parameters_billion=9.0))}


def test_an_unknown_bill_has_no_savings() -> None:
    assert savings(Scenario(hardware="b300-sxm")) == []


def test_a_range_is_refused() -> None:
    with pytest.raises(BadInput, match="one scenario"):
        savings(Scenario(parameters_billion=np.array([1.0, 2.0])))


def test_every_lever_has_a_name_of_its_own_and_words() -> None:
    names = {lever.name for lever in LEVERS}
    assert len(names) == len(LEVERS)
    for code in ("en", "zh"):
        assert {f"lever.{name}" for name in names} <= set(words(code))


def test_a_carbon_free_tariff_cheaper_than_the_grid_saves() -> None:
    found = savings(Scenario(renewable_usd_per_kwh=0.01))
    assert any(saving.lever == "renewables" for saving in found)


def test_a_bar_for_each_lever() -> None:
    drawn = chart.bars(
        {"a": 30.0, "b": 10.0}, 100.0, lambda value: f"${value:g}", lambda share: f"{share:.0%}"
    )
    assert drawn.data[0].x == (30.0, 10.0)
    assert drawn.data[0].text == ("$30 (30%)", "$10 (10%)")


@pytest.fixture
def _empty(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/m.db")


@pytest.mark.usefixtures("_empty")
@pytest.mark.parametrize("code", ["en", "zh"])
def test_one_click_applies_a_lever(code: str) -> None:
    app = opened("savings", lang=code)
    before = app.metric[0].value
    app.button(key="apply_training_precision").click().run()
    assert not app.exception
    assert app.query_params["precision"] == "fp8"
    assert app.query_params.get("lang", "en") == code
    assert app.metric[0].value != before


@pytest.mark.usefixtures("_empty")
def test_a_lever_is_undone_with_one_click_and_the_one_before_it_too() -> None:
    app = opened("savings", ownership="cloud")
    before = app.metric[0].value
    app.button(key="apply_training_precision").click().run()
    once = app.metric[0].value
    app.button(key="apply_checkpoints").click().run()
    assert app.query_params["checkpoints_kept_count"] == "1"
    app.button(key="undo").click().run()
    assert "checkpoints_kept_count" not in app.query_params
    assert app.metric[0].value == once
    app.button(key="undo").click().run()
    assert not app.exception
    assert app.query_params["ownership"] == "cloud"
    assert app.metric[0].value == before
    assert not [button for button in app.button if button.key == "undo"]


@pytest.mark.usefixtures("_empty")
def test_bought_answers_are_compared_on_the_page() -> None:
    app = opened("savings", ownership="cloud")
    app.button(key=f"apply_{BUY}").click().run()
    assert not app.exception
    assert words("en")["savings.buy_title"] in [s.value for s in app.header]
    app.button(key="undo").click().run()
    assert "api_model" not in app.query_params


@pytest.mark.usefixtures("_empty")
def test_where_the_bill_is_unknown_the_page_says_what_to_do() -> None:
    app = opened("savings", hardware="b300-sxm")
    assert [info.value for info in app.info] == [words("en")["savings.no_price"]]


@pytest.mark.usefixtures("_empty")
@pytest.mark.parametrize("code", ["en", "zh"])
def test_limits_in_the_address_are_kept_by_the_plans(code: str) -> None:
    app = opened("decide", lang=code, max_token_ms="20", only="h100-sxm,l4")
    assert app.number_input(key="max_token_ms").value == 20.0
    assert len([b for b in app.button if b.key and b.key.startswith("open_")]) == 2
    assert words(code)["decide.binds_title"] in [s.value for s in app.header]


@pytest.mark.usefixtures("_empty")
def test_a_limit_typed_goes_into_the_address_and_an_impossible_one_is_named() -> None:
    app = opened("decide", only="h100-sxm")
    app.number_input(key="max_token_ms").set_value(0.001)
    app.button(key="search").click().run()
    assert app.query_params["max_token_ms"] == "0.001"
    assert [w.value for w in app.warning] == [words("en")["decide.none"]]
    assert any("cannot be met" in m.value for m in app.markdown)


@pytest.mark.usefixtures("_empty")
@pytest.mark.parametrize("code", ["en", "zh"])
def test_plans_say_what_they_take_and_what_they_are_worth(code: str) -> None:
    names = words(code)
    numbers = ("total_cost_usd", "training_time_h", "deployment_tpot_s", "worth_npv_usd")
    *told, worth = (f":small[{names[f'decide.number_{n}'].capitalize()}]" for n in numbers)
    app = opened("decide", lang=code, only="h100-sxm")
    shown = " ".join(m.value for m in app.markdown)
    assert [each for each in told if each not in shown] == []
    assert worth not in shown
    app = opened("decide", lang=code, only="h100-sxm", use="assistant", aim="value")
    assert app.segmented_control(key="aim").value == "value"
    assert worth in " ".join(m.value for m in app.markdown)
    app.segmented_control(key="against").set_value("value").run()
    assert not app.exception


@pytest.mark.usefixtures("_empty")
def test_an_address_that_makes_no_sense_asks_for_nothing() -> None:
    app = opened("decide", max_budget="much", aim="joy", may="luck", only="abacus,l4")
    assert app.number_input(key="max_days").value is None
    assert app.segmented_control(key="aim").value == "cost"
