"""Figures drawn as vectors without a browser: the traces and axes that our charts are made of."""

import html
import math
import re
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from reportlab.graphics.shapes import Circle, Drawing, Line, Polygon, PolyLine, Rect, String
from reportlab.lib.colors import Color, HexColor, black

WIDTH, HEIGHT = 480.0, 220.0
LEFT, RIGHT, TOP, BOTTOM = 84.0, 16.0, 26.0, 38.0
SMALL = 8.0
GRID = HexColor("#d5dce3")
_RGBA = re.compile(r"rgba\((\d+), ?(\d+), ?(\d+), ?([\d.]+)\)")


class _Scale(NamedTuple):
    """From a number to points on paper."""

    low: float
    high: float
    start: float
    length: float
    is_log: bool

    def at(self, value: float) -> float:
        """Where it stands; what is beyond the axis stands at its end."""
        known = math.log10(value) if self.is_log else value
        share = (known - self.low) / (self.high - self.low)
        return self.start + min(max(share, 0.0), 1.0) * self.length


def _scale(axis: Any, start: float, length: float) -> _Scale:
    low, high = axis.range
    return _Scale(low, high, start, length, axis.type == "log")


def drawing(figure: go.Figure, font: str) -> Drawing:
    """The figure, 480 points wide: stacked bars, lines, bands and points."""
    bars = [trace for trace in figure.data if trace.type == "bar"]
    return _bars(figure, bars, font) if bars else _curves(figure, font)


def _bars(figure: go.Figure, bars: list[Any], font: str) -> Drawing:
    names = list(dict.fromkeys(name for bar in bars for name in bar.y))
    height = TOP + BOTTOM + 30.0 * len(names)
    paper = Drawing(WIDTH, height)
    axis = figure.layout.xaxis
    x = _scale(axis, LEFT, WIDTH - LEFT - RIGHT)
    _ticks_below(paper, axis, x, height, font)
    rows = {name: height - TOP - 30.0 * (place + 1) + 7.0 for place, name in enumerate(names)}
    for name, y in rows.items():
        _say(paper, name, (LEFT - 6, y + 5), font, "end")
        _stack(paper, bars, name, (x, y))
    for note in figure.layout.annotations:
        _say(paper, _plain(note.text), (x.at(note.x) + 6, rows[note.y] + 5), font)
    _legend(paper, [(bar.name, bar.marker.color) for bar in bars], height, font)
    return paper


def _stack(paper: Drawing, bars: list[Any], name: str, at: tuple[_Scale, float]) -> None:
    x, y = at
    reached = 0.0
    for bar in bars:
        place = list(bar.y).index(name)
        amount = float(bar.x[place] or 0.0)
        begin = reached if bar.base is None else float(np.atleast_1d(bar.base)[place])
        reached = begin + amount
        start, end = x.at(begin), x.at(reached)
        colour = _colour(bar.marker.color)
        paper.add(Rect(start, y, end - start, 16, fillColor=colour, strokeColor=None))


def _curves(figure: go.Figure, font: str) -> Drawing:
    paper = Drawing(WIDTH, HEIGHT)
    x_axis, y_axis = figure.layout.xaxis, figure.layout.yaxis
    x = _scale(x_axis, LEFT, WIDTH - LEFT - RIGHT)
    y = _scale(y_axis, BOTTOM, HEIGHT - BOTTOM - TOP)
    _ticks_below(paper, x_axis, x, HEIGHT, font)
    for value, text in zip(y_axis.tickvals or (), y_axis.ticktext or (), strict=True):
        paper.add(Line(LEFT, y.at(value), WIDTH - RIGHT, y.at(value), strokeColor=GRID))
        _say(paper, text, (LEFT - 6, y.at(value) - 3), font, "end")
    _say(paper, y_axis.title.text or "", (4, HEIGHT - 10), font)
    _say(paper, x_axis.title.text or "", (WIDTH - RIGHT, 6), font, "end")
    before: list[tuple[float, float]] = []
    for trace in figure.data:
        points = _points(trace, x, y)
        _trace(paper, trace, points, before)
        before = points
    named = [(t.name, _paint(t)) for t in figure.data if t.name and t.showlegend is not False]
    _legend(paper, named, HEIGHT, font, start=WIDTH / 3)
    return paper


def _points(trace: Any, x: _Scale, y: _Scale) -> list[tuple[float, float]]:
    pairs = zip(trace.x, trace.y, strict=True)
    return [(x.at(float(a)), y.at(float(b))) for a, b in pairs if _drawn(a) and _drawn(b)]


def _drawn(value: object) -> bool:
    return value is not None and bool(np.isfinite(float(value)))  # type: ignore[arg-type]


def _trace(
    paper: Drawing,
    trace: Any,
    points: list[tuple[float, float]],
    before: list[tuple[float, float]],
) -> None:
    around = points + (before[::-1] if trace.fill == "tonexty" else [])
    if trace.fill in ("toself", "tonexty") and around:
        flat = [part for point in around for part in point]
        paper.add(Polygon(flat, fillColor=_colour(trace.fillcolor), strokeColor=None))
    if "lines" in (trace.mode or "lines") and trace.line.width != 0 and len(points) > 1:
        flat = [part for point in points for part in point]
        paper.add(PolyLine(flat, strokeColor=_colour(_paint(trace)), strokeWidth=1.6))
    if "markers" in (trace.mode or ""):
        for px, py in points:
            paper.add(Circle(px, py, 3, fillColor=_colour(_paint(trace)), strokeColor=None))


def _paint(trace: Any) -> str:
    return str(trace.line.color or trace.marker.color or trace.fillcolor or "#1a75bb")


def _ticks_below(paper: Drawing, axis: Any, x: _Scale, height: float, font: str) -> None:
    for value, text in zip(axis.tickvals or (), axis.ticktext or (), strict=True):
        place = x.at(value)
        paper.add(Line(place, BOTTOM - 4, place, height - TOP, strokeColor=GRID))
        _say(paper, text, (place, BOTTOM - 14), font, "middle")


def _legend(
    paper: Drawing, named: list[tuple[str, str]], height: float, font: str, start: float = LEFT
) -> None:
    place = start
    for name, colour in named:
        paper.add(Rect(place, height - 12, 8, 8, fillColor=_colour(colour), strokeColor=None))
        _say(paper, _plain(name), (place + 11, height - 11), font)
        place += 22 + SMALL * 0.55 * sum(2 if ord(sign) > 0x2E80 else 1 for sign in name)


def _say(
    paper: Drawing, text: str, at: tuple[float, float], font: str, anchor: str = "start"
) -> None:
    paper.add(String(*at, _plain(text), fontName=font, fontSize=SMALL, textAnchor=anchor,
                     fillColor=black))  # fmt: skip


def _plain(text: str) -> str:
    text = html.unescape(re.sub(r"<[^>]+>", "", text))
    return text.replace("−", "-").replace("₂", "2")


def _colour(text: str) -> Color:
    found = _RGBA.fullmatch(text)
    if found:
        red, green, blue = (int(part) / 255 for part in found.groups()[:3])
        return Color(red, green, blue, alpha=float(found[4]))
    return HexColor(text)
