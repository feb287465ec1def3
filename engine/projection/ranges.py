"""90 % ranges of everything projected, from the ranges of what it rests on.

Every input with a range of its own is moved to its low and its high, one at a time, and the
formulas are worked out again; the deviations of the result add up as the root of the sum of
squares, those upwards and those downwards apart; as logarithms where the result is positive.
All moves of all inputs go through each formula at once, as one more axis in front. An input
that is used twice moves in both places, so that what cancels out cancels out.

A number that already has a range (from the residuals of a fit) keeps it.

Source: JCGM 100:2008, "Guide to the expression of uncertainty in measurement", section 5.1,
https://www.bipm.org/en/committees/jc/jcgm/publications
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.projection.working import estimates
from engine.records import Estimate, Projection
from engine.units import Float

Array = npt.NDArray[np.float64]

MOST_VALUES_AT_ONCE = 200_000
"""Of one number at all its moves: bounds the memory that large arrays of scenarios take."""
MOST_TIMES_LESS = 1e3
"""A move to nothing, or below, counts as one to a thousandth."""


def with_ranges(projection: Projection) -> Projection:
    """The same projection with `low` and `high` on every number whose inputs have a range.

    What rests on choices and on facts without a range alone keeps none.
    """
    shown = [e for _, e in estimates(projection) if e.known]
    found = ranged(shown)
    answer: Projection = _rebuilt(projection, {id(e): r for e, r in zip(shown, found, strict=True)})
    return answer


def ranged(shown: Sequence[Estimate]) -> list[Estimate]:
    """Each Estimate with its range; as it came where nothing it rests on has one."""
    moved = list(_uncertain(shown).items())
    if not moved:
        return list(shown)
    values = [np.asarray(e.value) for e in shown]
    dimensions = max(value.ndim for value in values)
    size = max(value.size for value in values)
    at_once = max(MOST_VALUES_AT_ONCE // (2 * size), 1)
    spreads = [_Spread() for _ in shown]
    for start in range(0, len(moved), at_once):
        moves = _Moves(dict(moved[start : start + at_once]), dimensions)
        for estimate, spread in zip(shown, spreads, strict=True):
            spread.add(estimate.value, moves.value(estimate))
    return [s.around(e) for e, s in zip(shown, spreads, strict=True)]


def _has_range(estimate: Estimate) -> bool:
    return estimate.low is not None and estimate.high is not None


def _identity(estimate: Estimate) -> Hashable:
    """Equal facts are one input, wherever they are used."""
    if isinstance(estimate.value, np.ndarray) or estimate.inputs:
        return id(estimate)
    return estimate.kind, estimate.source, estimate.note, estimate.value, str(estimate.low)


def _uncertain(shown: Iterable[Estimate]) -> dict[Hashable, Estimate]:
    """Everything with a range of its own that the numbers rest on."""
    found: dict[Hashable, Estimate] = {}
    seen: set[int] = set()
    waiting = list(shown)
    while waiting:
        estimate = waiting.pop()
        if id(estimate) in seen:
            continue
        seen.add(id(estimate))
        if _has_range(estimate):
            found.setdefault(_identity(estimate), estimate)
        else:
            waiting += [part for _, part in estimate.inputs]
    return found


@dataclass
class _Moves:
    """Some inputs, each at its low and its high while the others stay; and what follows."""

    moved: dict[Hashable, Estimate]
    dimensions: int
    known: dict[int, Float | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.places = {key: 2 * i for i, key in enumerate(self.moved)}

    def value(self, estimate: Estimate) -> Float | None:
        """Values at all moves, an axis in front; the plain value where nothing changes it."""
        key = id(estimate)
        if key not in self.known:
            self.known[key] = self._worked_out(estimate)
        return self.known[key]

    def _worked_out(self, estimate: Estimate) -> Float | None:
        if _has_range(estimate):
            return self._moved(estimate)
        if not estimate.inputs or estimate.value is None:
            return estimate.value
        parts = {name: self.value(part) for name, part in estimate.inputs}
        same = all(parts[name] is part.value for name, part in estimate.inputs)
        formula = None if same else formula_of(estimate.formula, tuple(parts))
        return estimate.value if formula is None else formula(**parts)

    def _moved(self, estimate: Estimate) -> Float | None:
        place = self.places.get(_identity(estimate))
        if place is None:
            return estimate.value
        shape = np.asarray(estimate.value).shape
        shape = (1,) * (self.dimensions - len(shape)) + shape
        values = np.empty((2 * len(self.places), *shape))
        values[:] = estimate.value
        values[place], values[place + 1] = estimate.low, estimate.high
        return values


@cache
def formula_of(name: str, arguments: tuple[str, ...]) -> Callable[..., Any] | None:
    """The function an Estimate names as its formula; None where it does not take its inputs."""
    module, _, function = name.rpartition(".")
    found: Callable[..., Any] | None = getattr(
        importlib.import_module(f"engine.projection.{module}"), function, None
    )
    try:
        inspect.signature(found or formula_of).bind(**dict.fromkeys(arguments))
    except TypeError:
        return None
    return found


@dataclass
class _Spread:
    """Sums of squared deviations of one number, down and up."""

    down: Float = 0.0
    up: Float = 0.0

    def add(self, middle: Float | None, values: Float | None) -> None:
        """Takes in the number at all moves of some inputs."""
        if values is middle or middle is None or values is None:
            return
        for change in _changes(middle, np.asarray(values)):
            self.down = self.down + np.maximum(-change, 0.0) ** 2
            self.up = self.up + np.maximum(change, 0.0) ** 2

    def around(self, estimate: Estimate) -> Estimate:
        """The Estimate with the range that the deviations make."""
        moves = bool(np.any(self.down)) or bool(np.any(self.up))
        if not moves or _has_range(estimate) or estimate.value is None:
            return estimate
        ends = [_end(estimate.value, -np.sqrt(self.down)), _end(estimate.value, np.sqrt(self.up))]
        low, high = (float(end) if np.ndim(end) == 0 else end for end in ends)
        return replace(estimate, low=low, high=high)


def _changes(middle: Float, values: Array) -> Iterator[Array]:
    """Of each input's two moves the deviation furthest down, then that furthest up."""
    middle = np.asarray(middle, dtype=np.float64)
    ratio = np.maximum(values / np.where(middle > 0, middle, 1.0), 1.0 / MOST_TIMES_LESS)
    change = np.where(middle > 0, np.log(ratio), values - middle)
    change = np.where(np.isfinite(change), change, 0.0)
    pairs = change.reshape(-1, 2, *change.shape[1:])
    yield from np.minimum(pairs.min(axis=1), 0.0)
    yield from np.maximum(pairs.max(axis=1), 0.0)


def _end(middle: Float, change: Float) -> Float:
    positive = np.asarray(middle) > 0
    return np.where(positive, middle * np.exp(np.where(positive, change, 0.0)), middle + change)


def _rebuilt(record: Any, found: dict[int, Estimate]) -> Any:
    if isinstance(record, Estimate):
        return found.get(id(record), record)
    if not is_dataclass(record) or isinstance(record, type):
        return record
    changes = {f.name: _rebuilt(getattr(record, f.name), found) for f in fields(record)}
    return replace(record, **changes)
