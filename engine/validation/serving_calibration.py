"""Fitting the constants of a serving formula to published rows, and the errors it then makes.

Each constant is a common value and factors by trait, all positive. Errors are relative; large
ones pull like their size and not its square, since published tables hold mistakes. Rows of one
source repeat the same mistakes, so a source's weight grows slower than its rows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from engine.projection.serving_fit import Constant, ErrorRange
from engine.validation.range_widths import Misses

Array = npt.NDArray[np.float64]
Formula = Callable[[Mapping[str, Array]], Array]
"""Natural logarithm of what is predicted for each row, from each constant at each setting."""

TYPICAL_ERROR = 0.15
EVIDENCE_WEIGHT = 0.3
"""How much a typical row says against a prior: rows of one source are far from independent."""
SOURCE_EXPONENT = -0.35
MOST_STEPS = 80
STEP = 1e-4
LARGEST_DAMPING = 1e8
SMALLEST_GAIN_SHARE = 1e-4
FEWEST_SMALL_GAINS = 4
FEWEST_SMALL_GAINS_FROM_NEAR = 2


@dataclass(frozen=True, slots=True)
class Prior:
    """What a constant is before rows are seen; the spread is a standard deviation of its log."""

    value: float
    spread: float
    by_trait: Mapping[str, float] = field(default_factory=dict)
    """For each kind of trait that may change it, the spread of the change."""


@dataclass(frozen=True, slots=True)
class _Unknown:
    constant: str
    kind: str = ""
    trait: str = ""


@dataclass(frozen=True, slots=True)
class Rows:
    """What was published, of which setting, by whom."""

    published: Array
    settings: npt.NDArray[np.intp]
    """Position of each row's setting."""
    sources: Sequence[str]


class Layout:
    """Which unknowns make up each constant at each setting."""

    def __init__(self, priors: Mapping[str, Prior], traits: Mapping[str, Sequence[str]]) -> None:
        self.unknowns: list[_Unknown] = []
        self.middle: list[float] = []
        self.spread: list[float] = []
        self.members: dict[str, npt.NDArray[np.intp]] = {}
        for name, prior in priors.items():
            self._add_constant(name, prior, traits)

    def _add(self, unknown: _Unknown, middle: float, spread: float) -> int:
        self.unknowns.append(unknown)
        self.middle.append(middle)
        self.spread.append(spread)
        return len(self.unknowns) - 1

    def _add_constant(self, name: str, prior: Prior, traits: Mapping[str, Sequence[str]]) -> None:
        common = self._add(_Unknown(name), float(np.log(prior.value)), prior.spread)
        count = len(next(iter(traits.values())))
        columns = [np.full(count, common)]
        for kind, spread in prior.by_trait.items():
            at = {
                trait: self._add(_Unknown(name, kind, trait), 0.0, spread)
                for trait in sorted(set(traits[kind]))
            }
            columns.append(np.array([at[trait] for trait in traits[kind]]))
        self.members[name] = np.stack(columns)

    def logs_of(self, start: Mapping[str, Constant]) -> Array:
        """The unknowns as other constants have them; where those have none, the middle."""
        return np.array(
            [
                _log_of(start, unknown, middle)
                for unknown, middle in zip(self.unknowns, self.middle, strict=True)
            ]
        )

    def constants(self, logs: Array) -> dict[str, Array]:
        """Every constant at every setting."""
        return {name: np.exp(logs[at].sum(axis=0)) for name, at in self.members.items()}


def _log_of(start: Mapping[str, Constant], unknown: _Unknown, middle: float) -> float:
    known = start.get(unknown.constant)
    if known is None:
        return middle
    by_trait = known.factors.get(unknown.kind, {})
    return float(np.log(by_trait.get(unknown.trait, 1.0) if unknown.kind else known.value))


def fit_constants(
    priors: Mapping[str, Prior],
    traits: Mapping[str, Sequence[str]],
    formula: Formula,
    rows: Rows,
    start: Mapping[str, Constant] | None = None,
) -> dict[str, Constant]:
    """The constants that bring a formula nearest to what was published.

    Args:
        priors: what each constant is taken to be before.
        traits: of every setting, by kind.
        formula: gives the logarithm of each row's prediction.
        rows: what was published.
        start: constants fitted to nearly the same rows, to search from; else the priors.
    """
    layout = Layout(priors, traits)
    problem = _Problem(layout, formula, rows)
    gains = FEWEST_SMALL_GAINS if start is None else FEWEST_SMALL_GAINS_FROM_NEAR
    logs, curvature = _least_squares(problem, layout.logs_of(start or {}), gains)
    spreads = np.exp(np.sqrt(np.diag(np.linalg.inv(curvature))))
    return _constants(layout, logs, spreads)


class _Problem:
    """Softened errors and distance from the priors, with their derivatives."""

    def __init__(self, layout: Layout, formula: Formula, rows: Rows) -> None:
        self.layout = layout
        self.formula = formula
        self.rows = rows
        self.published = np.log(rows.published)
        self.weight = EVIDENCE_WEIGHT * source_weights(rows.sources)
        self.middle = np.array(layout.middle)
        self.spread = np.array(layout.spread)

    def residuals(self, logs: Array) -> Array:
        error = self._errors(logs)
        return np.concatenate([_softened(error) * self.weight, (logs - self.middle) / self.spread])

    def _errors(self, logs: Array) -> Array:
        predicted = self.formula(self.layout.constants(logs))
        errors: Array = (predicted - self.published) / TYPICAL_ERROR
        return errors

    def jacobian(self, logs: Array) -> Array:
        """Derivatives of the residuals.

        A factor moves the rows of its trait just as the common value does, so one more
        evaluation for each constant is enough.
        """
        constants = self.layout.constants(logs)
        error = self._errors(logs)
        soft = _softened(error)
        root = np.sqrt(1.0 + error**2)
        slope = np.where(soft == 0, 1.0, error / np.where(soft == 0, 1.0, soft * root))
        found = np.zeros((len(error), len(logs)))
        for name, members in self.layout.members.items():
            moved = constants | {name: constants[name] * np.exp(STEP)}
            change = (self.formula(moved) - self.published) / TYPICAL_ERROR - error
            column = change / STEP * slope * self.weight
            for unknowns in members[:, self.rows.settings]:
                found[np.arange(len(error)), unknowns] += column
        return np.concatenate([found, np.diag(1.0 / self.spread)])


def _softened(error: Array) -> Array:
    softened: Array = np.sign(error) * np.sqrt(2.0 * (np.sqrt(1.0 + error**2) - 1.0))
    return softened


def _least_squares(problem: _Problem, start: Array, fewest_small_gains: int) -> tuple[Array, Array]:
    """Levenberg and Marquardt's steps from a start; the place reached and the curvature there.

    Source: Marquardt 1963, https://doi.org/10.1137/0111030
    """
    logs, damping, small_gains = start, 1e-2, 0
    residuals = problem.residuals(logs)
    curvature = np.eye(len(logs))
    for _ in range(MOST_STEPS):
        jacobian = problem.jacobian(logs)
        curvature, pull = jacobian.T @ jacobian, jacobian.T @ residuals
        before = float(residuals @ residuals)
        while damping < LARGEST_DAMPING:
            damped = curvature + damping * np.diag(np.diag(curvature))
            tried = logs - np.linalg.solve(damped, pull)
            there = problem.residuals(tried)
            if np.isfinite(there).all() and there @ there < before:
                break
            damping *= 5.0
        else:
            break
        logs, residuals, damping = tried, there, damping / 5.0
        small = before - float(there @ there) < SMALLEST_GAIN_SHARE * before
        small_gains = small_gains + 1 if small else 0
        if small_gains == fewest_small_gains:
            break
    return logs, curvature


def source_weights(sources: Sequence[str]) -> Array:
    """Weight of each row: less the more rows its source has; the mean square is 1."""
    counts = Counter(sources)
    weight = np.array([float(counts[source]) ** SOURCE_EXPONENT for source in sources])
    normed: Array = weight / np.sqrt(np.mean(weight**2))
    return normed


def _constants(layout: Layout, logs: Array, spreads: Array) -> dict[str, Constant]:
    factors: dict[str, dict[str, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
    common: dict[str, tuple[float, float]] = {}
    for unknown, log, spread in zip(layout.unknowns, logs, spreads, strict=True):
        if unknown.kind:
            factors[unknown.constant][unknown.kind][unknown.trait] = float(np.exp(log))
        else:
            common[unknown.constant] = (float(np.exp(log)), float(spread))
    return {
        name: Constant(value, spread, {k: dict(v) for k, v in factors[name].items()})
        for name, (value, spread) in common.items()
    }


def error_ranges(misses: Misses, without: str | None = None) -> dict[str, ErrorRange]:
    """Published over predicted by regime, as if a source, where one is named, was never seen."""
    return {
        name: ErrorRange(float(np.exp(low)), float(np.exp(high)), misses.row_count(name))
        for name, (low, high) in misses.ranges(without).items()
    }
