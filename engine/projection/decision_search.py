"""Best of many blocks: what is never better is left out, all the rest is compared.

A way to train (or to serve) that costs no less than another in every sum, size and place, and is
no better in any number that counts, cannot be in a best plan. What counts are the goal, every
limit and the total cost, so that leaving it out holds for any value of the limits. Blocks are
looked at in rising order of the least they could reach, and no further than it can be the best.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush

import numpy as np
import numpy.typing as npt

from engine.projection.decision_axes import PLACE, SERVE, SIZE, TRAIN, value
from engine.projection.decision_blocks import NEAREST, Block, Draft
from engine.projection.decision_goals import COST, Goal, Limit
from engine.projection.decision_options import undominated

Array = npt.NDArray[np.float64]

SAME_RATIO = 1e-12
"""Goals that differ by less are equal, and the cheaper plan is taken."""


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


Needed = Callable[[float, int], bool]
"""Whether a block that can reach so much at best, by its place, has to be looked at."""


class Blocks:
    """All blocks of a decision, each made and pruned once it is looked at."""

    def __init__(self, drafts: Sequence[Draft], counting: Mapping[str, set[float]]) -> None:
        self.drafts, self._counting = drafts, counting
        self._made: dict[int, Block | None] = {}

    def at(self, place: int) -> Block | None:
        """One of them; None where nothing of it fits."""
        if place not in self._made:
            block = self.drafts[place].block()
            self._made[place] = None if block is None else pruned(block, self._counting)
        return self._made[place]

    def every(self) -> Iterator[tuple[int, Block]]:
        """Those in which anything fits."""
        for place in range(len(self.drafts)):
            if (block := self.at(place)) is not None:
                yield place, block

    def best_goal(self, goal: Goal, limits: Sequence[Limit]) -> float | None:
        """The best goal within the limits; blocks that could not reach it are not looked at."""
        found = np.inf

        def needed(least: float, _: int) -> bool:
            return least <= found

        for place in self._promising(goal, limits, needed):
            if (cell := self._best(place, goal, limits)) is not None:
                found = min(found, cell.goal_number)
        return None if np.isinf(found) else float(found)

    def best_cells(self, goal: Goal, limits: Sequence[Limit]) -> list[Cell]:
        """The best of each block, best first."""
        cells = [self._best(place, goal, limits) for place, _ in self.every()]
        return sorted((cell for cell in cells if cell), key=lambda cell: cell.order)

    def best_by(self, name: str, goal: Goal, limits: Sequence[Limit], count: int) -> list[Cell]:
        """The best of each model, or of each hardware, best first; as many as are asked for.

        A block is not looked at where its own kind, or enough others, are better already.
        """
        firsts: dict[object, tuple[tuple[float, float], int, Cell]] = {}

        def needed(least: float, place: int) -> bool:
            held = sorted(first[0][0] for first in firsts.values())
            own = firsts.get(self.drafts[place].changes[name])
            enough = len(held) >= count and least > held[count - 1]
            return not enough and (own is None or least <= own[0][0])

        for place in self._promising(goal, limits, needed):
            if (cell := self._best(place, goal, limits)) is not None:
                entry, key = (cell.order, place, cell), cell.block.changes[name]
                firsts[key] = min(firsts.get(key, entry), entry, key=lambda each: each[:2])
        best_first = sorted(firsts.values(), key=lambda each: each[:2])
        return [cell for *_, cell in best_first[:count]]

    def _promising(self, goal: Goal, limits: Sequence[Limit], needed: Needed) -> Iterator[int]:
        """Places of the blocks that are needed, the most promising first."""
        if goal != Goal(COST, is_largest=False):
            least = sorted((lowest(block, goal), place) for place, block in self.every())
            yield from (place for low, place in least if needed(low, place))
            return
        waiting = [
            (draft.floor_usd(0), 0, place)
            for place, draft in enumerate(self.drafts)
            if not draft.is_ruled_out(limits)
        ]
        heapify(waiting)
        while waiting:
            low, nearness, place = heappop(waiting)
            if np.isinf(low) or not needed(low, place):
                continue
            if nearness == NEAREST:
                yield place
            else:
                nearer = self.drafts[place].floor_usd(nearness + 1)
                heappush(waiting, (nearer, nearness + 1, place))

    def _best(self, place: int, goal: Goal, limits: Sequence[Limit]) -> Cell | None:
        if place not in self._made and not self.drafts[place].could_keep(limits):
            return None
        block = self.at(place)
        return None if block is None else best(block, goal, limits)


def number(cell: Cell, path: str) -> float:
    """One number of a combination."""
    whole = np.broadcast_to(value(cell.block.columns[path]), shape(cell.block))
    return float(whole[cell.index])


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
    columns = [_rows(np.where(fits > 0, 0.0, np.inf), axis)]
    if len(columns[0]) < length:
        columns[0] = np.repeat(columns[0], length, axis=0)
    for path, ways in counting.items():
        moved = [_rows(part, axis) for part in block.columns[path] if part.shape[axis] > 1]
        columns += [np.where(np.isnan(p), np.inf, sign * p) for p in moved for sign in ways]
    possible = np.flatnonzero((columns[0] == 0.0).any(axis=1))
    return possible[undominated(np.concatenate(columns, axis=1)[possible])]


def _rows(part: Array, axis: int) -> Array:
    """Along one axis, all others after it."""
    order = (axis, *(each for each in range(part.ndim) if each != axis))
    return part.transpose(order).reshape(part.shape[axis], -1)


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
        possible = possible & limit.kept(value(block.columns[limit.path]))
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
