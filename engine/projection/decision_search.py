"""Best of many blocks: what is never better is left out, all the rest is compared.

A way to train (or to serve) that costs no less than another in every sum, size and place, and is
no better in any number that counts, cannot be in a best plan. What counts are the goal, every
limit and the total cost, so that leaving it out holds for any value of the limits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from engine.projection.decision_blocks import PLACE, SERVE, SIZE, TRAIN, Block, Parts
from engine.projection.decision_options import undominated

Array = npt.NDArray[np.float64]

COST = "total.cost_usd"
SAME_RATIO = 1e-12
"""Goals that differ by less are equal, and the cheaper plan is taken."""


class Limit(NamedTuple):
    """One number that must be at most (or at least) so much."""

    path: str
    at_most: bool
    bound_number: float

    @property
    def sign(self) -> float:
        """1 where less is better, else -1."""
        return 1.0 if self.at_most else -1.0

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


@dataclass(frozen=True)
class Cell:
    """The best combination of one block."""

    goal_number: float
    """Less is better."""
    cost_usd: float
    block: Block
    index: tuple[int, ...]

    @property
    def order(self) -> tuple[float, float]:
        """Goal first, then the cheaper."""
        cost = self.cost_usd if np.isfinite(self.cost_usd) else np.inf
        return self.goal_number, cost

    @property
    def changes(self) -> dict[str, object]:
        """What it chooses, by Scenario field."""
        block, index = self.block, self.index
        found = dict(block.changes)
        found |= dict(block.trainings[index[TRAIN]]) | dict(block.servings[index[SERVE]])
        found["place"] = block.places[index[PLACE]]
        size = block.sizes_billion[index[SIZE]]
        return found if size is None else found | {"parameters_billion": size}


def value(parts: Parts) -> Array:
    """A number of every combination of a block."""
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def number(cell: Cell, path: str) -> float:
    """One number of a combination."""
    whole = np.broadcast_to(value(cell.block.columns[path]), shape(cell.block))
    return float(whole[cell.index])


def signs(goal: Goal, limits: Sequence[Limit]) -> dict[str, set[float]]:
    """Which way each number that counts is better."""
    found: dict[str, set[float]] = {COST: {1.0}}
    for path, sign in [(goal.path, goal.sign), *((limit.path, limit.sign) for limit in limits)]:
        found.setdefault(path, set()).add(sign)
    return found


def pruned(block: Block, counting: Mapping[str, set[float]]) -> Block | None:
    """The block without ways to train and to serve that others beat; None where nothing fits."""
    for axis in (TRAIN, SERVE):
        kept = _kept(block, counting, axis)
        if not kept.size:
            return None
        block = _only(block, axis, kept)
    return block


def _kept(block: Block, counting: Mapping[str, set[float]], axis: int) -> npt.NDArray[np.intp]:
    length = len(block.trainings if axis == TRAIN else block.servings)
    fits = block.fits[0 if axis == TRAIN else 1]
    columns = [np.where(fits > 0, 0.0, np.inf)]
    for path, ways in counting.items():
        moved = [part for part in block.columns[path] if part.shape[axis] > 1]
        columns += [np.where(np.isnan(p), np.inf, sign * p) for p in moved for sign in ways]
    rows = [np.moveaxis(c, axis, 0).reshape(c.shape[axis], -1) for c in columns]
    values = np.concatenate([np.broadcast_to(r, (length, r.shape[1])) for r in rows], axis=1)
    possible = np.flatnonzero(np.broadcast_to(_any(fits, axis), (length,)))
    return possible[undominated(values[possible])]


def _any(fits: Array, axis: int) -> npt.NDArray[np.bool_]:
    return np.asarray((np.moveaxis(fits, axis, 0).reshape(fits.shape[axis], -1) > 0).any(axis=1))


def _only(block: Block, axis: int, kept: npt.NDArray[np.intp]) -> Block:
    def cut(part: Array) -> Array:
        return part.take(kept, axis) if part.shape[axis] > 1 else part

    options = block.trainings if axis == TRAIN else block.servings
    fits = tuple(cut(f) for f in block.fits)
    columns = {path: tuple(cut(p) for p in parts) for path, parts in block.columns.items()}
    left = tuple(options[i] for i in kept)
    if axis == TRAIN:
        return replace(block, columns=columns, fits=fits, trainings=left)
    return replace(block, columns=columns, fits=fits, servings=left)


def best(block: Block, goal: Goal, limits: Sequence[Limit]) -> Cell | None:
    """The best combination that keeps every limit; of equal ones the cheapest, then the first."""
    possible = _possible(block, limits)
    if not possible.any():
        return None
    whole = shape(block)
    aim = np.broadcast_to(goal.sign * value(block.columns[goal.path]), whole)
    aim = np.where(possible & ~np.isnan(aim), aim, np.inf)
    lowest = aim.min()
    if not np.isfinite(lowest):
        return None
    cost = np.broadcast_to(value(block.columns[COST]), whole)
    tied = aim <= lowest + SAME_RATIO * abs(lowest)
    index = np.unravel_index(np.argmin(np.where(tied & ~np.isnan(cost), cost, np.inf)), whole)
    if not tied[index]:
        index = np.unravel_index(np.argmax(tied), whole)
    return Cell(float(aim[index]), float(cost[index]), block, tuple(int(i) for i in index))


def lowest(block: Block, goal: Goal) -> float:
    """The goal of the best combination if there were no limits; infinite where none is known."""
    found = float(np.fmin.reduce(goal.sign * value(block.columns[goal.path]), axis=None))
    return np.inf if np.isnan(found) else found


def shape(block: Block) -> tuple[int, ...]:
    """How many sizes, ways to train, ways to serve and places are left in a block."""
    parts = [p for column in block.columns.values() for p in column]
    return np.broadcast_shapes(*(p.shape for p in (*parts, *block.fits)))


def _possible(block: Block, limits: Sequence[Limit]) -> npt.NDArray[np.bool_]:
    """Which combinations fit into memory and keep every limit; unknown keeps none."""
    possible = np.broadcast_to((block.fits[0] > 0) & (block.fits[1] > 0), shape(block))
    for limit in limits:
        found = limit.sign * value(block.columns[limit.path])
        possible = possible & (found <= limit.sign * limit.bound_number)
    return possible


def points(
    block: Block, paths: Sequence[str], limits: Sequence[Limit]
) -> Iterator[tuple[Array, npt.NDArray[np.intp]]]:
    """Numbers of the possible combinations, shape (points, paths), all known; and positions."""
    possible = _possible(block, limits)
    where = np.flatnonzero(possible)
    if where.size:
        numbers = [np.broadcast_to(value(block.columns[p]), possible.shape) for p in paths]
        found = np.stack([n.ravel()[where] for n in numbers], axis=1)
        known = ~np.isnan(found).any(axis=1)
        yield found[known], where[known]


def at(block: Block, position: int) -> tuple[int, ...]:
    """Index of a combination from its position."""
    return tuple(int(i) for i in np.unravel_index(position, shape(block)))
