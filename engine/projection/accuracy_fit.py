"""Score against size, learned from measured sizes: log odds that rise ever more slowly.

`log odds = top - fall * size ** -exponent`. Three sizes say little of where that ends, so the
exponent has a prior, and what other recipes reached on the same data counts as a look at the top.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.projection.score_curves import FEWEST_SIZES, ScoreCurve, ScorePoint
from engine.units import Float

Array = npt.NDArray[np.float64]

DRAW_COUNT = 400
EXPONENTS: Array = np.geomspace(0.02, 4.0, 60)
PRIOR_EXPONENT, PRIOR_LOG_SPREAD = 0.25, 1.2
NOISE_SHARE = 0.012
"""Scatter of one size around the curve, seeds included, where half the answers are right."""
TOP_SPREAD_SHARE = 0.03
"""How far the largest models of a recipe end from what others reached on the same data.

These four numbers were chosen by predicting the larger sizes of ten measured curves (texts,
images, recommendations) from the smaller, eight of them measured again by a recipe that
scatters less: 69 of 75 predictions lay inside their 90 % range.
"""
AT_95_NORMAL = 1.645
LEAST_SHARE = 1e-3
SURE_SHARE = 0.01
"""Nearer to all or nothing, scatter shrinks no more: examples held out are thousands at most."""


@dataclass(frozen=True)
class AccuracyFit:
    """Draws of the curve, each from scores moved within their noise."""

    top: tuple[float, ...]
    """Log odds that the curve tends to."""
    fall: tuple[float, ...]
    exponent: tuple[float, ...]
    reference_count: float
    smallest_parameter_count: float
    largest_parameter_count: float
    size_count: int

    def accuracy_share(self, parameter_count: Float) -> Float:
        """Expected score at a size: the median of the draws."""
        return np.asarray(np.median(self._draws(parameter_count), axis=0))

    def range_share(self, parameter_count: Float) -> tuple[Float, Float]:
        """90 % range of one training at a size: doubt about the curve, and scatter around it."""
        draws = self._draws(parameter_count)
        low, middle, high = np.percentile(draws, (5.0, 50.0, 95.0), axis=0)
        noise = AT_95_NORMAL * _scatter(middle)
        return (
            np.clip(middle - np.hypot(middle - low, noise), 0.0, 1.0),
            np.clip(middle + np.hypot(high - middle, noise), 0.0, 1.0),
        )

    def covers(self, parameter_count: Float) -> bool:
        """Whether every size lies between those measured."""
        count = np.asarray(parameter_count)
        low, high = self.smallest_parameter_count, self.largest_parameter_count
        return bool(((low <= count) & (count <= high)).all())

    def _draws(self, parameter_count: Float) -> Array:
        """One score a draw, in front of the sizes asked for."""
        ratio = np.asarray(parameter_count, dtype=np.float64) / self.reference_count
        lead = (-1, *(1,) * ratio.ndim)
        top, fall, exponent = (
            np.reshape(part, lead) for part in (self.top, self.fall, self.exponent)
        )
        return np.asarray(_share(top - fall * ratio**-exponent), dtype=np.float64)


def fit_accuracy(points: Sequence[ScorePoint], reached: Sequence[float] = ()) -> AccuracyFit | None:
    """The curve through measured scores, by a parametric bootstrap under a prior.

    Each draw moves every score by its noise and fits top and fall by weighted least squares, at
    an exponent drawn by how well it fits the scores as measured. None where the points do not
    support it: fewer than three sizes, or scores that do not rise with size.

    Args:
        points: One a size, smallest first.
        reached: Best scores of other recipes on the same data.

    Source: Rosenfeld et al. 2019, "A Constructive Prediction of the Generalization Error
    Across Scales", section 4 (saturating power laws), https://arxiv.org/abs/1909.12673;
    Efron and Tibshirani 1993, "An Introduction to the Bootstrap", section 6.5
    """
    if len(points) < FEWEST_SIZES:
        return None
    counts = np.array([p.parameter_count for p in points])
    reference = float(counts.min())
    terms, places, weights = _equations(counts / reference, points, reached)
    weighted = terms * weights[:, None]
    solve = np.asarray(np.linalg.pinv(weighted), dtype=np.float64)
    best = solve @ (places * weights)
    missed = np.einsum("kni,ki->kn", weighted, best) - places * weights
    from_prior = np.log(EXPONENTS / PRIOR_EXPONENT) / PRIOR_LOG_SPREAD
    log_likely = -0.5 * (from_prior**2 + np.sum(missed**2, axis=1))
    rises = best[:, 1] < 0.0
    if not rises[np.argmax(log_likely)]:
        return None
    log_likely[~rises] = -np.inf
    return _drawn(solve, places * weights, log_likely, counts)


def _equations(
    ratios: Array, points: Sequence[ScorePoint], reached: Sequence[float]
) -> tuple[Array, Array, Array]:
    """Terms for each exponent, and the log odds they should give, with their weights."""
    scores = np.array([p.score_share for p in points])
    noise = _scatter(scores)
    falls = ratios ** -EXPONENTS[:, None]
    if reached:
        scores = np.append(scores, np.mean(reached))
        noise = np.append(noise, TOP_SPREAD_SHARE)
        falls = np.pad(falls, ((0, 0), (0, 1)))
    scores = np.clip(scores, LEAST_SHARE, 1.0 - LEAST_SHARE)
    steepness = 1.0 / (scores * (1.0 - scores))
    terms = np.stack([np.ones_like(falls), falls], axis=2)
    return terms, _place(scores), np.asarray(1.0 / (noise * steepness), dtype=np.float64)


def _drawn(solve: Array, wanted: Array, log_likely: Array, counts: Array) -> AccuracyFit:
    random = np.random.default_rng(0)
    likely = np.exp(log_likely - log_likely.max())
    at = random.choice(len(EXPONENTS), DRAW_COUNT, p=likely / likely.sum())
    moved = wanted + random.standard_normal((DRAW_COUNT, len(wanted)))
    top, slope = np.einsum("sij,sj->is", solve[at], moved)
    return AccuracyFit(
        top=tuple(top.tolist()),
        fall=tuple(np.maximum(-slope, 0.0).tolist()),
        exponent=tuple(EXPONENTS[at].tolist()),
        reference_count=float(counts.min()),
        smallest_parameter_count=float(counts.min()),
        largest_parameter_count=float(counts.max()),
        size_count=len(counts),
    )


def _scatter(share: Array) -> Array:
    """Standard deviation of a score: of a share of right answers, so less near all or nothing."""
    inside = np.clip(share, SURE_SHARE, 1.0 - SURE_SHARE)
    return np.asarray(2.0 * NOISE_SHARE * np.sqrt(inside * (1.0 - inside)), dtype=np.float64)


def _place(share: Array) -> Array:
    return np.asarray(np.log(share / (1.0 - share)))


def _share(place: Array) -> Array:
    return np.asarray(1.0 / (1.0 + np.exp(-place)))


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The largest size of a measured curve, predicted from the smallest alone."""

    curve: ScoreCurve
    parameter_count: float
    predicted_share: float
    low_share: float
    high_share: float
    measured_share: float

    @property
    def held(self) -> bool:
        """Whether the range held what was measured."""
        return self.low_share <= self.measured_share <= self.high_share


def foreseen(curve: ScoreCurve, size_count: int = FEWEST_SIZES) -> Foreseen | None:
    """The largest size from so many of the smallest; None where there are no more, or no curve.

    What other recipes reached on the same data is known, as it is to whoever trains a new one.
    """
    if len(curve.points) <= size_count:
        return None
    fit = fit_accuracy(curve.points[:size_count], curve.reached)
    if fit is None:
        return None
    largest = curve.points[-1]
    low, high = fit.range_share(largest.parameter_count)
    return Foreseen(
        curve,
        largest.parameter_count,
        float(fit.accuracy_share(largest.parameter_count)),
        float(low),
        float(high),
        largest.score_share,
    )
