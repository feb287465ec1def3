"""What a model showed while it learned."""

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard.theme import COLOURS, TEMPLATE, Say
from engine.records import Epoch

PANELS = (
    ("loss", "train_loss_nats", "held_out_loss_nats"),
    ("accuracy", "train_accuracy_share", "held_out_accuracy_share"),
)
MOST_TICKS = 6
DASHES = {"train": "solid", "held_out": "dash"}


def by_epoch(
    epochs: Sequence[Epoch], words: Mapping[str, str], number: Say, share: Say
) -> go.Figure:
    """Loss and accuracy per epoch, on the data trained on and on the data held out."""
    chart = make_subplots(
        rows=1,
        cols=2,
        horizontal_spacing=0.16,
        subplot_titles=[words[name] for name, _, _ in PANELS],
    )
    for column, (name, *quantities) in enumerate(PANELS, start=1):
        say = share if name == "accuracy" else number
        for part, quantity in zip(("train", "held_out"), quantities, strict=True):
            _add_line(chart, epochs, (part, quantity, column), words, say)
    stride = -(-len(epochs) // MOST_TICKS)
    chart.update_xaxes(title=words["epoch"], tick0=1, dtick=stride, tickangle=0)
    chart.update_yaxes(tickformat=".0%", col=2)
    chart.update_annotations(font_size=13)
    chart.update_layout(
        template=TEMPLATE,
        height=340,
        margin={"t": 64},
        legend={"yanchor": "bottom", "y": 1.12, "x": 0},
    )
    return chart


def _add_line(
    chart: go.Figure,
    epochs: Sequence[Epoch],
    what: tuple[str, str, int],
    words: Mapping[str, str],
    say: Say,
) -> None:
    part, quantity, column = what
    values: list[Any] = [getattr(epoch, quantity) for epoch in epochs]
    chart.add_scatter(
        x=[epoch.number for epoch in epochs],
        y=values,
        mode="lines+markers",
        name=words[part],
        legendgroup=part,
        showlegend=column == 1,
        line={"color": COLOURS[part], "dash": DASHES[part], "width": 2.5},
        customdata=[say(value) for value in values],
        hovertemplate="%{x}: <b>%{customdata}</b><extra>%{fullData.name}</extra>",
        row=1,
        col=column,
    )
