"""Whether it pays off: cash over time, accuracy to break even, what moves it, how it may end."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from dashboard.theme import COLOURS, Say, figure, linear_ticks, wrapped

Array = npt.NDArray[np.float64]

TORNADO_COUNT = 10
ROW_HEIGHT = 34
AROUND_HEIGHT = 96
BIN_COUNT = 40
SHOWN_PERCENTILES = (5.0, 95.0)
"""A long tail would press everything else into one bar."""
MARGIN_SHARE = 0.08


class Bar(NamedTuple):
    """One input of a tornado."""

    label: str
    at_low: float
    at_high: float


class Accuracies(NamedTuple):
    """Value against accuracy: a straight line through the model as it is and never wrong."""

    right_share: float
    low_share: float
    high_share: float
    npv_usd: float
    npv_if_never_wrong_usd: float
    break_even_share: float | None

    def npv_at_usd(self, right_share: float) -> float:
        """Net present value at another accuracy."""
        left = 1.0 - self.right_share
        slope = (self.npv_if_never_wrong_usd - self.npv_usd) / left if left else 0.0
        return self.npv_usd + slope * (right_share - self.right_share)


def cash_over_time(
    balance_usd: Array, payback_months: float | None, words: Mapping[str, str], money: Say
) -> go.Figure:
    """All gains less all costs up to the end of each month, from what is spent first."""
    months = np.arange(len(balance_usd))
    chart = figure(320)
    chart.add_scatter(
        x=months,
        y=balance_usd,
        mode="lines",
        name=words["balance"],
        line={"color": COLOURS["curve"], "width": 3},
        fill="tozeroy",
        fillcolor=COLOURS["band"],
        customdata=[money(value) for value in balance_usd],
        hovertemplate=f"{words['month']} %{{x}}<br><b>%{{customdata}}</b><extra></extra>",
    )
    if payback_months is not None:
        chart.add_scatter(
            x=[payback_months],
            y=[0.0],
            mode="markers",
            name=words["payback"],
            marker={"color": COLOURS["here"], "size": 12},
            hovertemplate=f"{words['payback']} %{{x:.1f}}<extra></extra>",
        )
    _money_axis(chart, balance_usd, money)
    chart.update_xaxes(title=words["month"], showgrid=False)
    return chart


def break_even(found: Accuracies, words: Mapping[str, str], money: Say, share: Say) -> go.Figure:
    """Net present value against the model's accuracy, with where it stands and its range."""
    low = min(found.low_share, found.break_even_share or found.low_share)
    low = max(0.0, low - (1.0 - low) * 0.15)
    ends = np.array([low, 1.0])
    values = np.array([found.npv_at_usd(low), found.npv_at_usd(1.0)])
    chart = figure(320)
    chart.add_vrect(
        x0=found.low_share, x1=found.high_share, fillcolor=COLOURS["band"], line_width=0
    )
    chart.add_scatter(
        x=ends,
        y=values,
        mode="lines",
        name=words["npv"],
        line={"color": COLOURS["curve"], "width": 3},
        hoverinfo="skip",
    )
    marks = [(words["here"], found.right_share, found.npv_usd, COLOURS["here"], "circle")]
    if found.break_even_share is not None:
        marks.append((words["even"], found.break_even_share, 0.0, COLOURS["measured"], "diamond"))
    for name, x, y, colour, symbol in marks:
        chart.add_scatter(
            x=[x],
            y=[y],
            mode="markers",
            name=f"{name} {share(x)}",
            marker={"color": colour, "size": 13, "symbol": symbol},
            hovertemplate=f"{name} {share(x)}<br><b>{money(y)}</b><extra></extra>",
        )
    _money_axis(chart, np.append(values, found.npv_usd), money)
    chart.update_xaxes(linear_ticks(low, 1.0, share), title=words["accuracy"], showgrid=False)
    return chart


def tornado(
    bars: Sequence[Bar], middle_usd: float, words: Mapping[str, str], money: Say
) -> go.Figure:
    """Each input at both ends of its range, the widest on top."""
    shown = bars[:TORNADO_COUNT]
    labels = [wrapped(bar.label) for bar in shown]
    chart = figure(AROUND_HEIGHT + ROW_HEIGHT * len(shown))
    for name, ends, colour in (
        (words["at_low"], [bar.at_low for bar in shown], COLOURS["electricity"]),
        (words["at_high"], [bar.at_high for bar in shown], COLOURS["hardware"]),
    ):
        chart.add_bar(
            x=[end - middle_usd for end in ends],
            y=labels,
            base=middle_usd,
            orientation="h",
            name=name,
            marker={"color": colour, "line": {"width": 0}},
            customdata=[money(end) for end in ends],
            hovertemplate=f"%{{y}}, {name}<br><b>%{{customdata}}</b><extra></extra>",
        )
    chart.add_vline(x=middle_usd, line={"color": COLOURS["roof"], "width": 1})
    every = [0.0, middle_usd, *(bar.at_low for bar in shown), *(bar.at_high for bar in shown)]
    low, high = _room(np.array(every))
    chart.update_xaxes(linear_ticks(low, high, money, most=3))
    chart.update_yaxes(autorange="reversed", showgrid=False)
    chart.update_layout(barmode="overlay", bargap=0.3)
    return chart


def distribution(values_usd: Array, words: Mapping[str, str], money: Say) -> go.Figure:
    """How often each net present value came out; losses in their own colour.

    Draws without one are left out of the bars, and count among all: the bars add up to less.
    """
    known_usd = values_usd[np.isfinite(values_usd)]
    low, high = np.percentile(known_usd, SHOWN_PERCENTILES)
    step = max((high - low) / BIN_COUNT, 1e-9)
    edges = np.arange(np.floor(low / step), np.ceil(high / step) + 1.0) * step
    counts, _ = np.histogram(known_usd, edges)
    shares = counts / len(values_usd)
    chart = figure(320)
    for name, wanted, colour in (
        (words["loss"], edges[:-1] < -step / 2, COLOURS["dearer"]),
        (words["gain"], edges[:-1] >= -step / 2, COLOURS["measured"]),
    ):
        if wanted.any():
            starts = edges[:-1][wanted]
            chart.add_bar(
                x=starts + step / 2,
                y=shares[wanted],
                width=step * 0.94,
                name=name,
                marker={"color": colour, "line": {"width": 0}},
                customdata=[f"{money(s)} … {money(s + step)}" for s in starts],
                hovertemplate="%{customdata}<br><b>%{y:.1%}</b><extra></extra>",
            )
    chart.update_xaxes(linear_ticks(float(edges[0]), float(edges[-1]), money, most=4))
    chart.update_yaxes(title=words["draws"], tickformat=".0%")
    chart.update_layout(bargap=0.0, barmode="overlay")
    return chart


def ways(costs_usd: Mapping[str, float | None], words: Mapping[str, str], money: Say) -> go.Figure:
    """What owning, renting and buying answers would cost."""
    known = {name: cost for name, cost in costs_usd.items() if cost is not None}
    chart = figure(AROUND_HEIGHT + 48 * len(known))
    chart.add_bar(
        x=list(known.values()),
        y=[wrapped(name) for name in known],
        orientation="h",
        name=words["cost"],
        marker={"color": COLOURS["hardware"]},
        text=[money(cost) for cost in known.values()],
        textposition="auto",
        insidetextanchor="end",
        hoverinfo="skip",
    )
    top = max(known.values(), default=1.0) or 1.0
    chart.update_xaxes(linear_ticks(0.0, top * 1.1, money, most=4))
    chart.update_yaxes(autorange="reversed", showgrid=False)
    chart.update_layout(showlegend=False, bargap=0.45)
    return chart


def _room(values: Array) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    room = MARGIN_SHARE * ((high - low) or 1.0)
    return low - room, high + room


def _money_axis(chart: go.Figure, values: Array, money: Say) -> None:
    low, high = _room(np.append(values, 0.0))
    chart.update_yaxes(linear_ticks(low, high, money), zeroline=True)
    chart.add_hline(y=0.0, line={"color": COLOURS["roof"], "width": 1})
