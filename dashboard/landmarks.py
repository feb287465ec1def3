"""Models of the past and the scenario of now, as points in time."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Literal

from dashboard import data, readable
from dashboard.charts.history import Group, Mark
from dashboard.choosable import model_names
from dashboard.headlines import scalar
from dashboard.theme import Say
from engine import catalogue
from engine.records import Estimate
from engine.scenario import Scenario

Measure = Literal["flop", "cost"]
MEASURES: tuple[Measure, ...] = ("flop", "cost")

TERMS = (
    "hardware", "training_device_count", "ownership", "pricing", "usd_per_device_hour",
    "usd_per_device", "device_life_years", "discount_share_per_year", "owned_use_share",
    "residual_share", "place", "electricity_usd_per_kwh", "pue",
)  # fmt: skip
"""Of a scenario: on what a model is trained, and what that costs."""

GROUP_OF: dict[str, Group] = {
    "language": "language",
    "vision": "vision",
    "image generation": "vision",
    "video": "vision",
}


def marks(scenario: Scenario, known: data.Seen, measure: Measure) -> tuple[Mark, ...]:
    """Published models by what they took; the catalogue's own by their size and data.

    What those cost is the bill of training them once today, on the terms of the scenario.
    """
    past = [
        Mark(
            one.name, GROUP_OF.get(one.domain, "other"), one.published, number, say(measure)(number)
        )
        for one in catalogue.landmarks()
        if (number := one.training_flop if measure == "flop" else one.amortised_usd) is not None
    ]
    terms = {name: getattr(scenario, name) for name in TERMS} if measure == "cost" else {}
    spent = data.landmark_training(Scenario(**terms), known)
    return (*past, *_known(spent, measure))


def ours(scenario: Scenario, known: data.Seen, measure: Measure) -> Mark | None:
    """Training of the scenario, marked today; None where it is unknown or not trained."""
    number = scalar(training(scenario, known, measure).value)
    if not number:
        return None
    name = model_names()[scenario.model]
    return Mark(name, "catalogue", datetime.now(UTC).date(), number, say(measure)(number))


def training(scenario: Scenario, known: data.Seen, measure: Measure) -> Estimate:
    """What training the scenario takes."""
    found = data.project(scenario, known).training
    return found.flop if measure == "flop" else found.bill.cost_usd


def say(measure: Measure) -> Say:
    """How a number of that measure is written."""
    return readable.flop if measure == "flop" else readable.money


def _known(spent: Mapping[str, data.Trained], measure: Measure) -> Iterator[Mark]:
    for name, trained in spent.items():
        number = trained.flop if measure == "flop" else trained.cost_usd
        model = catalogue.model(name)
        if number is not None and model.released is not None:
            yield Mark(model.name, "catalogue", model.released, number, say(measure)(number))
