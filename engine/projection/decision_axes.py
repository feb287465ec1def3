"""Arrays of a decision: each has four axes, and broadcasts along those it does not depend on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce

import numpy as np
import numpy.typing as npt

from engine.records import BadInput, Bill, Estimate
from engine.scenario import Scenario

Array = npt.NDArray[np.float64]
Parts = tuple[Array, ...]
"""Arrays that add up; each has four axes and broadcasts: sizes, training, serving, places."""

SIZE, TRAIN, SERVE, PLACE = range(4)


def with_choices(scenario: Scenario, changes: Mapping[str, object]) -> Scenario:
    """The scenario with choices changed that need no checking: the catalogue's own."""
    return scenario.model_copy(update=dict(changes))


def along(values: Array, axis: int) -> Array:
    """Values along one of the four axes."""
    shape = [1, 1, 1, 1]
    shape[axis] = -1
    return np.asarray(values, dtype=np.float64).reshape(shape)


def four(value: object) -> Array:
    """A number or array with all four axes; unknown is NaN."""
    array = np.asarray(np.nan if value is None else value, dtype=np.float64)
    return array.reshape((1,) * (4 - array.ndim) + array.shape)


def least(hours: Array, fits: Array) -> float:
    """Fewest hours of what fits; infinite where nothing does, 0 where they are not known."""
    return float(np.where(fits > 0, np.nan_to_num(hours, nan=0.0), np.inf).min())


def summed(bills: Iterable[Bill], name: str) -> Array:
    """One number of all bills together."""
    return reduce(np.add, [four(getattr(bill, name).value) for bill in bills])


def found_in(record: object, name: str, path: str) -> Estimate:
    """The Estimate at a dotted name.

    Raises:
        BadInput: there is none.
    """
    found = record
    for part in name.split("."):
        found = getattr(found, part, None)
    if not isinstance(found, Estimate):
        raise BadInput(f"No number {path!r} in a projection. See `modelworth project --json`.")
    return found


def value(parts: Parts) -> Array:
    """A number of every combination of a block."""
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total
