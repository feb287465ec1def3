"""What a report says, in the reader's words: built once, then written in any format."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go

from dashboard import choosable, cited, currency, data, explain, i18n, phrases, readable
from dashboard.charts import cost, frontier
from dashboard.headlines import headlines, scalar
from dashboard.i18n import t
from engine import catalogue
from engine.catalogue.currency import Rate
from engine.manifest import catalogue_version, package_version
from engine.projection.working import leaves
from engine.records import Estimate, Projection
from engine.scenario import Scenario, has_bounds


class Number(NamedTuple):
    """One number of the result."""

    label: str
    text: str
    range: str
    kind: str


class Basis(NamedTuple):
    """One number that the result rests on."""

    label: str
    value: str
    kind: str
    source: str
    as_of: str
    """Day the number held; empty where it is timeless or undated."""
    checked: str
    url: str


class Chart(NamedTuple):
    """A figure, its heading, and what it shows in words."""

    title: str
    figure: go.Figure
    alt: str


@dataclass(frozen=True)
class Report:
    """All that is told of one scenario."""

    language: str
    title: str
    question: str
    """The scenario in one sentence, in Markdown."""
    stamp: tuple[tuple[str, str], ...]
    """Date, method and catalogue version, rate and address: heading and text."""
    numbers: tuple[Number, ...]
    paragraph: str
    """Ready to paste."""
    charts: tuple[Chart, ...]
    notes: tuple[str, ...]
    choices: tuple[tuple[str, str], ...]
    bases: tuple[Basis, ...]
    scenario: Scenario
    answer: Projection
    rate: Rate
    words: Mapping[str, str]
    """Of stages, drivers and headings."""


HEADINGS = (
    "total", "per_month", "numbers", "quantity", "value", "range", "kind", "source", "as_of",
    "checked", "choices", "bases", "cost", "working", "formula", "paragraph", "about",
)  # fmt: skip


def report(scenario: Scenario, known: data.Seen, day: date, address: str) -> Report:
    """The report on a scenario as of a day; `address` is where it is seen live."""
    answer = data.project(scenario, known)
    question = phrases.sentence(scenario, known.machines)
    numbers = tuple(
        Number(h.label, h.text, h.range, t(f"kind.{h.estimate.kind}"))
        for h in headlines(scenario, answer)
    )
    return Report(
        language=i18n.language(),
        title=t("report.of"),
        question=question,
        stamp=tuple(_stamp(day, address)),
        numbers=numbers,
        paragraph=_paragraph(question, numbers, day),
        charts=tuple(_charts(scenario, known, answer)),
        notes=tuple(phrases.note(note) for note in answer.notes),
        choices=tuple(_choices(scenario, known.machines)),
        bases=tuple(_bases(answer)),
        scenario=scenario,
        answer=answer,
        rate=currency.rate(),
        words=phrases.spending() | {name: t(f"report.{name}") for name in HEADINGS},
    )


def _stamp(day: date, address: str) -> Iterator[tuple[str, str]]:
    yield t("report.date"), readable.day(day)
    yield t("report.version"), f"Modelworth {package_version()}"
    yield t("report.catalogue"), catalogue_version()
    rate = currency.rate()
    if currency.shown() != currency.DEFAULT:
        told = f"1 USD = {readable.number(rate.units_per_usd)} {rate.currency}"
        yield t("report.rate"), f"{told} ({rate.source.title}, {readable.day(rate.as_of)})"
    if address:
        yield t("report.address"), address


def _paragraph(question: str, numbers: tuple[Number, ...], day: date) -> str:
    told = t("report.list").join(_clause(number) for number in numbers)
    return t(
        "report.paste",
        question=question.replace("**", "").rstrip(".。"),
        numbers=told,
        version=package_version(),
        catalogue=catalogue_version(),
        day=readable.day(day),
    )


def _clause(number: Number) -> str:
    ranged = t("report.in_range", range=number.range) if number.range else ""
    return t("report.clause", label=number.label, value=number.text, range=ranged)


def _charts(scenario: Scenario, known: data.Seen, answer: Projection) -> Iterator[Chart]:
    spent = cost.spending(answer)
    totals = {s: readable.money(scalar(getattr(answer, s).bill.cost_usd.value)) for s in spent}
    figure = cost.where_money_goes(spent, phrases.spending(), phrases.SPENT)
    yield Chart(t("what_if.money_title"), figure, t("what_if.money_alt", **totals))
    sizes, many = data.frontier(scenario, known)
    curve = frontier.curve(sizes, many)
    here = frontier.here(data.parameter_count(scenario), answer)
    shown = frontier.view(curve, here)
    if shown == "nothing":
        return
    texts = {
        "smallest": readable.count(curve.parameter_count[0]),
        "largest": readable.count(curve.parameter_count[-1]),
        "cost": readable.money(here.cost_usd),
        "score": readable.score(here.score_share),
    }
    says = frontier.Says(readable.money, readable.count, readable.share)
    figure = frontier.over_sizes(curve, here, phrases.chart(), says)
    yield Chart(t(f"what_if.{shown}_title"), figure, t(f"what_if.{shown}_alt", **texts))


def _choices(scenario: Scenario, machines: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    names = {
        "model": catalogue.model(scenario.model).name,
        "hardware": phrases.hardware_name(scenario.hardware, machines),
        "place": choosable.place_names()[scenario.place],
    }
    for name in Scenario.model_fields:
        value = getattr(scenario, name)
        if isinstance(value, str):
            yield phrases.field(name, scenario), names.get(name) or _option(name, value)
        elif has_bounds(name) and value is not None:
            yield phrases.field(name, scenario), readable.quantity(name, scalar(value))


def _option(name: str, value: str) -> str:
    key = f"option.{name}.{value}"
    return t(key) if i18n.known(key) else value


def _bases(answer: Projection) -> Iterator[Basis]:
    told: set[tuple[str, str]] = set()
    tops = (answer.total.cost_usd, answer.total.carbon_kgco2e, answer.quality.score_share)
    parts: dict[tuple[str, tuple[float, ...]], Estimate] = {}
    for name, part in (leaf for top in tops for leaf in leaves(top)):
        if part.source is not None and part.value is not None:
            parts.setdefault((name, tuple(np.atleast_1d(part.value).tolist())), part)
    for (name, _), part in parts.items():
        basis = _basis(name, part)
        if basis[:2] not in told:
            told.add(basis[:2])
            yield basis


def _basis(name: str, part: Estimate) -> Basis:
    assert part.source is not None
    assert part.value is not None
    values = [readable.quantity(name, float(v)) for v in np.atleast_1d(part.value)]
    source = part.source
    return Basis(
        explain.quantity(name),
        " · ".join(values),
        t(f"kind.{part.kind}"),
        cited.title(source).replace("`", ""),
        readable.day(source.as_of) if source.as_of else "",
        readable.day(source.checked) if source.checked else "",
        source.url,
    )
