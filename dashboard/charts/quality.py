"""Accuracy against model size, as measured and as fitted."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from dashboard.theme import COLOURS, Say, figure, linear_ticks, log_ticks
from engine.projection.score_curves import ScorePoint

Array = npt.NDArray[np.float64]

ROOM = 1.6
"""The size axis runs this many times beyond what it shows."""

MARGIN_SHARE = 0.08


class Fitted(NamedTuple):
    """The curve through the points, carried on beyond them."""

    parameter_count: Array
    score_share: Array
    low_share: Array | None
    high_share: Array | None


def accuracy_against_size(
    measured: Sequence[ScorePoint],
    fitted: Fitted | None,
    words: Mapping[str, str],
    count: Say,
    share: Say,
) -> go.Figure:
    """Measured accuracies with the spread of their seeds, and the curve fitted to them."""
    chart = figure()
    if fitted is not None:
        _add_fit(chart, fitted, words)
    sizes = np.array([p.parameter_count for p in measured])
    scores = np.array([p.score_share for p in measured])
    spread = np.array([p.score_sd_share or 0.0 for p in measured])
    chart.add_scatter(
        x=sizes,
        y=scores,
        mode="markers",
        name=words["measured"],
        marker={"color": COLOURS["measured"], "size": 11},
        error_y={"array": spread, "color": COLOURS["measured"], "thickness": 1.5, "width": 5},
        customdata=[
            (count(p.parameter_count), share(p.score_share), p.seed_count) for p in measured
        ],
        hovertemplate=(
            f"%{{customdata[0]}}<br><b>%{{customdata[1]}}</b><br>{words['seeds']}: "
            "%{customdata[2]}<extra></extra>"
        ),
    )
    _axes(
        chart,
        sizes,
        np.concatenate([scores - spread, scores + spread]),
        fitted,
        words,
        count,
        share,
    )
    return chart


def _add_fit(chart: go.Figure, fitted: Fitted, words: Mapping[str, str]) -> None:
    if fitted.low_share is not None and fitted.high_share is not None:
        chart.add_scatter(
            x=np.concatenate([fitted.parameter_count, fitted.parameter_count[::-1]]),
            y=np.concatenate([fitted.high_share, fitted.low_share[::-1]]),
            fill="toself",
            fillcolor=COLOURS["band"],
            line={"width": 0},
            hoverinfo="skip",
            name=words["range"],
        )
    chart.add_scatter(
        x=fitted.parameter_count,
        y=fitted.score_share,
        mode="lines",
        name=words["fit"],
        line={"color": COLOURS["curve"], "width": 2.5},
        hoverinfo="skip",
    )


def _axes(
    chart: go.Figure,
    sizes: Array,
    scores: Array,
    fitted: Fitted | None,
    words: Mapping[str, str],
    count: Say,
    share: Say,
) -> None:
    if fitted is not None:
        sizes = np.concatenate([sizes, fitted.parameter_count])
        scores = np.concatenate([scores, fitted.score_share])
    margin = MARGIN_SHARE * (scores.max() - scores.min() or 0.1)
    low, high = max(0.0, scores.min() - margin), min(1.0, scores.max() + margin)
    chart.update_yaxes(linear_ticks(low, high, share), title=words["accuracy"])
    chart.update_xaxes(
        log_ticks(sizes.min() / ROOM, sizes.max() * ROOM, count), title=words["size"]
    )
