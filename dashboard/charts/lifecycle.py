"""Every stage of a model's life on one scale."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import plotly.graph_objects as go

from dashboard.theme import COLOURS, Say, figure, log_ticks

ROW_PX = 30
LEAST_PX = 240
SMALLEST_MARK_PX, LARGEST_MARK_PX = 8, 17
ROOM = 1.8


class Mark(NamedTuple):
    """One number of one stage at one size."""

    stage: str
    size: str
    value: float
    low: float | None
    high: float | None
    is_estimate: bool


def stages(
    marks: Sequence[Mark], sizes: Sequence[str], rows: Sequence[str], say: Say,
    words: Mapping[str, str],
) -> go.Figure:  # fmt: skip
    """A row a stage from first to last, a mark a size; larger models have larger marks.

    Args:
        marks: all numbers, any order.
        sizes: names of the sizes, smallest first; "" stands for all of them together.
        rows: names of the stages, first to last.
        say: writes one number.
        words: `estimated`, for what the pointer is told.
    """
    chart = figure(max(LEAST_PX, ROW_PX * len(rows) + 90))
    for index, size in enumerate(sizes):
        found = [mark for mark in marks if mark.size == size]
        if found:
            chart.add_scatter(**_trace(found, size, _width(index, len(sizes)), say, words))
    values = [v for m in marks for v in (m.value, m.low, m.high) if v]
    chart.update_xaxes(log_ticks(min(values) / ROOM, max(values) * ROOM, say, most=5))
    chart.update_yaxes(categoryorder="array", categoryarray=list(reversed(rows)), showgrid=True)
    return chart


def _width(index: int, count: int) -> float:
    step = (LARGEST_MARK_PX - SMALLEST_MARK_PX) / max(1, count - 1)
    return SMALLEST_MARK_PX + index * step


def _trace(
    found: Sequence[Mark], size: str, width_px: float, say: Say, words: Mapping[str, str]
) -> dict[str, object]:
    told = [f"{say(m.value)}{words['estimated'] if m.is_estimate else ''}" for m in found]
    return {
        "x": [m.value for m in found],
        "y": [m.stage for m in found],
        "mode": "markers",
        "name": size,
        "marker": {
            "color": COLOURS["measured"] if not size else COLOURS["hardware"],
            "symbol": ["circle-open" if m.is_estimate else "circle" for m in found],
            "size": width_px,
            "line": {"width": 2},
            "opacity": 0.85,
        },
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [(m.high or m.value) - m.value for m in found],
            "arrayminus": [m.value - (m.low or m.value) for m in found],
            "thickness": 1.5,
            "width": 4,
        },
        "customdata": told,
        "hovertemplate": "%{y}<br><b>%{customdata}</b><extra>%{fullData.name}</extra>",
    }
