"""Scenarios side by side: numbers, and by how much each differs from the first."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dashboard import readable
from dashboard.headlines import Headline, scalar
from dashboard.i18n import t
from engine import catalogue
from engine.scenario import Scenario

LEAST_SHARE = 0.0005
"""Less is the same: numbers are shown to three digits."""


class Cell(NamedTuple):
    """One number of one alternative beside the baseline's."""

    text: str
    delta: str
    """Signed change in words; empty where it cannot be told."""
    better: bool | None
    """Whether the change is for the better; None where there is none."""


Row = tuple[Headline, dict[str, Cell]]
Headlines = Sequence[Headline]

PATHS = {
    "total": "total.cost_usd",
    "training": "training.bill.cost_usd",
    "storage": "storage.cost_usd_per_month",
    "accuracy": "quality.score_share",
    "energy": "total.facility_energy_kwh",
    "carbon": "total.carbon_kgco2e",
    "time": "training.time_h",
    "water": "total.water_litres",
}
PRICES = {True: "cost_usd_per_million_items", False: "cost_usd_per_thousand_requests"}
"""Of what is served, by whether it is tokens."""


def path(name: str, scenario: Scenario) -> str | None:
    """Where a projection holds the number of a headline; None where it is put together."""
    if name == "unit":
        is_text = catalogue.model(scenario.model).item == "token"
        return f"deployment.{PRICES[is_text]}"
    return PATHS.get(name)


def rows(baseline: Headlines, others: Mapping[str, Headlines]) -> list[Row]:
    """Each headline of the baseline with the cell of every alternative, by slot."""
    rest = {slot: {h.name: h for h in found} for slot, found in others.items()}
    return [
        (headline, {slot: cell(headline, found[headline.name]) for slot, found in rest.items()})
        for headline in baseline
    ]


def cell(before: Headline, after: Headline) -> Cell:
    """A number and its change; scores change in points, all else in its unit and percent."""
    one, other = scalar(before.estimate.value), scalar(after.estimate.value)
    if one is None or other is None or before.label != after.label:
        return Cell(after.text, "", None)
    change = other - one
    if abs(change) <= LEAST_SHARE * abs(one):
        return Cell(after.text, t("compare.same"), None)
    more_is_better = before.name == "accuracy"
    return Cell(after.text, _delta(before, one, change), (change > 0) == more_is_better)


def _delta(headline: Headline, one: float, change: float) -> str:
    sign = "+" if change > 0 else "−"
    if headline.name == "accuracy":
        return t("compare.points", change=f"{sign}{abs(change) * 100:.1f}")
    amount = f"{sign}{headline.say(abs(change))}"
    return f"{amount} ({sign}{readable.share(abs(change / one))})" if one else amount


def copied(headings: Sequence[str], found: Sequence[Row]) -> str:
    """The table as tab-separated lines, as spreadsheets and mails take them."""
    lines = ["\t".join(headings)]
    for headline, cells in found:
        told = [f"{c.text} {c.delta}".strip() for c in cells.values()]
        lines.append("\t".join([headline.label, headline.text, *told]))
    return "\n".join(lines)
