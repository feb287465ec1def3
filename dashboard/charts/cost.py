"""Where the money goes."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import NamedTuple

import plotly.graph_objects as go

from dashboard.theme import COLOURS, Say, Sketch, linear_ticks
from engine.records import Bill, Projection

STAGES = ("preparation", "training", "evaluation", "storage", "deployment")
DRIVERS = ("hardware", "upkeep", "electricity", "storage", "network", "carbon")
ALL = "all"
REPEATED = "interruption"
"""Rent of work done again; shown with the hardware."""
HEADROOM = 1.72
"""The axis ends this far beyond the longest bar, so that its total and share fit behind it."""

ROW_HEIGHT = 44
AROUND_HEIGHT = 128


def spending(projection: Projection) -> dict[str, dict[str, float | None]]:
    """USD by stage and driver; None where it is not known."""
    return {stage: _drivers(getattr(projection, stage).bill) for stage in STAGES}


def _drivers(bill: Bill) -> dict[str, float | None]:
    spent = {driver: _scalar(getattr(bill, f"{driver}_usd").value) for driver in DRIVERS}
    again = _scalar(getattr(bill, f"{REPEATED}_usd").value)
    once = spent["hardware"]
    return spent | {"hardware": None if once is None or again is None else once + again}


def _scalar(value: object) -> float | None:
    return None if value is None else float(value)  # type: ignore[arg-type]


class Says(NamedTuple):
    """How amounts and their parts of the whole are written."""

    money: Say
    part: Say


def where_money_goes(
    spent_usd: Mapping[str, Mapping[str, float | None]], words: Mapping[str, str], says: Says
) -> go.Figure:
    """A waterfall: each stage begins where the last one ended, one colour a driver; then all.

    A stage says its share of the whole behind its bar, a driver in the legend.
    """
    rows = _rows(spent_usd)
    chart = Sketch(AROUND_HEIGHT + ROW_HEIGHT * len(rows))
    for driver in DRIVERS:
        if any(row.parts.get(driver) for row in rows):
            _add_driver(chart, driver, rows, words, says)
    for row in rows:
        text = words["unknown"] if row.total is None else says.money(row.total)
        share = "" if row.stage == ALL else _part(row.total, rows[-1], says.part)
        chart.note(
            x=row.start + _known_part(row.parts),
            y=words[f"stage.{row.stage}"],
            text=f"<b>{text}</b>{share}",
            xanchor="left",
            xshift=6,
            showarrow=False,
        )
    top = (_known_part(rows[-1].parts) or 1.0) * HEADROOM
    chart.axis("xaxis", linear_ticks(0.0, top, says.money, most=4), {"showgrid": True})
    chart.axis("yaxis", {"autorange": "reversed", "showgrid": False})
    chart.layout |= {"barmode": "overlay", "bargap": 0.45, "legend": {"traceorder": "normal"}}
    return chart.figure()


class _Row(NamedTuple):
    """One bar: where it begins, and its parts."""

    stage: str
    start: float
    parts: Mapping[str, float | None]

    @property
    def total(self) -> float | None:
        return _total(self.parts)


def _rows(spent_usd: Mapping[str, Mapping[str, float | None]]) -> list[_Row]:
    rows, end = [], 0.0
    for stage, parts in spent_usd.items():
        rows.append(_Row(stage, end, parts))
        end += _known_part(parts)
    return [*rows, _Row(ALL, 0.0, _together(spent_usd.values()))]


def _together(stages: Iterable[Mapping[str, float | None]]) -> dict[str, float | None]:
    every = list(stages)
    drivers = list(dict.fromkeys(driver for parts in every for driver in parts))
    return {d: _sum([parts.get(d, 0.0) for parts in every]) for d in drivers}


def _sum(amounts: Sequence[float | None]) -> float | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if len(known) == len(amounts) else None


def _add_driver(
    chart: Sketch, driver: str, rows: Sequence[_Row], words: Mapping[str, str], says: Says
) -> None:
    name = words[f"driver.{driver}"]
    amounts = [row.parts.get(driver, 0.0) for row in rows]
    chart.add(
        "bar",
        x=amounts,
        base=[_before(row, driver) for row in rows],
        y=[words[f"stage.{row.stage}"] for row in rows],
        orientation="h",
        name=name + _part(rows[-1].parts.get(driver), rows[-1], says.part),
        marker={"color": COLOURS[driver], "line": {"width": 0}},
        customdata=[says.money(amount) if amount is not None else "" for amount in amounts],
        hovertemplate=f"%{{y}}, {name}<br><b>%{{customdata}}</b><extra></extra>",
    )


def _part(amount_usd: float | None, whole: _Row, part: Say) -> str:
    """What an amount is of the whole; nothing where either is not known, or nothing."""
    total_usd = whole.total
    return f" {escape(part(amount_usd / total_usd))}" if amount_usd and total_usd else ""


def _before(row: _Row, driver: str) -> float:
    """Where a driver's part of a bar begins."""
    earlier = DRIVERS[: DRIVERS.index(driver)]
    return row.start + sum(row.parts.get(name) or 0.0 for name in earlier)


def _total(parts: Mapping[str, float | None]) -> float | None:
    return _sum(list(parts.values()))


def _known_part(parts: Mapping[str, float | None]) -> float:
    return sum(amount for amount in parts.values() if amount is not None)
