"""Plans that nothing beats in two numbers at once, and the one chosen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from dashboard.theme import COLOURS, SERIES, SYMBOLS, Say, figure, linear_ticks, log_ticks

MOST_NAMED = 6
"""Hardware beyond these is drawn as one."""
MARGIN_SHARE = 0.08
"""Room above and below, as a share of the height."""


@dataclass(frozen=True, slots=True)
class Point:
    """One plan."""

    x: float
    y: float
    group: str
    told: str


def over(
    points: Sequence[Point],
    chosen: tuple[float, float] | None,
    says: tuple[Say, Say],
    words: Mapping[str, str],
    *,
    is_log: bool = True,
) -> go.Figure:
    """Cost along, the other number up; a colour and a mark for each hardware.

    `is_log` is whether the other number is drawn by its logarithm: what may be negative is not.
    """
    chart = figure(380)
    named = list(dict.fromkeys(p.group for p in points))[:MOST_NAMED]
    chart.add_scatter(
        x=[p.x for p in points],
        y=[p.y for p in points],
        mode="lines",
        line={"color": COLOURS["fit"], "width": 1, "shape": "hv"},
        hoverinfo="skip",
        showlegend=False,
    )
    for i, group in enumerate([*named, None]):
        held = [p for p in points if (p.group if p.group in named else None) == group]
        if held:
            chart.add_scatter(
                x=[p.x for p in held],
                y=[p.y for p in held],
                mode="markers",
                name=group or words["other"],
                marker={"color": SERIES[i], "symbol": SYMBOLS[i], "size": 10},
                customdata=[(says[0](p.x), says[1](p.y), p.told) for p in held],
                hovertemplate="<b>%{customdata[0]}</b> · %{customdata[1]}<br>%{customdata[2]}"
                "<extra></extra>",
            )
    if chosen is not None:
        chart.add_scatter(
            x=[chosen[0]],
            y=[chosen[1]],
            mode="markers",
            name=words["now"],
            marker={
                "color": COLOURS["here"],
                "size": 15,
                "symbol": "star",
                "line": {"color": "white", "width": 1},
            },
            hovertemplate=f"{words['now']}<extra></extra>",
        )
    ends = np.array([(p.x, p.y) for p in points] + ([chosen] if chosen is not None else []))
    chart.update_xaxes(_axis(ends[:, 0], says[0], is_log=True), title=words["x"])
    chart.update_yaxes(_axis(ends[:, 1], says[1], is_log=is_log), title=words["y"])
    return chart


def _axis(values: npt.NDArray[np.float64], say: Say, *, is_log: bool) -> dict[str, object]:
    low, high = float(values.min()), float(values.max())
    if is_log:
        return log_ticks(low / 1.15, high * 1.15, say, 5)
    room = MARGIN_SHARE * ((high - low) or abs(high) or 1.0)
    return linear_ticks(low - room, high + room, say)
