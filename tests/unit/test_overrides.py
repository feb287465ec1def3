"""A fact can be replaced where a scenario has a choice for it."""

import pytest

from dashboard import overrides
from engine import catalogue
from engine.catalogue.listing import KINDS, lines
from engine.scenario import Scenario

SERVER_RATIO = catalogue.assumption("server_price_ratio").value


@pytest.mark.parametrize("kind", KINDS)
def test_every_fact_with_a_choice_gives_a_scenario_that_holds_it(kind: str) -> None:
    for line in lines(kind):
        name = overrides.field(kind, line)
        if name is not None and line.value is not None:
            choices = overrides.changes(kind, line, line.value)
            with_server = SERVER_RATIO if line.quantity == overrides.CARD_PRICE else 1.0
            held = getattr(Scenario.model_validate(choices), name)
            assert held == pytest.approx(line.value * with_server)


def test_most_open_choices_can_be_set_from_the_assumptions() -> None:
    found = {overrides.field("assumptions", line) for line in lines("assumptions")}
    assert {
        "mfu", "pue", "goodput_share", "device_life_years", "owned_use_share",
        "dataset_bytes_per_item", "maintenance_share_per_year", "raw_to_prepared_ratio",
        "preparation_core_hours_per_tb", "evaluation_items_million", "serving_batch_count",
        "spot_interruptions_per_month", "site_water_litres_per_kwh", "sequence_tokens",
        "space_usd_per_kw_month", "staff_usd_per_device_per_year",
    } <= found  # fmt: skip


def test_a_price_of_a_place_brings_the_place_along() -> None:
    line = next(x for x in lines("places") if x.thing == "country:SWE" and "price" in x.quantity)
    assert overrides.changes("places", line, 0.02) == {
        "place": "country:SWE",
        "electricity_usd_per_kwh": 0.02,
    }


def test_a_rent_is_paid_on_its_own_terms() -> None:
    line = next(x for x in lines("cloud-prices") if x.quantity.startswith("spot"))
    found = overrides.changes("cloud-prices", line, 1.0)
    assert (found["ownership"], found["pricing"]) == ("cloud", "spot")
    assert found["hardware"] == line.thing


def test_what_no_scenario_chooses_cannot_be_replaced() -> None:
    line = next(x for x in lines("accelerators") if x.quantity == "tdp_w")
    assert overrides.field("accelerators", line) is None
