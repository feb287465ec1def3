"""How far off predictions are: ours beside one fitted constant, a row for each."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import plotly.graph_objects as go

from dashboard.theme import COLOURS, Say, figure, linear_ticks, wrapped

ROW_HEIGHT = 36
NAME_WIDTH = 30
"""Letters a line: claims are long, and two lines fit a row."""
AROUND_HEIGHT = 110
MOST_SHARE = 1.0
"""The axis ends here: an error beyond is drawn at the end, and its size is written there."""


class Pair(NamedTuple):
    """Median errors of one thing predicted."""

    name: str
    ours_share: float | None
    constant_share: float | None


def errors(pairs: Sequence[Pair], words: Mapping[str, str], say: Say) -> go.Figure:
    """A dot for us, a cross for the constant, a line between; smallest error of ours first."""
    named = [p._replace(name=wrapped(p.name, NAME_WIDTH)) for p in pairs]
    ordered = sorted(named, key=lambda p: (p.ours_share is None, p.ours_share))
    chart = figure(AROUND_HEIGHT + ROW_HEIGHT * len(ordered))
    for pair in ordered:
        if pair.ours_share is not None and pair.constant_share is not None:
            _add_between(chart, pair, pair.ours_share, pair.constant_share)
    ours = [(p.name, p.ours_share) for p in ordered]
    constant = [(p.name, p.constant_share) for p in ordered]
    _add_points(chart, ours, words["ours"], ("circle", COLOURS["curve"]), say)
    _add_points(chart, constant, words["constant"], ("x", COLOURS["electricity"]), say)
    known = [x for p in ordered for x in (p.ours_share, p.constant_share) if x is not None]
    top = min(max(known, default=MOST_SHARE), MOST_SHARE)
    chart.update_xaxes(linear_ticks(0.0, top * 1.08, say), title=words["axis"])
    chart.update_yaxes(
        range=[len(ordered) - 0.5, -0.5],
        showgrid=False,
        categoryorder="array",
        categoryarray=[p.name for p in ordered],
    )
    return chart


def _add_between(chart: go.Figure, pair: Pair, ours: float, constant: float) -> None:
    chart.add_scatter(
        x=[min(ours, MOST_SHARE), min(constant, MOST_SHARE)],
        y=[pair.name, pair.name],
        mode="lines",
        line={"color": COLOURS["roof"], "width": 1},
        hoverinfo="skip",
        showlegend=False,
    )


def _add_points(
    chart: go.Figure,
    found: Sequence[tuple[str, float | None]],
    name: str,
    style: tuple[str, str],
    say: Say,
) -> None:
    symbol, colour = style
    points = [(label, share) for label, share in found if share is not None]
    chart.add_scatter(
        x=[min(share, MOST_SHARE) for _, share in points],
        y=[label for label, _ in points],
        mode="markers+text",
        text=[say(share) if share > MOST_SHARE else "" for _, share in points],
        textposition="top left",
        name=name,
        marker={"symbol": symbol, "color": colour, "size": 10},
        customdata=[say(share) for _, share in points],
        hovertemplate=f"%{{y}}<br>{name}: <b>%{{customdata}}</b><extra></extra>",
    )
