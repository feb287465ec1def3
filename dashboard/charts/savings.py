"""What each lever takes off the bill."""

from collections.abc import Mapping

import plotly.graph_objects as go

from dashboard.theme import COLOURS, Say, figure, linear_ticks, wrapped

ROW_HEIGHT = 36
AROUND_HEIGHT = 60
ROOM_SHARE = 0.1


def bars(saved_usd: Mapping[str, float], bill_usd: float, say: Say, part: Say) -> go.Figure:
    """A bar a lever, largest on top, with its amount and share of the bill written beside it."""
    chart = figure(AROUND_HEIGHT + ROW_HEIGHT * len(saved_usd))
    values = list(saved_usd.values())
    chart.add_bar(
        orientation="h",
        y=[wrapped(name) for name in saved_usd],
        x=values,
        text=[f"{say(value)} ({part(value / bill_usd)})" for value in values],
        textposition="auto",
        insidetextanchor="end",
        cliponaxis=False,
        marker={"color": COLOURS["cheaper"]},
        hoverinfo="y+text",
    )
    top = max(values)
    chart.update_xaxes(linear_ticks(0.0, top * (1 + 2 * ROOM_SHARE), say, most=4))
    chart.update_yaxes(autorange="reversed", showgrid=False)
    return chart
