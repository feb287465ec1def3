"""Words and numbers of the page that says whether it is worth it."""

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, get_args

from dashboard import data, i18n, link, readable
from dashboard.charts.worth import Accuracies, Bar
from dashboard.explain import Number, quantity
from dashboard.headlines import scalar
from dashboard.i18n import t
from dashboard.valued import DRAW_COUNT, Valued
from engine import catalogue
from engine.projection import api_price
from engine.projection.sensitivity import Part
from engine.projection.uncertainty import Risk
from engine.records import BadInput, Estimate, Kind
from engine.scenario import Bounds, Scenario
from engine.value_case import ValueCase

GROUPS = {
    "volume": ("outcomes_per_day", "positive_share", "growth_share_per_year"),
    "right": (
        "recall_share",
        "specificity_share",
        "usd_per_true_positive",
        "usd_per_true_negative",
        "usd_per_false_positive",
        "usd_per_false_negative",
    ),
    "before": (
        "baseline_recall_share",
        "baseline_specificity_share",
        "baseline_usd_per_outcome",
    ),
    "review": ("review_share", "review_usd_per_outcome", "review_catch_share"),
    "adoption": ("adoption_start_share", "adoption_full_share", "adoption_months"),
    "money": (
        "build_usd",
        "operate_usd_per_month",
        "requests_per_outcome",
        "social_usd_per_right",
        "value_discount_share_per_year",
    ),
}
"""Guesses as the page groups them."""

CHART_WORDS = (
    "balance", "month", "payback", "npv", "here", "even", "accuracy", "at_low", "at_high", "loss",
    "gain", "draws", "cost",
)  # fmt: skip
MOST_RATE_SHARE = 10.0
"""A rate of return above 1,000 % a year is written as more than that."""
SHARES_COUNT = 12


class Card(NamedTuple):
    """One number on a card."""

    label: str
    text: str
    range: str
    hint: str
    kind: Kind | None
    number: Number | None = None
    """What can be followed down to its sources."""


def chart() -> dict[str, str]:
    """Words on the charts."""
    return {name: t(f"worth_chart.{name}") for name in CHART_WORDS}


def escaped(text: str) -> str:
    """Words as Markdown shows them: a dollar is no mathematics, stays with its minus and range."""
    told = text.replace("$", "\\$").replace("−\\$", f"−{readable.JOINED}\\$")
    return readable.unbroken(told)


def limits(name: str) -> Bounds:
    """Range a guess must lie in."""
    field = ValueCase.model_fields[name]
    options = [field.annotation, *get_args(field.annotation)]
    found = [m for m in field.metadata if isinstance(m, Bounds)]
    found += [m for option in options for m in get_args(option) if isinstance(m, Bounds)]
    return Bounds(float(found[0].low), float(found[0].high))


def step(usual: float | None) -> float:
    """One press of + or -: a digit of the usual value."""
    if not usual:
        return 0.01
    return float(10.0 ** math.floor(math.log10(abs(usual)) - 0.5))


def placeholder(case: ValueCase, name: str) -> str:
    """What is taken where the box is empty, marked as assumed."""
    value = getattr(catalogue.value_template(case.template), name).value
    return t("worth.assumed", value=readable.choice(name, value))


def reason(case: ValueCase, name: str) -> str | None:
    """Why the guess is what it is, with its range."""
    if name == "value_discount_share_per_year":
        return t("worth.discount_hint")
    found = getattr(catalogue.value_template(case.template), name)
    low, high = readable.choice(name, found.low), readable.choice(name, found.high)
    return escaped(t("worth.reason", reason=i18n.reason(found.reason), low=low, high=high))


def months(value: float | None) -> str:
    """A number of months, or that it never comes."""
    return t("worth.never") if value is None else t("worth.months", count=readable.number(value))


def rate(value: float | None) -> str:
    """A rate of return a year."""
    if value is not None and value > MOST_RATE_SHARE:
        return t("worth.more_than", value=readable.share(MOST_RATE_SHARE))
    return readable.share(value)


def cards(found: Valued) -> list[Card]:
    """From where on it pays, then how much; a large sum out of guesses says less than either."""
    worth = found.worth
    return [
        _card(
            found,
            "break_even_outcomes_per_day",
            worth.break_even_outcomes_per_day,
            readable.count,
        ),
        _even_card(found),
        _card(found, "payback_months", worth.payback_months, months),
        _loss_card(found),
        _card(found, "npv_usd", worth.npv_usd, readable.money),
        _card(found, "irr_share_per_year", worth.irr_share_per_year, rate),
        _card(found, "usd_per_right_outcome", worth.usd_per_right_outcome, readable.money),
        _card(found, "net_usd_per_year", worth.net_usd_per_year, readable.money),
    ]


def _card(found: Valued, name: str, estimate: Estimate, say: Any) -> Card:
    known = found.outlooks.get(name)
    shown = known is not None and known.none_share == 0
    span = readable.span(known.low, known.high, say) if known and shown else ""
    text, label = say(scalar(estimate.value)), t(f"worth.{name}")
    if known and shown:
        estimate = estimate._replace(low=known.low, high=known.high)
    number = Number(label, estimate, say)
    return Card(label, text, span, t(f"worth_hint.{name}"), estimate.kind, number)


def _loss_card(found: Valued) -> Card:
    """How often it ends below 0, out of the draws of all that is in doubt."""
    npv, risk = found.worth.npv_usd, found.risk
    if risk is None:
        return Card(t("worth.loss"), readable.DASH, "", t("worth_hint.loss"), None)
    how = t("worth.loss_how", draws=readable.exact(DRAW_COUNT), count=len(found.doubts))
    drawn = Estimate(risk.loss_share, npv.kind, inputs=(("npv_usd", npv),), note=how)
    number = Number(t("worth.loss"), drawn, readable.share)
    return Card(t("worth.loss"), readable.share(risk.loss_share), "", t("worth_hint.loss"), None,
                number)  # fmt: skip


def explained(found: Valued) -> list[Number]:
    """Everything on the page that can be followed down, most important first."""
    worth = found.worth
    return [
        *(card.number for card in cards(found) if card.number is not None),
        Number(t("worth.right_share"), worth.right_share, readable.share),
        Number(t("worth.gained"), worth.gained_usd_per_outcome, readable.money),
        Number(t("worth.cost"), worth.cost_usd, readable.money),
        Number(t("worth.social"), worth.social_usd, readable.money),
        Number(t("worth.external"), worth.external_usd, readable.money),
    ]


def _even_card(found: Valued) -> Card:
    name = "break_even_right_share"
    line = accuracies(found)
    share = scalar(found.worth.break_even_right_share.value)
    text = readable.share(share)
    if share is None and line is not None:
        text = t("worth.any") if line.npv_usd > 0 else t("worth.none")
    estimate, label = found.worth.break_even_right_share, t(f"worth.{name}")
    number = Number(label, estimate, of_all)
    return Card(label, text, "", t(f"worth_hint.{name}"), estimate.kind, number)


def of_all(value_share: float | None) -> str:
    """A share of the answers; the end of a range that asks for more than all of them is all."""
    return readable.share(None if value_share is None else min(max(value_share, 0.0), 1.0))


def accuracies(found: Valued) -> Accuracies | None:
    """Value against accuracy; None where something in it is not known."""
    worth, spread = found.worth, found.outlooks.get("model_right_share")
    here = scalar(worth.model_right_share.value)
    now, perfect = scalar(worth.npv_usd.value), scalar(worth.npv_if_never_wrong_usd.value)
    if here is None or now is None or perfect is None:
        return None
    low, high = (spread.low, spread.high) if spread else (here, here)
    even = scalar(worth.break_even_right_share.value)
    return Accuracies(here, low, high, now, perfect, even)


def break_even_sentence(line: Accuracies) -> str:
    """Where the value turns, and where the model stands."""
    now = readable.share(line.right_share)
    span = readable.between(readable.share(line.low_share), readable.share(line.high_share))
    if line.break_even_share is not None:
        even = readable.share(line.break_even_share)
        return t("worth.even_at", even=even, now=now, range=span)
    return t("worth.even_any" if line.npv_usd > 0 else "worth.even_none", now=now, range=span)


def risk_sentence(found: Risk) -> str:
    """How it may end, in one sentence."""
    return t(
        "worth.risk",
        loss=readable.share(found.loss_share),
        at_risk=readable.money(found.value_at_risk_usd),
        mean=readable.money(found.mean_usd),
        adjusted=readable.money(found.risk_adjusted_usd),
    )


def bars(found: Valued) -> list[Bar]:
    """Inputs of the tornado under their names."""
    return [Bar(input_name(s.name), s.at_low, s.at_high) for s in found.swings]


def input_name(name: str) -> str:
    """What an uncertain input is called."""
    return t(f"guess.{name}") if i18n.known(f"guess.{name}") else quantity(name)


def shares_table(found: Sequence[Part]) -> dict[str, list[str]]:
    """Shares of the spread, the largest first."""
    shown = found[:SHARES_COUNT]
    return {
        t("worth.input"): [input_name(p.name) for p in shown],
        t("worth.shapley"): [readable.score(p.shapley_share) for p in shown],
        t("worth.first"): [readable.score(max(p.first_order_share, 0.0)) for p in shown],
        t("worth.total"): [readable.score(max(p.total_share, 0.0)) for p in shown],
    }


def choose_api(name: str | None) -> None:
    """Write the seller's model into the address."""
    link.choose({"api_model": name})


def ways(scenario: Scenario, case: ValueCase, known: data.Seen) -> tuple[list[Number], str]:
    """Cost of owning, renting and buying answers, and what the first two are worth."""
    costs: list[Number] = []
    values: dict[str, str] = {}
    for ownership in ("owned", "cloud"):
        asked = scenario.replace(ownership=ownership)
        cost = data.project(asked, known).total.cost_usd
        costs.append(Number(t(f"worth.way_{ownership}"), cost, readable.money))
        npv = data.valued(asked, case, known).worth.npv_usd.value
        values[ownership] = t("app.not_known") if npv is None else readable.money(scalar(npv))
    if scenario.api_model is not None:
        try:
            answer = data.project(scenario, known)
        except BadInput:
            return costs, t("worth.ways", **values)
        costs.append(Number(t("worth.way_api"), answer.deployment.api_usd, readable.money))
        return costs, i18n.sentences(t("worth.ways", **values), *_crossings(scenario, known))
    return costs, t("worth.ways", **values)


def _crossings(scenario: Scenario, known: data.Seen) -> Iterator[str]:
    """From which load on one's own answers are cheaper than the seller's."""
    seller = api_price.models().get(str(scenario.api_model), str(scenario.api_model))
    for ownership in ("owned", "cloud"):
        try:
            found = data.build_or_buy(scenario.replace(ownership=ownership), known)
        except BadInput:
            continue
        load = found.break_even_requests_per_day
        words = {"way": t(f"worth.way_{ownership}"), "seller": seller}
        if load is None:
            yield t("worth.crosses_never", **words)
        else:
            yield t("worth.crosses", **words, count=readable.count(load))
