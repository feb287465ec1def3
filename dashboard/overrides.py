"""Which choice of a scenario takes the place of a fact, and what else is chosen with it."""

from dashboard.link import Choice
from engine import catalogue
from engine.catalogue.listing import Line
from engine.scenario import Scenario

CARD_PRICE, SERVER_PRICE = "price_usd", "server_price_ratio"
"""A card's own price stands for a device once its share of the server is added."""
BY_QUANTITY = {
    ("accelerators", CARD_PRICE): "usd_per_device",
    ("accelerators", "server_price_usd"): "usd_per_device",
    ("places", "price_usd_per_kwh"): "electricity_usd_per_kwh",
    ("places", "carbon_kgco2e_per_kwh"): "carbon_kgco2e_per_kwh",
    ("models", "parameters_billion"): "parameters_billion",
    ("models", "trained_items_billion"): "dataset_items_billion",
}
"""Facts of a kind that a choice stands for."""
CHOSEN_WITH = {"accelerators": "hardware", "places": "place", "models": "model"}
"""Whose fact it is has to be chosen too, by kind."""

BY_ASSUMPTION = {
    "dataset_bytes_per_token": "dataset_bytes_per_item",
    "dataset_bytes_per_image": "dataset_bytes_per_item",
    "dataset_bytes_per_row": "dataset_bytes_per_item",
    "pue_cloud": "pue",
    "pue_owned": "pue",
    "site_water_cloud_litres_per_kwh": "site_water_litres_per_kwh",
    "site_water_owned_litres_per_kwh": "site_water_litres_per_kwh",
    "training_sequence_tokens": "sequence_tokens",
}
ITEMS = ("token", "image", "row")
RENTED = "cloud"
AT_16_BIT = "mfu, 16bit"
"""A scenario's share of peak is of the 16-bit peak, which 8-bit runs exceed."""


def field(kind: str, line: Line) -> str | None:
    """The choice that takes the place of this fact; None where no scenario has one."""
    if kind == "cloud-prices":
        return "usd_per_device_hour"
    if kind == "assumptions":
        return _of_assumption(line.thing)
    if kind == "efficiency":
        return "mfu" if line.quantity.startswith(AT_16_BIT) else None
    return BY_QUANTITY.get((kind, line.quantity))


def _of_assumption(name: str) -> str | None:
    if name.startswith("mfu_"):
        return "mfu"
    plain = name
    for item in ITEMS:
        plain = plain.replace(f"_{item}_", "_")
    found = BY_ASSUMPTION.get(name, plain)
    return found if found in Scenario.model_fields else None


def changes(kind: str, line: Line, value: float) -> dict[str, Choice]:
    """The choices to make so that the scenario takes `value` in place of the fact."""
    name = field(kind, line)
    assert name is not None
    if line.quantity == CARD_PRICE:
        value *= catalogue.assumption(SERVER_PRICE).value
    found: dict[str, Choice] = {name: value}
    if kind in CHOSEN_WITH:
        found[CHOSEN_WITH[kind]] = line.thing
    if kind in ("cloud-prices", "efficiency"):
        found["hardware"] = line.thing
    if kind == "cloud-prices":
        found |= {"ownership": RENTED, "pricing": line.quantity.partition(",")[0]}
    if kind == "accelerators":
        found["ownership"] = "owned"
    return found
