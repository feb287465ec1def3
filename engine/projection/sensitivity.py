"""Which uncertain input moves a number most: one at a time, and each one's share of its spread.

Moving one input alone (a tornado) misses what inputs do together. Of the variance, Sobol's
first-order index counts what an input does alone, the total index also all it has a part in;
neither adds up to the whole. Shapley effects do: what several do together is dealt out evenly.

Values beyond the 90 % range count as lying at its ends: a variance that a few draws in a long
tail make would say nothing of the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from engine.projection.uncertainty import AT_95_NORMAL, Doubt, worked_out
from engine.records import Estimate

Array = npt.NDArray[np.float64]

PERMUTATION_COUNT = 1_000
SOBOL_POINT_COUNT = 1_024
"""A power of 2; so many evaluations for each input, and two more."""
_SHOWN = "shown"


@dataclass(frozen=True, slots=True)
class Swing:
    """A number at both ends of one input's range, all others at their own number."""

    name: str
    at_low: float
    at_high: float

    @property
    def width(self) -> float:
        """How far apart both are."""
        return abs(self.at_high - self.at_low)


@dataclass(frozen=True, slots=True)
class Part:
    """What one input has to do with the variance of a number."""

    name: str
    shapley_share: float
    """These sum to 1 over all inputs."""
    first_order_share: float
    """Sobol: by itself."""
    total_share: float
    """Sobol: with all it has a part in."""


def tornado(shown: Estimate, found: Sequence[Doubt]) -> list[Swing]:
    """Every input moved alone over its range, the widest first; those without effect left out."""
    count = len(found)
    ends = np.zeros((2 * count, count))
    ends[np.arange(count), np.arange(count)] = -AT_95_NORMAL
    ends[count + np.arange(count), np.arange(count)] = AT_95_NORMAL
    values = _values(shown, found, ends)
    swings = [
        Swing(d.name, float(values[i]), float(values[count + i])) for i, d in enumerate(found)
    ]
    moving = [s for s in swings if np.isfinite(s.width) and s.width > 0]
    return sorted(moving, key=lambda swing: -swing.width)


def parts(shown: Estimate, found: Sequence[Doubt], seed: int = 0) -> list[Part]:
    """Shares of the variance, the largest first; empty where the number does not vary."""
    effects = shapley_shares(shown, found, seed)
    if effects is None:
        return []
    first, total = sobol_shares(shown, found, seed)
    rows = [
        Part(d.name, float(effects[i]), float(first[i]), float(total[i]))
        for i, d in enumerate(found)
    ]
    return sorted(rows, key=lambda part: -part.shapley_share)


def shapley_shares(
    shown: Estimate,
    found: Sequence[Doubt],
    seed: int = 0,
    permutation_count: int = PERMUTATION_COUNT,
) -> Array | None:
    """Each independent input's Shapley effect over the variance; they sum to 1.

    From one draw to another the inputs change one by one, in random order; each is credited with
    the change it makes. None where the number does not vary.

    Source: Goda 2021, "A simple algorithm for global sensitivity analysis with Shapley effects",
    https://arxiv.org/abs/2009.00874
    """
    random = np.random.default_rng(seed)
    count = len(found)
    start, end = random.standard_normal((2, permutation_count, count))
    order = random.permuted(np.tile(np.arange(count), (permutation_count, 1)), axis=1)
    rank = np.argsort(order, axis=1)
    steps = np.arange(count + 1)[:, None, None]
    mixed = np.where(rank < steps, end, start)
    values = _held(_values(shown, found, mixed.reshape(-1, count)))
    values = values.reshape(count + 1, permutation_count)
    credit = (values[-1] - (values[1:] + values[:-1]) / 2.0) * (values[1:] - values[:-1])
    effects = np.zeros(count)
    np.add.at(effects, order.T, credit)
    whole = effects.sum()
    return effects / whole if whole > 0 else None


def sobol_shares(
    shown: Estimate, found: Sequence[Doubt], seed: int = 0, point_count: int = SOBOL_POINT_COUNT
) -> tuple[Array, Array]:
    """First-order and total index of each input.

    Source: Saltelli et al. 2010, "Variance based sensitivity analysis of model output",
    https://doi.org/10.1016/j.cpc.2009.09.018, as SALib works them out.
    """
    # SALib takes a second to load: only what asks for these shares pays for it.
    from SALib.analyze import sobol as analyse  # type: ignore[import-untyped]
    from SALib.sample import sobol as sample  # type: ignore[import-untyped]

    names = [f"{i} {doubt.name}" for i, doubt in enumerate(found)]
    problem = {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}
    points = sample.sample(problem, point_count, calc_second_order=False, seed=seed)
    values = _held(_values(shown, found, ndtri(np.clip(points, 1e-9, 1.0 - 1e-9))))
    told = analyse.analyze(problem, values, calc_second_order=False, seed=seed)
    return np.asarray(told["S1"]), np.asarray(told["ST"])


def _values(shown: Estimate, found: Sequence[Doubt], normal: Array) -> Array:
    return worked_out({_SHOWN: shown}, found, normal)[_SHOWN]


def _held(values: Array) -> Array:
    """Values held within their 90 % range; what has no answer stands at the middle."""
    low, middle, high = np.nanpercentile(values, (5, 50, 95))
    return np.asarray(np.clip(np.where(np.isfinite(values), values, middle), low, high))
