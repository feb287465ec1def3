"""What it takes processes to talk: time over message size, and the line through it."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from dashboard.theme import SERIES, SYMBOLS, Say, figure, log_ticks
from engine.measurement.distributed.fit import CollectiveFit
from engine.records import Measurement

CURVE_POINT_COUNT = 60
ROOM = 1.6


def time_over_size(
    found: Mapping[str, Sequence[Measurement]],
    fits: Mapping[str, CollectiveFit],
    axes: tuple[str, str],
    says: tuple[Say, Say],
) -> go.Figure:
    """Measured times by collective, with their quartiles, and the fitted latency and bandwidth.

    Args:
        found: measurements by the name of their collective.
        fits: the line of each, where there is one.
        axes: titles, bytes and time.
        says: writes bytes, and seconds.
    """
    chart = figure(400)
    for index, (name, points) in enumerate(found.items()):
        _add_points(chart, name, sorted(points, key=_sent_bytes), index, says)
        if name in fits:
            _add_line(chart, fits[name], index)
    every = [m for points in found.values() for m in points]
    sent = [_sent_bytes(m) for m in every]
    times_s = [t for m in every for t in (m.time_low_s, m.time_high_s)]
    chart.update_xaxes(log_ticks(min(sent) / ROOM, max(sent) * ROOM, says[0]), title=axes[0])
    chart.update_yaxes(log_ticks(min(times_s) / ROOM, max(times_s) * ROOM, says[1]), title=axes[1])
    return chart


def _sent_bytes(m: Measurement) -> float:
    return m.moved_bytes or 0.0


def _add_points(
    chart: go.Figure, name: str, points: Sequence[Measurement], index: int, says: tuple[Say, Say]
) -> None:
    chart.add_scatter(
        x=[_sent_bytes(m) for m in points],
        y=[m.time_s for m in points],
        mode="markers",
        name=name,
        marker={"color": SERIES[index], "symbol": SYMBOLS[index], "size": 9},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [m.time_high_s - m.time_s for m in points],
            "arrayminus": [m.time_s - m.time_low_s for m in points],
            "thickness": 1.2,
            "width": 3,
        },
        customdata=[(says[0](_sent_bytes(m)), says[1](m.time_s)) for m in points],
        hovertemplate="%{customdata[0]}: <b>%{customdata[1]}</b><extra>%{fullData.name}</extra>",
    )


def _add_line(chart: go.Figure, fit: CollectiveFit, index: int) -> None:
    sent = np.geomspace(fit.smallest_bytes, fit.largest_bytes, CURVE_POINT_COUNT)
    rate = fit.line.bandwidth_bytes_per_s
    chart.add_scatter(
        x=sent,
        y=fit.line.latency_s + (sent / rate if rate else 0.0 * sent),
        mode="lines",
        line={"color": SERIES[index], "width": 1.8, "dash": "dot"},
        hoverinfo="skip",
        showlegend=False,
    )
