"""Models of the past and the scenario of now, as points in time."""

from datetime import UTC, datetime
from functools import cache
from typing import Literal

from dashboard import data, readable
from dashboard.charts.history import Group, Mark
from dashboard.choosable import model_names
from dashboard.headlines import scalar
from dashboard.theme import Say
from engine import catalogue
from engine.projection import project
from engine.records import Estimate
from engine.scenario import Scenario

Measure = Literal["flop", "cost"]
MEASURES: tuple[Measure, ...] = ("flop", "cost")

GROUP_OF: dict[str, Group] = {
    "language": "language",
    "vision": "vision",
    "image generation": "vision",
    "video": "vision",
}


def marks(measure: Measure) -> tuple[Mark, ...]:
    """Published models by what they took; the catalogue's own by their size and data."""
    past = [
        Mark(
            one.name, GROUP_OF.get(one.domain, "other"), one.published, number, say(measure)(number)
        )
        for one in catalogue.landmarks()
        if (number := one.training_flop if measure == "flop" else one.amortised_usd) is not None
    ]
    return (*past, *(_known() if measure == "flop" else ()))


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


@cache
def _known() -> tuple[Mark, ...]:
    found = []
    for name in catalogue.models():
        model = catalogue.model(name)
        if model.released is None or model.trained_items_billion is None:
            continue
        spent = _flop(name, model.trained_items_billion.value)
        if spent.value is not None:
            number = float(spent.value)
            found.append(
                Mark(model.name, "catalogue", model.released, number, readable.flop(number))
            )
    return tuple(found)


def _flop(model: str, items_billion: float) -> Estimate:
    return project(Scenario(model=model, dataset_items_billion=items_billion)).training.flop
