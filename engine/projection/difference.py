"""What made the difference between two scenarios, choice by choice.

Changing choices one after the other credits whichever comes first with what they do
together. Shapley's value is the average over all orders: each choice gets its part, and
the parts add up to the whole difference.

Source: Shapley 1953, "A Value for n-Person Games", https://doi.org/10.1515/9781400881970-018
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import factorial

import numpy as np
import numpy.typing as npt

from engine.projection import Evidence, project
from engine.projection.evidence import NO_EVIDENCE
from engine.projection.working import estimates
from engine.records import BadInput, Projection
from engine.scenario import Scenario, has_bounds

Array = npt.NDArray[np.float64]

MOST_CHOICES = 14
"""More make too many combinations: 2 to the power of this many are worked out."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One number in two scenarios, and what each differing choice contributed."""

    path: str
    before: float
    after: float
    parts: Mapping[str, float]
    """By Scenario field, largest first; they sum to `after - before`."""


def differing(before: Scenario, after: Scenario) -> tuple[str, ...]:
    """Choices that differ, in the order a scenario has them."""
    one, other = before.model_dump(), after.model_dump()
    return tuple(name for name in one if one[name] != other[name])


def difference(
    before: Scenario,
    after: Scenario,
    paths: Sequence[str] = ("total.cost_usd",),
    evidence: Evidence = NO_EVIDENCE,
) -> tuple[Difference, ...]:
    """How much each differing choice contributed to each number.

    Raises:
        BadInput: a number is unknown on the way, or too many choices differ.
    """
    names = differing(before, after)
    if len(names) > MOST_CHOICES:
        raise BadInput(
            f"{len(names)} choices differ; at most {MOST_CHOICES} can be told apart. "
            "Compare with a scenario in between."
        )
    values = _every_mixture(before, after, names, paths, evidence)
    return tuple(_difference(path, names, values[path]) for path in paths)


def shapley_values(worth: Array) -> Array:
    """Shapley's values of `n` players from the worth of each coalition.

    Args:
        worth: shape (2, ...) * n: index 1 on an axis where that player takes part.

    Returns:
        Shape (n,): the parts, which sum to the worth of all less that of none.
    """
    count = worth.ndim
    if count == 0:
        return np.zeros(0)
    others = np.indices((2,) * (count - 1)).sum(axis=0) if count > 1 else np.zeros(())
    weights = np.array(
        [factorial(k) * factorial(count - 1 - k) / factorial(count) for k in range(count)]
    )[others.astype(int)]
    return np.array(
        [
            np.sum(weights * (np.take(worth, 1, axis) - np.take(worth, 0, axis)))
            for axis in range(count)
        ]
    )


def _difference(path: str, names: Sequence[str], worth: Array) -> Difference:
    parts = dict(zip(names, shapley_values(worth).tolist(), strict=True))
    return Difference(
        path=path,
        before=float(worth[(0,) * worth.ndim]),
        after=float(worth[(1,) * worth.ndim]),
        parts=dict(sorted(parts.items(), key=lambda item: -abs(item[1]))),
    )


def _every_mixture(
    before: Scenario,
    after: Scenario,
    names: Sequence[str],
    paths: Sequence[str],
    evidence: Evidence,
) -> dict[str, Array]:
    """Each number with every subset of the choices changed, shape (2,) * choices."""
    one, other = before.model_dump(), after.model_dump()
    numeric = [n for n in names if has_bounds(n) and None not in (one[n], other[n])]
    discrete = [n for n in names if n not in numeric]
    grids = np.meshgrid(*(np.array([one[n], other[n]]) for n in numeric), indexing="ij")
    arrays: dict[str, object] = dict(zip(numeric, grids, strict=True))
    shape = (2,) * len(numeric)
    found = {path: np.empty((2,) * len(discrete) + shape) for path in paths}
    for taken in product((0, 1), repeat=len(discrete)):
        choices = {n: (other if yes else one)[n] for n, yes in zip(discrete, taken, strict=True)}
        answer = project(before.replace(**choices, **arrays), evidence)
        for path, value in _numbers(answer, paths):
            found[path][taken] = np.broadcast_to(value, shape)
    order = [[*discrete, *numeric].index(name) for name in names]
    return {path: table.transpose(order) for path, table in found.items()}


def _numbers(answer: Projection, paths: Sequence[str]) -> Iterator[tuple[str, Array]]:
    known = dict(estimates(answer))
    for path in paths:
        if path not in known:
            raise BadInput(f"No number {path!r} in a projection. See `modelworth project --json`.")
        value = known[path].value
        if value is None:
            raise BadInput(
                f"{path} is unknown for one of the scenarios or a mixture of them, so what made "
                "the difference cannot be told. `modelworth project` says what is missing."
            )
        yield path, np.asarray(value, dtype=np.float64)
