"""The best plan under limits: what it is, what binds, and what it would take where none is left.

All combinations of hardware, terms, numbers of devices, precisions, batches and places are
compared; where the size of the model is open, sizes are tried on a grid that is made finer
around the best.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from engine.projection import decision_options, pareto, project
from engine.projection import decision_search as search
from engine.projection.decision_axes import SIZE
from engine.projection.decision_blocks import SCORE, Space
from engine.projection.decision_goals import COST, NPV, Goal, Limit, signs
from engine.projection.decision_search import Blocks, Cell
from engine.projection.evidence import NO_EVIDENCE, Evidence
from engine.projection.working import estimates
from engine.projection.worth import Worth, follows_score, worth
from engine.records import BadInput, Projection
from engine.scenario import Scenario
from engine.value_case import ValueCase

__all__ = ["Binding", "Decision", "Goal", "Limit", "Plan", "Question", "decide", "front", "limit"]

Array = npt.NDArray[np.float64]

SIZE_PATH = "parameters_billion"
SIZE_COUNT = 9
FINER_ROUNDS = 4
"""Each makes the grid of sizes four to eight times finer."""
KEPT_COUNT = 12
"""Those looked at again with finer sizes where not the size is the goal."""
PLAN_COUNT = 5
EASIER_RATIO = 0.1
"""How much a limit is loosened to see what that would buy."""
WAITED = {"deployment.ttft_p95_s": "ttft_slo_s", "deployment.latency_p95_s": "latency_slo_s"}
"""Limits that also say how many replicas there must be."""
FORM = re.compile(r"\s*([\w.\-]+)\s*(<=|>=|=<|=>|<|>|≤|≥)\s*(\S+)\s*")


@dataclass(frozen=True)
class Question:
    """What to choose, for what, within what."""

    scenario: Scenario
    goal: Goal
    limits: tuple[Limit, ...] = ()
    kept: tuple[str, ...] = ()
    """Choices left as they are, of `decision_options.CHOICES`."""
    opened: tuple[str, ...] = ()
    """Choices to open beside, of `decision_options.ALSO`."""
    only: decision_options.Only = field(default_factory=dict)
    """Ids allowed, by choice; all where it says nothing."""
    case: ValueCase | None = None
    """What the model is used for; its worth can then be a goal or a limit."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Numbers that count: total cost, goal and limits."""
        return tuple(signs(self.goal, self.limits))


@dataclass(frozen=True)
class Plan:
    """One way to do it."""

    scenario: Scenario
    projection: Projection
    worth: Worth | None
    """In the use that the question names; None where its right answers cannot be told."""
    numbers: dict[str, float]
    """Goal, limits and total cost, by path."""


@dataclass(frozen=True)
class Binding:
    """One limit: how close the best plan is to it, and what loosening it would buy."""

    limit: Limit
    reached_number: float | None
    """In the best plan; where there is none, the nearest with all other limits kept."""
    alone_number: float | None
    """Where there is no plan, the nearest without any other limit."""
    easier_number: float | None
    """The goal when this limit is a tenth looser; None where that changes nothing."""
    without_number: float | None
    """The goal without this limit; None where that changes nothing."""

    @property
    def binds(self) -> bool:
        """Whether the best plan would be better if it were looser, or not there."""
        return self.without_number is not None or self.easier_number is not None

    @property
    def is_impossible(self) -> bool:
        """Whether nothing meets it, whatever the other limits are."""
        found, sign = self.alone_number, self.limit.sign
        return found is not None and sign * found > sign * self.limit.bound_number


@dataclass(frozen=True)
class Decision:
    """The answer to a question."""

    question: Question
    plans: tuple[Plan, ...]
    """Best first, each on other hardware; empty where no combination keeps all limits."""
    bindings: tuple[Binding, ...]
    combination_count: int
    guarantee: Literal["exhaustive", "finer-sizes"]
    """All combinations compared; or all but sizes, which are found by a grid made finer."""
    scored_precisions_only: bool
    """Whether precisions were left out because how they change the score is not known."""


def limit(text: str) -> Limit:
    """A limit as people type it: `total.cost_usd<=2e6`.

    Raises:
        BadInput: it is not one.
    """
    found = FORM.fullmatch(text)
    try:
        number = float(found[3].replace(",", "")) if found else np.nan
    except ValueError:
        number = np.nan
    if found is None or not np.isfinite(number):
        raise BadInput(
            f"{text!r} is not a limit. Write PATH<=NUMBER or PATH>=NUMBER, "
            "e.g. total.cost_usd<=2e6."
        )
    return Limit(found[1], found[2] in ("<=", "=<", "<", "≤"), number)


@contextmanager
def _uncollected() -> Iterator[None]:
    """A fifth of the time goes into looking for garbage among numbers that are all still needed."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@_uncollected()
def decide(question: Question, evidence: Evidence = NO_EVIDENCE) -> Decision:
    """The best plans that keep every limit, and what binds.

    Raises:
        BadInput: a number or choice that a decision cannot look at; a scenario of arrays.
    """
    whole = _with_own_limits(question)
    opened = _opened(whole)
    sizes = decision_options.sizes_billion(whole.scenario, opened, SIZE_COUNT)
    blocks, name = _blocks(whole, opened, evidence, sizes), _apart(opened)
    if sizes is None:
        cells = blocks.best_by(name, whole.goal, whole.limits, PLAN_COUNT)
    else:
        cells = blocks.best_cells(whole.goal, whole.limits)
    bindings = _bindings(blocks, whole, cells)
    if sizes is not None and cells:
        cells = _finer(whole, opened, evidence, sizes, cells)
        bindings = tuple(_reached(binding, cells[0]) for binding in bindings)
    return Decision(
        question=whole,
        plans=tuple(_plan(whole, cell, evidence) for cell in _distinct(cells, name)),
        bindings=bindings,
        combination_count=sum(draft.combination_count for draft in blocks.drafts),
        guarantee="exhaustive" if sizes is None else "finer-sizes",
        scored_precisions_only=_scored(whole),
    )


def front(
    question: Question, ways: Sequence[Goal], evidence: Evidence = NO_EVIDENCE
) -> list[tuple[dict[str, object], dict[str, float]]]:
    """What no other plan beats in all of several numbers: choices, and the numbers by path.

    The goal of the question does not count here; its limits do.
    """
    goals = [Goal(COST, is_largest=False), *ways]
    asked = _with_own_limits(replace(question, goal=goals[0]))
    wishes = [
        Limit(g.path, not g.is_largest, np.inf if not g.is_largest else -np.inf) for g in ways
    ]
    opened = _opened(asked)
    sizes = decision_options.sizes_billion(asked.scenario, opened, 3 * SIZE_COUNT)
    wide = replace(asked, limits=(*asked.limits, *wishes))
    blocks = _blocks(wide, opened, evidence, sizes)
    paths, sign = [g.path for g in ways], np.array([g.sign for g in ways])
    numbers: list[Array] = []
    origins: list[tuple[int, int]] = []
    for place, block in blocks.every():
        for found, where in search.points(block, paths, asked.limits):
            kept = pareto.front(found * sign)
            numbers.append(found[kept])
            origins += [(place, int(where[k])) for k in kept]
    if not numbers:
        return []
    table = np.concatenate(numbers)
    return [
        (_changes(blocks, origins[k]), dict(zip(paths, table[k].tolist(), strict=True)))
        for k in pareto.front(table * sign)
    ]


def planned(scenario: Scenario, changes: dict[str, object]) -> Scenario:
    """The scenario with a plan's choices; what was typed of old hardware or place is left."""
    other: dict[str, object] = {}
    if changes.get("hardware", scenario.hardware) != scenario.hardware:
        other |= decision_options.OF_HARDWARE
    if changes.get("place", scenario.place) != scenario.place:
        other |= decision_options.OF_PLACE
    if changes.get("model", scenario.model) != scenario.model:
        other |= {"parameters_billion": None}
    return scenario.replace(**other | changes)


def _changes(blocks: Blocks, origin: tuple[int, int]) -> dict[str, object]:
    block = blocks.at(origin[0])
    assert block is not None
    return Cell(0.0, 0.0, block, search.at(block, origin[1])).changes


def _with_own_limits(question: Question) -> Question:
    """With the scenario's own goals of latency as limits, and limits on waiting as its goals."""
    scenario, limits = question.scenario, list(question.limits)
    arrays = [n for n, v in scenario.model_dump().items() if isinstance(v, np.ndarray)]
    if arrays:
        raise BadInput(f"{arrays[0]} is a range of values. A decision starts from one scenario.")
    waits = {WAITED[x.path]: x.bound_number for x in limits if x.path in WAITED and x.at_most}
    scenario = scenario.replace(**waits)
    own = {"deployment.tpot_s": scenario.tpot_slo_s} | {
        path: getattr(scenario, name) for path, name in WAITED.items()
    }
    limited = {x.path for x in limits}
    limits += [
        Limit(path, at_most=True, bound_number=float(bound))
        for path, bound in own.items()
        if bound is not None and path not in limited
    ]
    return replace(question, scenario=scenario, limits=tuple(limits))


def _opened(question: Question) -> tuple[str, ...]:
    """What is open: all usual choices but those kept; the size where it is the goal."""
    decision_options.check((*question.kept, *question.opened), question.only)
    by_goal = (SIZE_PATH,) if question.goal.path == SIZE_PATH else ()
    names = (*decision_options.CHOICES, *question.opened, *question.only, *by_goal)
    return tuple(dict.fromkeys(n for n in names if n not in question.kept))


def _scored(question: Question) -> bool:
    return any(p.startswith((SCORE, "quality.", NPV)) for p in question.paths)


def _least_scores(question: Question) -> dict[str, float]:
    """Published scores that a model must have, a tenth loosened to see what that would buy."""
    return {
        x.path.removeprefix(SCORE): x.bound_number * (1.0 - EASIER_RATIO)
        for x in question.limits
        if x.path.startswith(SCORE) and not x.at_most
    }


def _blocks(
    question: Question, opened: Sequence[str], evidence: Evidence, sizes: Array | None
) -> Blocks:
    space = Space(
        question.scenario,
        evidence,
        opened,
        question.paths,
        sizes,
        question.only,
        _least_scores(question),
        question.case,
    )
    return Blocks(list(space.drafts()), signs(question.goal, question.limits))


def _finer(
    question: Question,
    opened: Sequence[str],
    evidence: Evidence,
    sizes: Array,
    cells: list[Cell],
) -> list[Cell]:
    """Again with sizes closer together around the best, on the hardware that came out first."""
    for _ in range(FINER_ROUNDS):
        index = cells[0].index[SIZE]
        below = index if question.goal.path == SIZE_PATH else max(index - 1, 0)
        above = min(index + 1, len(sizes) - 1)
        if below == above:
            return cells
        here = replace(question, only=dict(question.only) | {"hardware": _leading(cells, index)})
        sizes = np.geomspace(sizes[below], sizes[above], SIZE_COUNT)
        blocks = _blocks(here, opened, evidence, sizes)
        cells = blocks.best_cells(question.goal, question.limits) or cells
    return cells


def _leading(cells: Sequence[Cell], index: int) -> tuple[str, ...]:
    """Hardware that reaches the best size, or comes near the best goal."""
    near = [c for i, c in enumerate(cells) if i < KEPT_COUNT or c.index[SIZE] == index]
    size_goal = [c for c in near if c.index[SIZE] == index]
    return tuple(dict.fromkeys(str(c.block.changes["hardware"]) for c in size_goal or near))


def _apart(opened: Sequence[str]) -> str:
    """What the plans shown differ in."""
    return "model" if "model" in opened else "hardware"


def _distinct(cells: Sequence[Cell], name: str) -> list[Cell]:
    """The best of each model, or of each hardware, as many as are shown."""
    first: dict[object, Cell] = {}
    for cell in cells:
        first.setdefault(cell.block.changes[name], cell)
    return list(first.values())[:PLAN_COUNT]


def _plan(question: Question, cell: Cell, evidence: Evidence) -> Plan:
    scenario = planned(question.scenario, cell.changes)
    answer = project(scenario, evidence)
    used = _used(question, scenario, answer)
    found = dict(estimates(answer)) | ({} if used is None else {NPV: used.npv_usd})
    exact = {p: float(np.asarray(e.value)) for p, e in found.items() if e.value is not None}
    numbers = {p: exact.get(p, search.number(cell, p)) for p in question.paths}
    return Plan(scenario, answer, used, numbers)


def _used(question: Question, scenario: Scenario, answer: Projection) -> Worth | None:
    case, before = question.case, question.scenario
    if case is None:
        return None
    told = follows_score(case, answer.quality) or decision_options.keeps_score(before, scenario)
    return worth(scenario, case, answer) if told else None


def _bindings(blocks: Blocks, question: Question, cells: Sequence[Cell]) -> tuple[Binding, ...]:
    return tuple(_binding(blocks, question, i, cells) for i in range(len(question.limits)))


def _binding(blocks: Blocks, question: Question, position: int, cells: Sequence[Cell]) -> Binding:
    goal, this = question.goal, question.limits[position]
    others = [x for i, x in enumerate(question.limits) if i != position]
    if not cells:
        kept, alone = (_nearest(blocks, this, x) for x in (others, ()))
        return Binding(this, kept, alone, None, None)
    loose = this._replace(
        bound_number=this.bound_number + this.sign * EASIER_RATIO * abs(this.bound_number)
    )
    first = cells[0]
    easier, without = (blocks.best_goal(goal, [*others, *more]) for more in ((loose,), ()))
    return Binding(
        limit=this,
        reached_number=search.number(first, this.path),
        alone_number=None,
        easier_number=_better(goal, first, easier),
        without_number=_better(goal, first, without),
    )


def _reached(binding: Binding, first: Cell) -> Binding:
    """The same once sizes are finer; what a looser limit buys is not known that finely."""
    number = search.number(first, binding.limit.path)
    return replace(binding, reached_number=number, easier_number=None)


def _nearest(blocks: Blocks, this: Limit, others: Sequence[Limit]) -> float | None:
    nearest = Goal(this.path, is_largest=not this.at_most)
    found = blocks.best_goal(nearest, others)
    return None if found is None else this.sign * found


def _better(goal: Goal, before: Cell, after: float | None) -> float | None:
    if after is None or after >= before.goal_number - 1e-9 * abs(before.goal_number):
        return None
    return goal.sign * after
