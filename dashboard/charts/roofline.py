"""How near a machine comes to its own limits."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go

from dashboard.theme import COLOURS, SERIES, SYMBOLS, Say, figure, log_ticks
from engine.records import Measurement

ROOF_POINT_COUNT = 64
ROOM = 2.0
"""Axes run this many times beyond the points."""


class Point(NamedTuple):
    """One measurement on the roofline."""

    workload: str
    label: str
    flop_per_byte: float
    flop_per_s: float


def points(measurements: Sequence[Measurement]) -> list[Point]:
    """Every measurement whose arithmetic and traffic are known."""
    return [
        Point(m.workload, _label(m), m.flop / m.moved_bytes, m.flop / m.time_s)
        for m in measurements
        if m.flop and m.moved_bytes
    ]


def _label(m: Measurement) -> str:
    shown = ("precision", "size", "layer_count", "hidden_size", "batch_size")
    return ", ".join(str(m.settings[name]) for name in shown if name in m.settings)


def roofline(
    found: Sequence[Point],
    peaks_flop_per_s: Mapping[str, float],
    bandwidth_bytes_per_s: float | None,
    words: Mapping[str, str],
    rate: Say,
    number: Say,
) -> go.Figure:
    """Points under this machine's own roof: memory on the left, arithmetic on the right."""
    chart = figure(380)
    low = min(p.flop_per_byte for p in found) / ROOM
    high = max(p.flop_per_byte for p in found) * ROOM
    if bandwidth_bytes_per_s is not None:
        _add_roofs(chart, peaks_flop_per_s, bandwidth_bytes_per_s, low, high, rate)
    workloads = sorted({p.workload for p in found})
    for index, workload in enumerate(workloads):
        _add_points(chart, [p for p in found if p.workload == workload], index, words, rate, number)
    rates = [p.flop_per_s for p in found] + list(peaks_flop_per_s.values())
    chart.update_xaxes(log_ticks(low, high, number, most=6), title=words["intensity"])
    chart.update_yaxes(
        log_ticks(min(rates) / ROOM, max(rates) * ROOM, rate, most=6), title=words["rate"]
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
    chart.add_scatter(
        x=[p.flop_per_byte for p in found],
        y=[p.flop_per_s for p in found],
        mode="markers",
        name=words.get(f"workload.{workload}", workload),
        marker={
            "color": SERIES[index % len(SERIES)],
            "symbol": SYMBOLS[index % len(SYMBOLS)],
            "size": 10,
        },
        customdata=[(p.label, rate(p.flop_per_s), number(p.flop_per_byte)) for p in found],
        hovertemplate="%{customdata[0]}<br><b>%{customdata[1]}</b><extra>%{fullData.name}</extra>",
    )
