"""Money and carbon as time goes by: built at once, then kept and served month by month."""

from collections.abc import Mapping
from typing import NamedTuple

import plotly.graph_objects as go

from dashboard.theme import COLOURS, Say, Sketch, faded, linear_ticks
from engine.records import Bill, Projection
from engine.units import HOURS_PER_MONTH

BUILT = ("preparation", "training", "evaluation")
RUNNING = ("storage", "deployment")
HEIGHT = 420


class Panel(NamedTuple):
    """One of the two charts above each other: its axes, and where it stands."""

    x: str
    y: str
    domain: tuple[float, float]


PANELS = (Panel("x", "y", (0.56, 1.0)), Panel("x2", "y2", (0.0, 0.44)))


class Line(NamedTuple):
    """A sum at the start, when built, and at the end; None where it is not known."""

    built: float | None
    at_end: float | None


class Timeline(NamedTuple):
    """What has been spent and emitted so far, in straight lines between three moments."""

    build_months: float
    """Wall-clock time of the training runs, before the first request."""
    horizon_months: float
    cost_usd: Line
    carbon_kgco2e: Line
    api_usd: float | None
    """What a seller's interface would have cost by the end; it needs no building."""


def timeline(answer: Projection, horizon_months: float, run_count: float) -> Timeline:
    """The moments of one scenario."""
    time_h = _scalar(answer.training.time_h.value)
    return Timeline(
        build_months=(time_h or 0.0) * run_count / HOURS_PER_MONTH,
        horizon_months=horizon_months,
        cost_usd=_line(answer, "cost_usd"),
        carbon_kgco2e=_line(answer, "carbon_kgco2e"),
        api_usd=_scalar(answer.deployment.api_usd.value),
    )


def _line(answer: Projection, name: str) -> Line:
    built = _sum(answer, BUILT, name)
    running = _sum(answer, RUNNING, name)
    return Line(built, None if built is None or running is None else built + running)


def _sum(answer: Projection, stages: tuple[str, ...], name: str) -> float | None:
    bills: list[Bill] = [getattr(answer, stage).bill for stage in stages]
    parts = [_scalar(getattr(bill, name).value) for bill in bills]
    return sum(p for p in parts if p is not None) if None not in parts else None


def _scalar(value: object) -> float | None:
    return None if value is None else float(value)  # type: ignore[arg-type]


def over_time(
    found: Timeline, words: Mapping[str, str], money: Say, carbon: Say, count: Say
) -> go.Figure:
    """Two panels over one axis of months: money spent so far, and carbon emitted so far."""
    chart = Sketch(HEIGHT)
    chart.layout["showlegend"] = found.api_usd is not None
    end = found.build_months + found.horizon_months
    panels = (
        (found.cost_usd, words["cost"], money, COLOURS["hardware"]),
        (found.carbon_kgco2e, words["carbon"], carbon, COLOURS["storage"]),
    )
    for panel, (line, name, say, colour) in zip(PANELS, panels, strict=True):
        _add_line(chart, panel, found, line, (name, say, colour))
    if found.api_usd is not None:
        _add_api(chart, found, words["api"], money)
    upper = {"range": [0.0, end], "anchor": "y", "matches": "x2", "showticklabels": False}
    chart.axis("xaxis", upper)
    chart.axis("xaxis2", linear_ticks(0.0, end, count), {"anchor": "y2"}, title=words["months"])
    return chart.figure()


def _add_line(
    chart: Sketch, panel: Panel, found: Timeline, line: Line, style: tuple[str, Say, str]
) -> None:
    name, say, colour = style
    months = [0.0, found.build_months, found.build_months + found.horizon_months]
    values = [0.0, line.built, line.at_end]
    chart.add(
        "scatter",
        x=months,
        y=values,
        name=name,
        mode="lines+markers",
        fill="tozeroy",
        fillcolor=faded(colour),
        line={"color": colour, "width": 2.5},
        customdata=["" if v is None else say(v) for v in values],
        hovertemplate=f"{name}<br><b>%{{customdata}}</b><extra></extra>",
        xaxis=panel.x,
        yaxis=panel.y,
    )
    known = [v for v in (*values, found.api_usd if panel is PANELS[0] else None) if v]
    ticks = linear_ticks(0.0, max(known, default=1.0) * 1.1, say, most=3)
    place = {"domain": panel.domain, "anchor": panel.x}
    chart.axis(f"yaxis{panel.y[1:]}", ticks, place, title=name)


def _add_api(chart: Sketch, found: Timeline, name: str, money: Say) -> None:
    assert found.api_usd is not None
    chart.add(
        "scatter",
        x=[found.build_months, found.build_months + found.horizon_months],
        y=[0.0, found.api_usd],
        name=name,
        mode="lines",
        line={"color": COLOURS["electricity"], "width": 2.5, "dash": "dash"},
        customdata=["", money(found.api_usd)],
        hovertemplate=f"{name}<br><b>%{{customdata}}</b><extra></extra>",
    )
