"""How near a machine comes to its own limits."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard.theme import COLOURS, HALO, SERIES, SYMBOLS, TEMPLATE, Say, log_ticks, wrapped
from engine.records import Measurement

ROOF_POINT_COUNT = 64
ROOM = 2.0
"""Axes run this many times beyond the points."""
STRIP_SHARE = 0.24
"""Of the width, for workloads whose traffic is not known."""
HEIGHT_PX = 500
TITLE_WIDTH, STRIP_TITLE_WIDTH = 20, 6
"""Letters a line: on a phone the titles below would run into each other."""


class Point(NamedTuple):
    """One measurement on the roofline."""

    workload: str
    label: str
    flop_per_byte: float | None
    """None where what it moves is not known: it has a rate, and no place under the roof."""
    flop_per_s: float


def points(measurements: Sequence[Measurement]) -> list[Point]:
    """Every measurement whose arithmetic is known."""
    return [
        Point(
            m.workload,
            _label(m),
            m.flop / m.moved_bytes if m.moved_bytes else None,
            m.flop / m.time_s,
        )
        for m in measurements
        if m.flop
    ]


def _label(m: Measurement) -> str:
    shown = ("family", "precision", "size", "layer_count", "hidden_size", "batch_size", "runtime")
    return ", ".join(str(m.settings[name]) for name in shown if name in m.settings)


def roofline(
    found: Sequence[Point],
    peaks_flop_per_s: Mapping[str, float],
    bandwidth_bytes_per_s: float | None,
    words: Mapping[str, str],
    rate: Say,
    number: Say,
) -> go.Figure:
    """Points under this machine's own roof: memory on the left, arithmetic on the right.

    Beside it, on the same scale, what is known only by its rate.
    """
    placed = [p.flop_per_byte for p in found if p.flop_per_byte is not None]
    rates = [p.flop_per_s for p in found] + list(peaks_flop_per_s.values())
    chart = _panels(bool(placed), len(placed) < len(found))
    low, high = min(placed, default=1.0) / ROOM, max(placed, default=1.0) * ROOM
    if bandwidth_bytes_per_s is not None and placed:
        _add_roofs(chart, peaks_flop_per_s, bandwidth_bytes_per_s, low, high, rate)
    for index, workload in enumerate(sorted({p.workload for p in found})):
        _add_points(chart, [p for p in found if p.workload == workload], index, words, rate, number)
    chart.update_xaxes(
        log_ticks(low, high, number, most=6), title=wrapped(words["intensity"], TITLE_WIDTH), col=1
    )
    chart.update_xaxes(
        title=wrapped(words.get("rate_only", ""), STRIP_TITLE_WIDTH), showticklabels=False, col=2
    )
    chart.update_yaxes(log_ticks(min(rates) / ROOM, max(rates) * ROOM, rate, most=6))
    chart.update_yaxes(title=words["rate"], col=1)
    return chart


def _panels(has_roof: bool, has_strip: bool) -> go.Figure:
    strip = STRIP_SHARE if has_strip and has_roof else 1.0 if has_strip else 0.001
    chart = make_subplots(
        rows=1,
        cols=2,
        shared_yaxes=True,
        horizontal_spacing=0.02,
        column_widths=[1.001 - strip, strip],
    )
    chart.update_layout(
        template=TEMPLATE,
        height=HEIGHT_PX,
        legend={"yanchor": "top", "y": -0.3, "x": 0},
    )
    return chart


def _add_roofs(
    chart: go.Figure,
    peaks: Mapping[str, float],
    bandwidth: float,
    low: float,
    high: float,
    rate: Say,
) -> None:
    x = np.geomspace(low, high, ROOF_POINT_COUNT)
    for peak in peaks.values():
        chart.add_scatter(
            x=x,
            y=np.minimum(peak, bandwidth * x),
            mode="lines",
            line={"color": COLOURS["roof"], "width": 2, "dash": "dot"},
            hoverinfo="skip",
            showlegend=False,
            row=1,
            col=1,
        )
    best = max(peaks, key=peaks.__getitem__, default=None)
    least = min(peaks, key=peaks.__getitem__, default=None)
    for precision, side in {least: "top", best: "bottom"}.items():
        if precision is not None:
            _label_roof(
                chart, f"{precision} {rate(peaks[precision])}", peaks[precision], high, side
            )


def _label_roof(chart: go.Figure, text: str, peak: float, right: float, side: str) -> None:
    chart.add_annotation(
        x=np.log10(right),
        y=np.log10(peak),
        text=text,
        xanchor="right",
        yanchor=side,
        showarrow=False,
        font=HALO,
    )


def _add_points(
    chart: go.Figure,
    found: Sequence[Point],
    index: int,
    words: Mapping[str, str],
    rate: Say,
    number: Say,
) -> None:
    workload = found[0].workload
    panels = {
        1: [p for p in found if p.flop_per_byte is not None],
        2: [p for p in found if p.flop_per_byte is None],
    }
    for column, some in panels.items():
        if some:
            name = words.get(workload, workload)
            chart.add_scatter(**_trace(some, name, index, rate, number), row=1, col=column)


def _trace(
    found: Sequence[Point], name: str, index: int, rate: Say, number: Say
) -> dict[str, object]:
    return {
        "x": [name if p.flop_per_byte is None else p.flop_per_byte for p in found],
        "y": [p.flop_per_s for p in found],
        "mode": "markers",
        "name": name,
        "marker": {
            "color": SERIES[index % len(SERIES)],
            "symbol": SYMBOLS[(index + index // len(SERIES)) % len(SYMBOLS)],
            "size": 9,
            "opacity": 0.8,
        },
        "customdata": [
            (p.label, rate(p.flop_per_s), number(p.flop_per_byte or 0.0)) for p in found
        ],
        "hovertemplate": "%{customdata[0]}<br><b>%{customdata[1]}</b>"
        "<extra>%{fullData.name}</extra>",
    }
