"""The few numbers shown first, and how each is written."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from dashboard import readable
from dashboard.i18n import t
from dashboard.valued import Valued
from engine import catalogue
from engine.projection import cost
from engine.projection.ranges import ranged
from engine.projection.working import chosen, derive, unknown
from engine.records import Estimate, Projection
from engine.scenario import Scenario
from engine.units import Float


@dataclass(frozen=True)
class Headline:
    """One number on a card."""

    name: str
    label: str
    estimate: Estimate
    say: Callable[[float | None], str]
    hint: str | None = None
    say_range: Callable[[float, float], str] | None = None

    @property
    def text(self) -> str:
        """The number as people read it; a dash where it is not known."""
        return self.say(scalar(self.estimate.value))

    @property
    def range(self) -> str:
        """Its range, where one is known."""
        low, high = scalar(self.estimate.low), scalar(self.estimate.high)
        if low is None or high is None:
            return ""
        if self.say_range is not None:
            return self.say_range(low, high)
        return readable.span(low, high, self.say)


def scalar(value: Float | None) -> float | None:
    """A single number out of an estimate."""
    return None if value is None else float(value)


def headlines(scenario: Scenario, answer: Projection) -> tuple[Headline, ...]:
    """The cards of a scenario, most important first, each with its 90 % range."""
    found = _cards(scenario, answer)
    estimates = ranged([headline.estimate for headline in found])
    return tuple(replace(h, estimate=e) for h, e in zip(found, estimates, strict=True))


def _cards(scenario: Scenario, answer: Projection) -> tuple[Headline, ...]:
    months = readable.number(scalar(scenario.horizon_months))
    return (
        _money("total", answer.total.cost_usd, months=months),
        _money("training", answer.training.bill.cost_usd),
        _money("serving", _per_month(answer.deployment.bill.cost_usd, scenario)),
        _money("storage", answer.storage.cost_usd_per_month),
        _unit_price(scenario, answer),
        _accuracy(answer),
        Headline(
            "energy",
            t("headline.energy"),
            answer.total.facility_energy_kwh,
            readable.energy,
            t("headline_hint.energy"),
        ),
        Headline(
            "carbon",
            t("headline.carbon"),
            answer.total.carbon_kgco2e,
            readable.carbon,
            t("headline_hint.carbon"),
        ),
        Headline(
            "time",
            t("headline.time"),
            answer.training.time_h,
            readable.duration,
            t("headline_hint.time"),
        ),
        Headline(
            "water",
            t("headline.water"),
            answer.total.water_litres,
            readable.water,
            t("headline_hint.water"),
        ),
    )


def training_energy(answer: Projection) -> Headline:
    """Of training alone, with its range: a story tells it beside the time that training takes."""
    (estimate,) = ranged([answer.training.bill.facility_energy_kwh])
    return Headline("training_energy", t("headline.training_energy"), estimate, readable.energy)


def net_value(found: Valued | None) -> Headline:
    """What the scenario is worth in the use that the address names; unknown where it names none."""
    hint = t("headline_hint.npv")
    if found is None:
        return Headline("npv", t("headline.npv"), unknown(hint), readable.money, hint)
    spread, estimate = found.outlooks.get("npv_usd"), found.worth.npv_usd
    if spread is not None and spread.none_share == 0:
        estimate = estimate._replace(low=spread.low, high=spread.high)
    return Headline("npv", t("headline.npv"), estimate, readable.money, hint)


def _money(name: str, estimate: Estimate, **values: str) -> Headline:
    hint = t(f"headline_hint.{name}", **values)
    return Headline(name, t(f"headline.{name}"), estimate, readable.money, hint)


def _per_month(spent: Estimate, scenario: Scenario) -> Estimate:
    months = chosen(scenario.horizon_months)
    return derive(cost.usd_per_month, cost_usd=spent, horizon_months=months)


def _unit_price(scenario: Scenario, answer: Projection) -> Headline:
    """Price of the unit people compare: tokens by the million, all else by the thousand."""
    item = catalogue.model(scenario.model).item
    served = answer.deployment
    price = (
        served.cost_usd_per_million_items
        if item == "token"
        else served.cost_usd_per_thousand_requests
    )
    hint = t("headline_hint.unit")
    return Headline("unit", t(f"per_unit.{item}"), price, readable.money, hint)


def _accuracy(answer: Projection) -> Headline:
    metric, score = answer.quality.metric, answer.quality.score_share
    if metric:
        label, hint = t(f"headline.accuracy_on.{metric}"), t(f"metric.{metric}")
    else:
        label, hint = t("headline.accuracy"), t("headline_hint.unknown_accuracy")
    return Headline("accuracy", label, score, readable.score, hint, readable.score_range)
