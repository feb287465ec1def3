"""Predicted against published, by source: on the line, the two are the same."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import plotly.graph_objects as go

from dashboard.theme import COLOURS, SERIES, SYMBOLS, Say, figure, log_ticks

HEIGHT = 460
ROOM_RATIO = 1.6
"""The axes run this far beyond the outermost points."""


class Point(NamedTuple):
    """One published number, and what was predicted for it."""

    published: float
    predicted: float
    name: str


def against(
    by_source: Mapping[str, Sequence[Point]], words: Mapping[str, str], say: Say
) -> go.Figure:
    """Logarithmic both ways, with the line on which the two are equal."""
    chart = figure(HEIGHT)
    values = [v for points in by_source.values() for p in points for v in p[:2] if v > 0]
    low, high = min(values) / ROOM_RATIO, max(values) * ROOM_RATIO
    chart.add_scatter(
        x=[low, high],
        y=[low, high],
        mode="lines",
        name=words["same"],
        line={"color": COLOURS["roof"], "width": 1.5, "dash": "dash"},
        hoverinfo="skip",
    )
    for place, (source, points) in enumerate(by_source.items()):
        _add_source(chart, source, points, place, words, say)
    ticks = log_ticks(low, high, say, 5)
    chart.update_xaxes(ticks, title=words["published"])
    chart.update_yaxes(ticks, title=words["predicted"])
    return chart


def _add_source(
    chart: go.Figure,
    source: str,
    points: Sequence[Point],
    place: int,
    words: Mapping[str, str],
    say: Say,
) -> None:
    chart.add_scatter(
        x=[p.published for p in points],
        y=[p.predicted for p in points],
        mode="markers",
        name=source,
        marker={
            "color": SERIES[place % len(SERIES)],
            "symbol": SYMBOLS[place % len(SYMBOLS)],
            "size": 7,
            "opacity": 0.7,
        },
        customdata=[(p.name, say(p.published), say(p.predicted)) for p in points],
        hovertemplate=(
            f"%{{customdata[0]}}<br>{words['published']} <b>%{{customdata[1]}}</b><br>"
            f"{words['predicted']} <b>%{{customdata[2]}}</b><extra></extra>"
        ),
    )
