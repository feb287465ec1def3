"""The same scenario over model sizes, and where it stands itself: cost, accuracy, or both."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from dashboard.theme import COLOURS, Say, Sketch, linear_ticks, log_ticks
from engine.records import Projection
from engine.units import BILLION, Float

Array = npt.NDArray[np.float64]
View = Literal["frontier", "accuracy", "size", "nothing"]

HERE_AWAY_PX = (34, 42)
"""Where the name of the scenario's own point stands, right of it and below."""

CROWDED_DECADES = 0.35
"""A size is not labelled this near the scenario's own."""

MARGIN_SHARE = 0.06
"""Room left around the curve, as a share of its height."""


class Frontier(NamedTuple):
    """The same scenario at many sizes; None where something is not known."""

    parameter_count: Array
    cost_usd: Array | None
    score_share: Array | None
    score_low_share: Array | None
    score_high_share: Array | None


class Here(NamedTuple):
    """The scenario itself."""

    parameter_count: float
    cost_usd: float | None
    score_share: float | None


@dataclass(frozen=True, slots=True)
class Says:
    """How numbers are written."""

    money: Say
    count: Say
    share: Say


class _Axis(NamedTuple):
    values: Array
    here: float
    say: Say
    title: str
    is_log: bool


def curve(sizes_billion: Array, projection: Projection) -> Frontier:
    """The numbers of the curve."""
    score = projection.quality.score_share
    return Frontier(
        sizes_billion * BILLION,
        _along(sizes_billion, projection.total.cost_usd.value),
        _along(sizes_billion, score.value),
        _along(sizes_billion, score.low),
        _along(sizes_billion, score.high),
    )


def here(parameter_count: float, projection: Projection) -> Here:
    """The scenario's own point."""
    cost, score = projection.total.cost_usd.value, projection.quality.score_share.value
    return Here(
        parameter_count,
        None if cost is None else float(cost),
        None if score is None else float(score),
    )


def view(frontier: Frontier, point: Here) -> View:
    """What can be shown: accuracy over cost, else one of them over size."""
    has_cost = frontier.cost_usd is not None and point.cost_usd is not None
    has_score = frontier.score_share is not None and point.score_share is not None
    if has_cost:
        return "frontier" if has_score else "size"
    return "accuracy" if has_score else "nothing"


def over_sizes(frontier: Frontier, point: Here, words: Mapping[str, str], says: Says) -> go.Figure:
    """The curve of what is known, and "you are here"."""
    shown = view(frontier, point)
    assert shown != "nothing"
    size = _Axis(
        frontier.parameter_count, point.parameter_count, says.count, words["size"], is_log=True
    )
    cost = _axis(frontier.cost_usd, point.cost_usd, says.money, words["cost"], is_log=True)
    score = _axis(
        frontier.score_share, point.score_share, says.share, words["accuracy"], is_log=False
    )
    x = cost if shown == "frontier" and cost else size
    y = cost if shown == "size" else score
    assert y is not None
    chart = Sketch()
    if y is score:
        _add_band(chart, x.values, frontier, words)
    _add_line(chart, x, y, frontier, words, says)
    if x is cost:
        _add_sizes(chart, x, y, frontier, point, says.count)
    chart.axis("xaxis", _ticks(x, frontier), title=x.title)
    chart.axis("yaxis", _ticks(y, frontier), title=y.title)
    _add_here(chart, x, y, words)
    return chart.figure()


def _along(sizes: Array, values: Float | None) -> Array | None:
    if values is None or not np.isfinite(np.asarray(values, dtype=np.float64)).any():
        return None
    return np.broadcast_to(np.asarray(values, dtype=np.float64), sizes.shape)


def _axis(
    values: Array | None, here_value: float | None, say: Say, title: str, *, is_log: bool
) -> _Axis | None:
    if values is None or here_value is None:
        return None
    return _Axis(values, here_value, say, title, is_log)


def _add_band(chart: Sketch, across: Array, frontier: Frontier, words: Mapping[str, str]) -> None:
    low, high = frontier.score_low_share, frontier.score_high_share
    if low is None or high is None:
        return
    known = np.isfinite(low) & np.isfinite(high)
    chart.add(
        "scatter",
        x=np.concatenate([across[known], across[known][::-1]]),
        y=np.concatenate([high[known], low[known][::-1]]),
        fill="toself",
        fillcolor=COLOURS["band"],
        line={"width": 0},
        hoverinfo="skip",
        name=words["range"],
    )


def _add_line(
    chart: Sketch, x: _Axis, y: _Axis, frontier: Frontier, words: Mapping[str, str], says: Says
) -> None:
    rows = zip(frontier.parameter_count, x.values, y.values, strict=True)
    told = [
        (says.count(size), y.say(up), "" if x.say is says.count else x.say(along))
        for size, along, up in rows
    ]
    chart.add(
        "scatter",
        x=x.values,
        y=y.values,
        mode="lines",
        name=words["curve"],
        line={"color": COLOURS["curve"], "width": 3},
        customdata=told,
        hovertemplate=(
            "%{customdata[0]}<br><b>%{customdata[1]}</b><br>%{customdata[2]}<extra></extra>"
        ),
    )


def _add_sizes(
    chart: Sketch, x: _Axis, y: _Axis, frontier: Frontier, point: Here, count: Say
) -> None:
    """A few sizes written along the curve, at round numbers."""
    logs = np.log10(frontier.parameter_count)
    powers = np.arange(np.ceil(logs[0]), np.floor(logs[-1]) + 1)
    powers = powers[np.abs(powers - np.log10(point.parameter_count)) > CROWDED_DECADES]
    chart.add(
        "scatter",
        x=10 ** np.interp(powers, logs, np.log10(x.values)),
        y=np.interp(powers, logs, y.values),
        mode="markers+text",
        marker={"color": COLOURS["curve"], "size": 7},
        text=[count(size) for size in 10.0**powers],
        textposition="bottom right",
        hoverinfo="skip",
        showlegend=False,
    )


def _add_here(chart: Sketch, x: _Axis, y: _Axis, words: Mapping[str, str]) -> None:
    """The marker, and its name to the lower right, where a rising curve leaves room."""
    chart.add(
        "scatter",
        x=[x.here],
        y=[y.here],
        mode="markers",
        name=words["here"],
        marker={"color": COLOURS["here"], "size": 15, "line": {"color": "white", "width": 2}},
        hoverinfo="skip",
        showlegend=False,
        cliponaxis=False,
    )
    chart.note(
        x=np.log10(x.here) if x.is_log else x.here,
        y=np.log10(y.here) if y.is_log else y.here,
        text=f"<b>{words['here']}</b>",
        font={"color": COLOURS["here"], "size": 14},
        ax=HERE_AWAY_PX[0],
        ay=HERE_AWAY_PX[1],
        xanchor="left",
        arrowcolor=COLOURS["here"],
        arrowwidth=1.5,
        standoff=9,
    )


def _ticks(axis: _Axis, frontier: Frontier) -> dict[str, object]:
    """Where the axis runs from and to: over the curve, its range, and the scenario's point."""
    values = np.append(axis.values, axis.here)
    if axis.is_log:
        positive = values[values > 0]
        return log_ticks(float(positive.min()) / 1.25, float(positive.max()) * 1.25, axis.say, 5)
    ends = (frontier.score_low_share, frontier.score_high_share)
    values = np.concatenate([values, *(end for end in ends if end is not None)])
    lowest, highest = float(np.nanmin(values)), float(np.nanmax(values))
    margin = MARGIN_SHARE * (highest - lowest or 0.1)
    return linear_ticks(max(0.0, lowest - margin), min(1.0, highest + margin), axis.say)
