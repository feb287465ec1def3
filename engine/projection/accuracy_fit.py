"""Accuracy against size, learned from measured sizes: a power law that runs into a floor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.projection.evidence import ClassifierPoint
from engine.units import Float

FEWEST_SIZES = 4
EXPONENTS = np.geomspace(0.02, 4.0, 160)
STUDENT_T_95 = (6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812)
"""One-sided 95 % points for 1 to 10 degrees of freedom; the last holds beyond."""


@dataclass(frozen=True)
class AccuracyFit:
    """`error = floor + scale * (size / reference size) ** -exponent`, with its covariance."""

    floor_share: float
    scale_share: float
    exponent: float
    reference_count: float
    covariance: tuple[tuple[float, ...], ...]
    residual_share: float
    """Standard deviation of the points around the curve."""
    t_95: float
    smallest_parameter_count: float
    largest_parameter_count: float
    size_count: int

    def accuracy_share(self, parameter_count: Float) -> Float:
        """Expected accuracy at a size."""
        ratio = np.asarray(parameter_count) / self.reference_count
        missed_share = self.floor_share + self.scale_share * ratio**-self.exponent
        return np.asarray(1.0 - missed_share, dtype=np.float64)

    def half_width_share(self, parameter_count: Float) -> Float:
        """Half the 90 % range at a size: doubt about the curve, and scatter around it."""
        ratio = np.asarray(parameter_count) / self.reference_count
        gradient = _gradient(ratio, self.scale_share, self.exponent)
        variance = np.einsum("i...,ij,j...->...", gradient, np.array(self.covariance), gradient)
        return np.asarray(self.t_95 * np.sqrt(variance + self.residual_share**2))

    def covers(self, parameter_count: Float) -> bool:
        """Whether every size lies between those measured."""
        count = np.asarray(parameter_count)
        low, high = self.smallest_parameter_count, self.largest_parameter_count
        return bool(((low <= count) & (count <= high)).all())


def fit_accuracy(points: Sequence[ClassifierPoint]) -> AccuracyFit | None:
    """The power law with a floor through measured accuracies, weighted by their seeds.

    None where the points do not support it: fewer than four sizes, or an accuracy that
    does not rise with size.

    Source: Rosenfeld et al. 2019, "A Constructive Prediction of the Generalization Error
    Across Scales", section 4 (form), https://arxiv.org/abs/1909.12673
    """
    if len(points) < FEWEST_SIZES:
        return None
    counts = np.array([p.parameter_count for p in points])
    errors = np.array([1.0 - p.accuracy_share for p in points])
    weights = np.sqrt([float(p.seed_count) for p in points])
    reference = float(np.exp(np.log(counts).mean()))
    floor, scale, exponent = _best(counts / reference, errors, weights)
    if scale <= 0.0:
        return None
    residual, covariance = _spread(counts / reference, errors, weights, floor, scale, exponent)
    freedom = len(points) - 3
    return AccuracyFit(
        floor_share=floor,
        scale_share=scale,
        exponent=exponent,
        reference_count=reference,
        covariance=tuple(map(tuple, covariance.tolist())),
        residual_share=residual,
        t_95=STUDENT_T_95[min(freedom, len(STUDENT_T_95)) - 1],
        smallest_parameter_count=float(counts.min()),
        largest_parameter_count=float(counts.max()),
        size_count=len(points),
    )


def _best(
    ratios: npt.NDArray[np.float64],
    errors: npt.NDArray[np.float64],
    weights: npt.NDArray[np.float64],
) -> tuple[float, float, float]:
    """Floor, scale and exponent of the least weighted squares, floor and scale not negative."""
    found = []
    for exponent in EXPONENTS:
        floor, scale = _linear(ratios**-exponent, errors, weights)
        off = (floor + scale * ratios**-exponent - errors) * weights
        found.append((float(off @ off), floor, scale, float(exponent)))
    return min(found)[1:]


def _linear(
    power: npt.NDArray[np.float64],
    errors: npt.NDArray[np.float64],
    weights: npt.NDArray[np.float64],
) -> tuple[float, float]:
    design = np.column_stack([weights, weights * power])
    floor, scale = np.linalg.lstsq(design, weights * errors)[0]
    if floor >= 0.0:
        return float(floor), max(float(scale), 0.0)
    squares = weights**2
    return 0.0, max(float((squares * power) @ errors / ((squares * power) @ power)), 0.0)


def _gradient(ratio: Float, scale: float, exponent: float) -> npt.NDArray[np.float64]:
    """How the error moves with floor, scale and exponent."""
    power = np.asarray(ratio) ** -exponent
    return np.stack([np.ones_like(power), power, -scale * power * np.log(ratio)])


def _spread(
    ratios: npt.NDArray[np.float64],
    errors: npt.NDArray[np.float64],
    weights: npt.NDArray[np.float64],
    floor: float,
    scale: float,
    exponent: float,
) -> tuple[float, npt.NDArray[np.float64]]:
    """Scatter of a mean over one typical number of seeds, and covariance of the three numbers."""
    off = (floor + scale * ratios**-exponent - errors) * weights
    variance = float(off @ off) / (len(errors) - 3)
    jacobian = _gradient(ratios, scale, exponent).T * weights[:, None]
    covariance = variance * np.asarray(np.linalg.pinv(jacobian.T @ jacobian), dtype=np.float64)
    return float(np.sqrt(variance / np.mean(weights**2))), covariance
