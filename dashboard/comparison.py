"""Scenarios side by side: numbers, and by how much each differs from the first."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dashboard import readable
from dashboard.headlines import Headline, headlines, scalar
from dashboard.i18n import t
from engine import catalogue
from engine.projection.ranges import ranged
from engine.records import Projection
from engine.scenario import Scenario


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
    "monthly": "total.cost_usd_per_month",
    "training": "training.bill.cost_usd",
    "storage": "storage.cost_usd_per_month",
    "accuracy": "quality.score_share",
    "energy": "total.facility_energy_kwh",
    "carbon": "total.carbon_kgco2e",
    "time": "training.time_h",
    "water": "total.water_litres",
    "devices": "deployment.device_count",
}
SAME_SHARE = 0.0005
"""Less of a number than this is no change to speak of, where it is written the same."""
BESIDE = ("accuracy", "speed", "carbon")
"""Told after the cost where they change."""
PRICES = {True: "cost_usd_per_million_items", False: "cost_usd_per_thousand_requests"}
"""Of what is served, by whether it is tokens."""


def numbers(scenario: Scenario, answer: Projection) -> tuple[Headline, ...]:
    """The cards of a scenario, and what another choice does to its answers' speed."""
    served, writes = answer.deployment, catalogue.model(scenario.model).generates
    monthly, speed, devices = ranged(
        [
            answer.total.cost_usd_per_month,
            served.tpot_s if writes else served.latency_s,
            served.device_count,
        ]
    )
    first, *rest = headlines(scenario, answer)
    label = t("compare.number_token" if writes else "compare.number_answer")
    return (
        first,
        Headline("monthly", t("compare.number_monthly"), monthly, readable.money),
        *rest,
        Headline("speed", label, speed, readable.seconds),
        Headline("devices", t("compare.number_devices"), devices, readable.exact),
    )


def path(name: str, scenario: Scenario) -> str | None:
    """Where a projection holds the number of a headline; None where it is put together."""
    if name == "unit":
        is_text = catalogue.model(scenario.model).item == "token"
        return f"deployment.{PRICES[is_text]}"
    if name == "speed":
        writes = catalogue.model(scenario.model).generates
        return f"deployment.{'tpot_s' if writes else 'latency_s'}"
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
    if is_same(before, one, other):
        return Cell(after.text, t("compare.same"), None)
    more_is_better = before.name == "accuracy"
    return Cell(after.text, _delta(before, one, change), (change > 0) == more_is_better)


def is_same(headline: Headline, one: float, other: float) -> bool:
    """Whether two values of a number are written the same, and are so but for a trace.

    Of money, three digits hide what the total beside it shows: a few dollars of a thousand.
    """
    if headline.say(one) != headline.say(other):
        return False
    return headline.name == "accuracy" or abs(other - one) <= SAME_SHARE * abs(one)


def _delta(headline: Headline, one: float, change: float) -> str:
    sign = "+" if change > 0 else "−"
    if headline.name == "accuracy":
        return t("compare.points", change=f"{sign}{abs(change) * 100:.1f}")
    amount = f"{sign}{headline.say(abs(change))}"
    if not one:
        return amount
    return t("app.aside", told=amount, aside=f"{sign}{percent(change / one)}")


def percent(change_share: float) -> str:
    """How large a change is: 162%, 13%, 2.4%, <0.1%."""
    size = abs(change_share)
    if size < 0.0005:
        return "<0.1%"
    return f"{size:.{1 if size < 0.0995 else 0}%}"


def verdict(found: Sequence[Row], slot: str, name: str) -> str:
    """Which is cheaper, and by how much: in all, and to train; then its score and its speed."""
    cells = {headline.name: each[slot] for headline, each in found}
    labels = {headline.name: headline.label for headline, _ in found}
    costs = [part for n in ("total", "training") if (part := _cheaper(n, cells[n]))]
    beside = [f"{labels[n]} {cells[n].delta}" for n in BESIDE if cells[n].better is not None]
    told = [t("compare.verdict", name=name, parts=t("compare.verdict_and").join(costs))]
    return t("compare.verdict_then").join([*told, *beside]) if costs else ""


def _cheaper(name: str, told: Cell) -> str:
    if not told.delta:
        return ""
    if told.better is None:
        return t(f"compare.{name}_same")
    sign = "cheaper" if told.better else "dearer"
    return t(f"compare.{name}_{sign}", change=told.delta.replace("+", "").replace("−", ""))


def copied(headings: Sequence[str], found: Sequence[Row]) -> str:
    """The table as tab-separated lines, as spreadsheets and mails take them."""
    lines = ["\t".join(headings)]
    for headline, cells in found:
        told = [f"{c.text} {c.delta}".strip() for c in cells.values()]
        lines.append("\t".join([headline.label, headline.text, *told]))
    return "\n".join(lines)
