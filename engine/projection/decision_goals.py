"""What a decision aims at, and within what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Kept = npt.NDArray[np.bool_]

COST = "total.cost_usd"
NPV = "worth.npv_usd"
"""Net present value in the use that the question names."""


class Limit(NamedTuple):
    """One number that must be at most (or at least) so much."""

    path: str
    at_most: bool
    bound_number: float

    @property
    def sign(self) -> float:
        """1 where less is better, else -1."""
        return 1.0 if self.at_most else -1.0

    def kept(self, value: Array) -> Kept:
        """Where it is kept; what is not known keeps none."""
        return self.sign * value <= self.sign * self.bound_number

    def __str__(self) -> str:
        return f"{self.path} {'<=' if self.at_most else '>='} {self.bound_number:g}"


class Goal(NamedTuple):
    """One number to make as small (or as large) as can be."""

    path: str
    is_largest: bool

    @property
    def sign(self) -> float:
        """1 where less is better, else -1."""
        return -1.0 if self.is_largest else 1.0


def signs(goal: Goal, limits: Sequence[Limit]) -> dict[str, set[float]]:
    """Which way each number that counts is better."""
    found: dict[str, set[float]] = {COST: {1.0}}
    for path, sign in [(goal.path, goal.sign), *((limit.path, limit.sign) for limit in limits)]:
        found.setdefault(path, set()).add(sign)
    return found
