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
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
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
    answer: Projection = rebuilt(projection, {id(e): r for e, r in zip(shown, found, strict=True)})
    return answer


def ranged(shown: Sequence[Estimate]) -> list[Estimate]:
    """Each Estimate with its range; as it came where nothing it rests on has one."""
    moved = list(uncertain(shown).items())
    if not moved:
        return list(shown)
    values = [np.asarray(e.value) for e in shown]
    dimensions = max(value.ndim for value in values)
    size = max(value.size for value in values)
    at_once = max(MOST_VALUES_AT_ONCE // (2 * size), 1)
    spreads = [_Spread() for _ in shown]
    for start in range(0, len(moved), at_once):
        moves = _moves(moved[start : start + at_once], dimensions)
        for estimate, spread in zip(shown, spreads, strict=True):
            spread.add(estimate.value, moves.value(estimate))
    return [s.around(e) for e, s in zip(shown, spreads, strict=True)]


def has_range(estimate: Estimate) -> bool:
    """Whether a number has a range of its own."""
    return estimate.low is not None and estimate.high is not None


def identity(estimate: Estimate) -> Hashable:
    """Equal facts are one input, wherever they are used."""
    if isinstance(estimate.value, np.ndarray) or estimate.inputs:
        return id(estimate)
    return estimate.kind, estimate.source, estimate.note, estimate.value, str(estimate.low)


def uncertain(shown: Iterable[Estimate]) -> dict[Hashable, Estimate]:
    """Everything with a range of its own that the numbers rest on."""
    found: dict[Hashable, Estimate] = {}
    seen: set[int] = set()
    waiting = list(shown)
    while waiting:
        estimate = waiting.pop()
        if id(estimate) in seen:
            continue
        seen.add(id(estimate))
        if has_range(estimate):
            found.setdefault(identity(estimate), estimate)
        else:
            waiting += [part for _, part in estimate.inputs]
    return found


@dataclass
class Reworked:
    """Numbers worked out again from other values of some inputs."""

    given: Mapping[Hashable, Float]
    """By `identity` of an input with a range, or by `id` of any leaf."""
    known: dict[int, Float | None] = field(default_factory=dict)

    def value(self, estimate: Estimate) -> Float | None:
        """What follows from the values given; the plain value where nothing changes it."""
        key = id(estimate)
        if key not in self.known:
            self.known[key] = self._worked_out(estimate)
        return self.known[key]

    def _worked_out(self, estimate: Estimate) -> Float | None:
        if has_range(estimate):
            own = self.given.get(id(estimate))
            return self.given.get(identity(estimate), estimate.value) if own is None else own
        if not estimate.inputs or estimate.value is None:
            return self.given.get(id(estimate), estimate.value)
        parts = {name: self.value(part) for name, part in estimate.inputs}
        same = all(parts[name] is part.value for name, part in estimate.inputs)
        formula = None if same else formula_of(estimate.formula, tuple(parts))
        return estimate.value if formula is None else formula(**parts)


def _moves(moved: Sequence[tuple[Hashable, Estimate]], dimensions: int) -> Reworked:
    """Each of some inputs at its low and its high while the others stay, an axis in front."""
    given: dict[Hashable, Float] = {}
    for place, (key, estimate) in enumerate(moved):
        shape = np.asarray(estimate.value).shape
        shape = (1,) * (dimensions - len(shape)) + shape
        values = np.empty((2 * len(moved), *shape))
        values[:] = estimate.value
        values[2 * place], values[2 * place + 1] = estimate.low, estimate.high
        given[key] = values
    return Reworked(given)


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
        lowest, highest = _changes(middle, np.asarray(values))
        self.down = self.down + (lowest**2).sum(axis=0)
        self.up = self.up + (highest**2).sum(axis=0)

    def around(self, estimate: Estimate) -> Estimate:
        """The Estimate with the range that the deviations make."""
        moves = bool(np.any(self.down)) or bool(np.any(self.up))
        if not moves or has_range(estimate) or estimate.value is None:
            return estimate
        ends = [_end(estimate.value, -np.sqrt(self.down)), _end(estimate.value, np.sqrt(self.up))]
        low, high = (float(end) if np.ndim(end) == 0 else end for end in ends)
        return estimate._replace(low=low, high=high)


def _changes(middle: Float, values: Array) -> tuple[Array, Array]:
    """Of each input's two moves the deviation furthest down, and that furthest up."""
    middle = np.asarray(middle, dtype=np.float64)
    ratio = np.maximum(values / np.where(middle > 0, middle, 1.0), 1.0 / MOST_TIMES_LESS)
    change = np.where(middle > 0, np.log(ratio), values - middle)
    change = np.where(np.isfinite(change), change, 0.0)
    pairs = change.reshape(-1, 2, *change.shape[1:])
    return np.minimum(pairs.min(axis=1), 0.0), np.maximum(pairs.max(axis=1), 0.0)


def _end(middle: Float, change: Float) -> Float:
    positive = np.asarray(middle) > 0
    return np.where(positive, middle * np.exp(np.where(positive, change, 0.0)), middle + change)


def rebuilt(record: Any, found: Mapping[int, Estimate]) -> Any:
    """A record with some of its Estimates, by `id`, replaced."""
    if isinstance(record, Estimate):
        return found.get(id(record), record)
    if not is_dataclass(record) or isinstance(record, type):
        return record
    changes = {f.name: rebuilt(getattr(record, f.name), found) for f in fields(record)}
    return replace(record, **changes)
