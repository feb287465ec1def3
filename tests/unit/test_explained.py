"""From the screen down: which numbers can be explained, and what they are worth on What if."""

import pytest

from dashboard import explain, worth_words
from dashboard.i18n import words
from dashboard.valued import value_of
from engine.projection import project
from engine.projection.cost import saved_usd
from engine.projection.working import leaves
from engine.projection.worth import template_scenario
from engine.scenario import Scenario
from engine.value_case import ValueCase
from tests.unit.test_pages import cards, opened

EN = words("en")
USE = "text-classification"
NPV = 10
WORTH_NPV = 4
"""Where it stands among the cards of What if."""


@pytest.fixture(autouse=True)
def _own_database(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/m.db")


def test_every_number_of_worth_leads_down_to_what_somebody_knows() -> None:
    case = ValueCase(template=USE)
    scenario = template_scenario(USE, case)
    numbers = worth_words.explained(value_of(scenario, case, project(scenario)))
    assert len({number.label for number in numbers}) == len(numbers) == 13
    for number in numbers:
        if number.estimate.known:
            below = [part for _, part in leaves(number.estimate)]
            assert any(p.source or p.kind in ("chosen", "fitted") for p in below), number.label


def test_the_chain_of_a_bill_says_source_day_and_kind_of_every_fact() -> None:
    total = project(Scenario()).total.cost_usd
    chain = explain.rows("bill", total, "")
    assert len({row.name.strip() for row in chain}) > 50
    facts = [row for row in chain if row.kind == "published" and row.link]
    assert all(row.origin and row.checked and row.value for row in facts)
    assert {EN["quantity.purchase_usd"], EN["quantity.usd_per_kwh"]} <= {
        row.name.strip() for row in facts
    }


def test_without_a_use_net_present_value_is_not_known() -> None:
    app = opened()
    assert app.metric[NPV].label == EN["headline.npv"]
    assert cards(app)[NPV] == "–"


def test_the_use_in_the_address_gives_the_same_value_on_both_pages() -> None:
    address = {"use": USE, "model": "bert-base", "hardware": "l4", "ownership": "cloud"}
    worth = opened("worth", **address)
    assert cards(opened(**address))[NPV] == cards(worth)[WORTH_NPV]
    assert cards(worth)[WORTH_NPV].startswith(("$", "−$"))


def test_a_preset_is_of_no_use_chosen_before() -> None:
    app = opened(use=USE, recall_share="0.9")
    app.pills(key="preset").set_value("images").run()
    assert "use" not in app.query_params
    assert cards(app)[NPV] == "–"


def test_a_saving_is_the_bill_now_less_the_bill_then() -> None:
    assert saved_usd(100.0, 70.0) == 30.0
