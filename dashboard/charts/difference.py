"""From one scenario to another: what each choice adds or takes away."""

from collections.abc import Mapping

import plotly.graph_objects as go

from dashboard.theme import COLOURS, Say, figure, linear_ticks, wrapped

MARGIN_SHARE = 0.2
ROW_HEIGHT = 38
AROUND_HEIGHT = 90
LONGEST_COUNT = 8
"""More choices than this: the smallest are taken together."""

LEAST_SHARE = 0.0005
"""A part smaller than this of the larger end is not drawn."""


def parts_shown(parts: Mapping[str, float], largest: float, other: str) -> dict[str, float]:
    """The parts worth drawing, largest first; the rest as one."""
    ordered = sorted(parts.items(), key=lambda item: -abs(item[1]))
    shown = [p for p in ordered if abs(p[1]) >= LEAST_SHARE * largest][:LONGEST_COUNT]
    rest = sum(parts.values()) - sum(value for _, value in shown)
    return dict(shown) | ({other: rest} if abs(rest) >= LEAST_SHARE * largest else {})


def waterfall(
    before: float,
    after: float,
    parts: Mapping[str, float],
    words: Mapping[str, str],
    say: Say,
) -> go.Figure:
    """Before, each part, after; top to bottom, so that long names fit on a phone."""
    largest = max(abs(before), abs(after))
    shown = parts_shown(parts, largest, words["other"])
    labels = [words["before"], *map(wrapped, shown), words["after"]]
    chart = figure(AROUND_HEIGHT + ROW_HEIGHT * len(labels))
    chart.add_waterfall(
        orientation="h",
        measure=["absolute", *["relative"] * len(shown), "total"],
        y=labels,
        x=[before, *shown.values(), after],
        text=[say(before), *(_signed(value, say) for value in shown.values()), say(after)],
        textposition="outside",
        hoverinfo="y+text",
        increasing={"marker": {"color": COLOURS["dearer"]}},
        decreasing={"marker": {"color": COLOURS["cheaper"]}},
        totals={"marker": {"color": COLOURS["curve"]}},
        connector={"line": {"color": COLOURS["roof"], "width": 1}},
    )
    levels = [before, after]
    running = before
    for value in shown.values():
        running += value
        levels.append(running)
    top = max(*levels, 0.0)
    room = MARGIN_SHARE * (top or 1.0)
    chart.update_xaxes(linear_ticks(min(0.0, *levels), top + 2 * room, say, most=4))
    chart.update_yaxes(autorange="reversed", showgrid=False)
    return chart


def _signed(value: float, say: Say) -> str:
    return f"{'+' if value >= 0 else '−'}{say(abs(value))}"
