"""Where the money goes."""

from collections.abc import Mapping

import plotly.graph_objects as go

from dashboard.theme import COLOURS, Say, figure, linear_ticks
from engine.records import Bill, Projection

STAGES = ("preparation", "training", "evaluation", "storage", "deployment")
DRIVERS = ("hardware", "upkeep", "electricity", "storage", "network", "carbon")
REPEATED = "interruption"
"""Rent of work done again; shown with the hardware."""
HEADROOM = 1.42
"""The axis ends this far beyond the longest bar, so that its total fits behind it."""

ROW_HEIGHT = 80
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


def where_money_goes(
    spent_usd: Mapping[str, Mapping[str, float | None]], words: Mapping[str, str], money: Say
) -> go.Figure:
    """One bar a stage, one colour a driver, the stage's total behind it."""
    stages = list(spent_usd)
    chart = figure(AROUND_HEIGHT + ROW_HEIGHT * len(stages))
    for driver in DRIVERS:
        amounts = [spent_usd[stage].get(driver, 0.0) for stage in stages]
        if any(amounts):
            _add_driver(chart, driver, stages, amounts, words, money)
    totals = {stage: _total(spent_usd[stage]) for stage in stages}
    for stage, total in totals.items():
        chart.add_annotation(
            x=_known_part(spent_usd[stage]),
            y=words[f"stage.{stage}"],
            text=f"<b>{words['unknown'] if total is None else money(total)}</b>",
            xanchor="left",
            xshift=6,
            showarrow=False,
        )
    longest = max((_known_part(parts) for parts in spent_usd.values()), default=0.0)
    top = (longest or 1.0) * HEADROOM
    chart.update_xaxes(linear_ticks(0.0, top, money, most=4), showgrid=True)
    chart.update_yaxes(autorange="reversed", showgrid=False)
    chart.update_layout(barmode="stack", bargap=0.45, legend_traceorder="normal")
    return chart


def _add_driver(
    chart: go.Figure,
    driver: str,
    stages: list[str],
    amounts: list[float | None],
    words: Mapping[str, str],
    money: Say,
) -> None:
    name = words[f"driver.{driver}"]
    chart.add_bar(
        x=amounts,
        y=[words[f"stage.{stage}"] for stage in stages],
        orientation="h",
        name=name,
        marker={"color": COLOURS[driver], "line": {"width": 0}},
        customdata=[money(amount) if amount is not None else "" for amount in amounts],
        hovertemplate=f"%{{y}}, {name}<br><b>%{{customdata}}</b><extra></extra>",
    )


def _total(parts: Mapping[str, float | None]) -> float | None:
    amounts = [amount for amount in parts.values() if amount is not None]
    return sum(amounts) if len(amounts) == len(parts) else None


def _known_part(parts: Mapping[str, float | None]) -> float:
    return sum(amount for amount in parts.values() if amount is not None)
