"""Colours by meaning, and what every figure shares.

One set serves light and dark: each colour stands out from both backgrounds by at
least 3 to 1, and any two that meet in a figure differ for colour-blind readers too
(after Okabe and Ito, https://jfly.uni-koeln.de/color/). Text and grid lines are the
page's own and follow its theme.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import plotly.graph_objects as go

from engine.records import Kind

COLOURS = {
    "hardware": "#1a75bb",
    "electricity": "#c57b00",
    "storage": "#0d9276",
    "network": "#b85c96",
    "upkeep": "#7a5cc4",
    "carbon": "#7b8a92",
    "curve": "#1a75bb",
    "band": "rgba(26, 117, 187, 0.18)",
    "here": "#d1495b",
    "train": "#1a75bb",
    "held_out": "#c57b00",
    "roof": "#7b8a92",
    "measured": "#0d9276",
    "fit": "#7b8a92",
    "cheaper": "#0d9276",
    "dearer": "#c57b00",
}
SERIES = (
    "#1a75bb",
    "#c57b00",
    "#0d9276",
    "#b85c96",
    "#7b8a92",
    "#7a5cc4",
    "#a0522d",
    "#2f9fb3",
)
"""For things without a meaning of their own, in this order."""

SYMBOLS = (
    "circle",
    "square",
    "diamond",
    "triangle-up",
    "x",
    "cross",
    "triangle-down",
    "pentagon",
)
"""Beside SERIES, so that colour is never the only difference."""

BadgeColour = Literal["green", "blue", "violet", "orange", "gray"]
KIND_COLOURS: dict[Kind, BadgeColour] = {
    "chosen": "gray",
    "measured": "green",
    "published": "blue",
    "fitted": "violet",
    "assumed": "orange",
    "unknown": "gray",
}

TEMPLATE = go.layout.Template(
    layout={
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0},
        "colorway": SERIES,
        "hovermode": "closest",
        "xaxis": {"automargin": True, "fixedrange": True},
        "yaxis": {"automargin": True, "fixedrange": True},
    }
)

Say = Callable[[float], str]
"""Writes a number of one quantity in the reader's language."""

HALO = {"size": 12, "shadow": ", ".join(["0 0 3px Canvas"] * 3)}
"""Names among points: their rim is the page's own background, light or dark."""
LEAST_TICKS = 3
"""Fewer on a logarithmic axis would not tell how it runs."""
LEAST_ROUND_TICKS = 2
"""Nor would fewer on any other; on a phone more would not fit."""
LABEL_WIDTH = 22
"""Letters a line of a name beside a bar; more would leave a phone no room for the bar."""
_PIECES = re.compile(
    r"（?[^\s\u2e80-\uffff]+[）。，、：；？]*\s*|（?[\u2e80-\uffff][）。，、：；？]*|\s+"
)
_BEFORE_BRACKET = re.compile(r"(?=（)| (?=\()")


def wrapped(text: str, most: int = LABEL_WIDTH) -> str:
    """A long name in lines of like length, as Plotly breaks them.

    A Chinese character takes two letters' room; what stands in brackets stays together.
    """
    lines, halves = _lines(text, most), _BEFORE_BRACKET.split(text, maxsplit=1)
    if len(lines) == len(halves) == 2 and max(map(_width, halves)) <= most:
        return "<br>".join(halves)
    for narrower in range(most - 1, 0, -1):
        found = _lines(text, narrower)
        if len(found) > len(lines) or max(map(_width, found)) > narrower:
            break
        lines = found
    return "<br>".join(lines)


def _lines(text: str, most: int) -> list[str]:
    lines = [""]
    for piece in _PIECES.findall(text):
        if lines[-1] and _width(lines[-1]) + _width(piece.rstrip()) > most:
            lines.append("")
        lines[-1] += piece
    return [line.strip() for line in lines]


def _width(text: str) -> int:
    return sum(2 if letter >= "\u2e80" else 1 for letter in text)


def faded(colour: str, opacity: float = 0.15) -> str:
    """A colour of the form #rrggbb, let through for an area."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {opacity:g})"


def figure(height: int = 340) -> go.Figure:
    """An empty figure in the house template."""
    return go.Figure(layout={"template": TEMPLATE, "height": height})


class Sketch:
    """A figure put together as plain data, and checked once, when it is done.

    Adding to a Plotly figure part by part checks everything each time, which takes ten times
    as long: too long for what is drawn anew at every move of a slider.
    """

    def __init__(self, height: int = 340) -> None:
        self.data: list[dict[str, Any]] = []
        self.layout: dict[str, Any] = {"template": TEMPLATE, "height": height, "annotations": []}

    def add(self, kind: str, **trace: Any) -> None:
        """One more trace."""
        self.data.append({"type": kind, **trace})

    def note(self, **annotation: Any) -> None:
        """One more annotation."""
        self.layout["annotations"].append(annotation)

    def axis(self, name: str, *settings: Mapping[str, Any], title: str = "") -> None:
        """Settings of one axis, such as `xaxis` or `yaxis2`."""
        told = {"title": {"text": title}} if title else {}
        merged = {key: value for each in (*settings, told) for key, value in each.items()}
        self.layout.setdefault(name, {}).update(merged)

    def figure(self) -> go.Figure:
        """The figure."""
        return go.Figure({"data": self.data, "layout": self.layout})


def log_ticks(low: float, high: float, say: Say, most: int = 7) -> dict[str, object]:
    """Axis settings for a logarithmic axis labelled in the reader's own words."""
    unit = 1.0 / getattr(say, "shown_per_unit", 1.0)
    first, last = math.floor(math.log10(low / unit)), math.ceil(math.log10(high / unit))
    stride = max(1, math.ceil((last - first) / most))
    denser = (1, (1,)) if stride > 1 else (1, (1, 3))
    is_short = last - first <= most // 3 + 1
    for every, steps in ((1, (1, 2, 5)),) if is_short else ((stride, (1,)), denser):
        values = [
            step * 10.0**power * unit
            for power in range(first, last + 1, every)
            for step in steps
            if low <= step * 10.0**power * unit <= high
        ]
        if len(values) >= LEAST_TICKS:
            break
    return _ticks(values, say) | {"type": "log", "range": [math.log10(low), math.log10(high)]}


def linear_ticks(low: float, high: float, say: Say, most: int = 5) -> dict[str, object]:
    """Axis settings for a linear axis labelled in the reader's own words."""
    values: list[float] = []
    while len(values) < LEAST_ROUND_TICKS:
        step = round_step((high - low) / most, say)
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        values = [index * step for index in range(first, last + 1)]
        most += 1
    return _ticks(values, say) | {"range": [low, high]}


def round_step(rough: float, say: Say) -> float:
    """The next round step from here on, round in the unit that `say` writes."""
    unit = 1.0 / getattr(say, "shown_per_unit", 1.0)
    power = 10.0 ** math.floor(math.log10(rough / unit))
    return next(power * nice * unit for nice in (1, 2, 5, 10) if power * nice * unit >= rough)


def _ticks(values: Sequence[float], say: Say) -> dict[str, object]:
    return {"tickvals": list(values), "ticktext": [say(value) for value in values]}
