"""Landmark models over time: how much arithmetic they took, and what they cost."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Literal, NamedTuple

import plotly.graph_objects as go

from dashboard.theme import COLOURS, HALO, SERIES, SYMBOLS, Say, figure, log_ticks, wrapped

ROOM = 3.0
"""Axes run this many times beyond the points."""

MUCH_LARGER = 3.0

Group = Literal["language", "vision", "other", "catalogue"]
GROUPS: tuple[Group, ...] = ("catalogue", "language", "vision", "other")
"""In the order of the legend; the first is drawn last, so that no point covers its names."""
NAME_WIDTH = 14
"""Letters a line of a name."""


class Mark(NamedTuple):
    """One model in its time."""

    name: str
    group: Group
    published: date
    number: float
    """Floating-point operations, or dollars."""
    says: str
    """The number in the reader's words."""


def over_time(
    marks: Sequence[Mark], ours: Mark | None, words: Mapping[str, str], axis: str, say: Say
) -> go.Figure:
    """Every model by date, logarithmic; the record holders of the known ones and ours by name."""
    chart = figure(430)
    for index, group in reversed(list(enumerate(GROUPS))):
        _add(chart, [m for m in marks if m.group == group], index, words[group])
    if ours is not None:
        chart.add_scatter(
            x=[ours.published],
            y=[ours.number],
            mode="markers",
            cliponaxis=False,
            name=words["ours"],
            legendrank=len(GROUPS),
            marker={"color": COLOURS["here"], "size": 15, "symbol": "star"},
            hovertext=[f"{ours.name}<br><b>{ours.says}</b>"],
            hoverinfo="text",
        )
    numbers = [m.number for m in (*marks, *([ours] if ours else []))]
    chart.update_yaxes(log_ticks(min(numbers) / ROOM, max(numbers) * ROOM, say), title=axis)
    return chart


def records(marks: Sequence[Mark]) -> list[Mark]:
    """Those much larger than everything before them: names of near ones would overlap."""
    found: list[Mark] = []
    for mark in sorted(marks, key=lambda m: (m.published, -m.number)):
        if not found or mark.number > MUCH_LARGER * found[-1].number:
            found.append(mark)
    return found


def _side(mark: Mark, marks: Sequence[Mark]) -> str:
    """Where its name stands: to the right of early ones, which have no room to their left."""
    days = [m.published.toordinal() for m in marks]
    is_early = mark.published.toordinal() < (min(days) + max(days)) / 2
    return "top right" if is_early else "middle left"


def _add(chart: go.Figure, marks: Sequence[Mark], index: int, name: str) -> None:
    if not marks:
        return
    known = marks[0].group == "catalogue"
    named = records(marks) if known else []
    chart.add_scatter(
        x=[m.published for m in marks],
        y=[m.number for m in marks],
        mode="markers+text",
        text=[wrapped(m.name, NAME_WIDTH) if m in named else "" for m in marks],
        legendrank=index,
        textposition=[_side(m, marks) for m in marks],
        textfont=HALO,
        cliponaxis=False,
        name=name,
        marker={
            "color": SERIES[index],
            "symbol": SYMBOLS[index],
            "size": 10 if known else 7,
            "opacity": 0.9 if known else 0.65,
        },
        hovertext=[f"{m.name}<br>{m.published.isoformat()}<br><b>{m.says}</b>" for m in marks],
        hoverinfo="text",
    )
