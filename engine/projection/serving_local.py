"""Sharpening serving predictions with measurements of one's own.

The error of a prediction is alike for settings that are alike: the same engine, the same
model on the same device, a similar batch and length. Errors seen are carried over to settings
not measured in proportion to that likeness, and fade with distance (a Gaussian process).

Source: Rasmussen and Williams 2006, "Gaussian Processes for Machine Learning", section 2.2,
https://gaussianprocess.org/gpml
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

SHARED_ENGINE_VARIANCE = 0.01
SAME_MODEL_VARIANCE = 0.02
SAME_SERVER_VARIANCE = 0.04
SMOOTH_VARIANCE = 0.12
NOISE_VARIANCES = (0.001, 0.003, 0.01, 0.03, 0.1)
REACH = 1.2
"""Distance in natural logarithms of batch, lengths and devices over which errors stay alike."""


@dataclass(frozen=True)
class Settings:
    """Settings by what makes their errors alike."""

    engine: Sequence[str]
    model: Sequence[str]
    server: Sequence[str]
    """Model, device, engine and number format together."""
    logs: Array
    """For each setting the logarithms of batch, input, output and devices."""


def corrections(known: Settings, log_errors: Array, asked: Settings) -> Array:
    """Expected logarithm of predicted over measured at settings not measured."""
    if not len(log_errors):
        return np.zeros(len(asked.engine))
    noise = _least_left(known, log_errors)[0] * np.eye(len(log_errors))
    weights = np.linalg.solve(_likeness(known, known) + noise, log_errors)
    found: Array = _likeness(asked, known) @ weights
    return found


def leave_one_out_errors(known: Settings, log_errors: Array) -> Array:
    """Error left at each measured setting once all the others have corrected it."""
    return _least_left(known, log_errors)[1]


def _least_left(known: Settings, log_errors: Array) -> tuple[float, Array]:
    """The variance of noise that leaves least at measured settings left out, and what it leaves.

    How far settings that look alike differ all the same is no constant: some tables do not say
    what sets their rows apart.

    Source: Rasmussen and Williams 2006, equation 5.12.
    """
    values, vectors = np.linalg.eigh(_likeness(known, known))
    turned = vectors.T @ log_errors
    left = {}
    for noise in NOISE_VARIANCES:
        inverse = 1.0 / (np.maximum(values, 0.0) + noise)
        left[noise] = (vectors @ (inverse * turned)) / (vectors**2 @ inverse)
    return min(left.items(), key=lambda pair: float(np.mean(np.abs(pair[1]))))


def _likeness(a: Settings, b: Settings) -> Array:
    server = _same(a.server, b.server)
    square = ((a.logs[:, None, :] - b.logs[None, :, :]) ** 2).sum(axis=2)
    total: Array = (
        SHARED_ENGINE_VARIANCE * _same(a.engine, b.engine)
        + SAME_MODEL_VARIANCE * _same(a.model, b.model)
        + server * (SAME_SERVER_VARIANCE + SMOOTH_VARIANCE * np.exp(-square / (2 * REACH**2)))
    )
    return total


def _same(a: Sequence[str], b: Sequence[str]) -> Array:
    equal: Array = (np.asarray(a)[:, None] == np.asarray(b)[None, :]).astype(np.float64)
    return equal
