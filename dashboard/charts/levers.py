"""What each lever buys against what it costs in accuracy."""

from collections.abc import Sequence
from typing import NamedTuple

import plotly.graph_objects as go

from dashboard.theme import COLOURS, SERIES, SYMBOLS, Say, figure, log_ticks

ROOM = 1.25
PERCENT = 100.0


class Bought(NamedTuple):
    """One row of the table."""

    lever: str
    label: str
    ratio: float
    """After over before."""
    score_change_share: float
    half_width_share: float | None


def gains(found: Sequence[Bought], axis: str, score: str, times: Say) -> go.Figure:
    """Change of one quantity across, change of the score up; bars are its 95 % interval."""
    chart = figure(380)
    for index, lever in enumerate(dict.fromkeys(b.lever for b in found)):
        chart.add_scatter(**_trace([b for b in found if b.lever == lever], index, times))
    ratios = [1.0, *(b.ratio for b in found)]
    chart.update_xaxes(log_ticks(min(ratios) / ROOM, max(ratios) * ROOM, times, most=5), title=axis)
    chart.update_yaxes(title=score, zeroline=False)
    chart.add_hline(y=0, line={"color": COLOURS["roof"], "dash": "dot"})
    chart.add_vline(x=1, line={"color": COLOURS["roof"], "dash": "dot"})
    return chart


def _trace(found: Sequence[Bought], index: int, times: Say) -> dict[str, object]:
    return {
        "x": [b.ratio for b in found],
        "y": [b.score_change_share * PERCENT for b in found],
        "mode": "markers",
        "name": found[0].lever,
        "marker": {
            "color": SERIES[index % len(SERIES)],
            "symbol": SYMBOLS[index % len(SYMBOLS)],
            "size": 11,
        },
        "error_y": {
            "type": "data",
            "array": [PERCENT * (b.half_width_share or 0.0) for b in found],
            "thickness": 1.5,
            "width": 4,
        },
        "customdata": [(b.label, times(b.ratio)) for b in found],
        "hovertemplate": "%{customdata[0]}<br><b>%{customdata[1]}, %{y:+.2f}</b>"
        "<extra>%{fullData.name}</extra>",
    }
