"""How wide a prediction of training speed is: from rows the fit did not see, by regime."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.projection.throughput_fit import ThroughputFit
from engine.projection.throughput_step import (
    BEYOND_SEEN,
    NEW_ACCELERATOR_RATIO,
    OUTSIDE_RATIO,
    SMALL_PARAMETER_COUNT,
)
from engine.validation.training_inputs import TrainingInputs

RANGE_PERCENTILES = (5.0, 95.0)
FEWEST_SOURCES = 4
EVERYTHING = "any"
OWN_REGIME = "own"
"""After calibrating on a measurement of the same model, accelerator and number format."""


@dataclass(frozen=True, slots=True)
class Residual:
    """Logarithm of measured over predicted speed of one row the fit did not see."""

    source: str
    regime: str
    log_ratio: float


def regime_of(inputs: TrainingInputs) -> str:
    """What decides how sure a prediction is."""
    step = inputs.step
    if inputs.kind:
        return inputs.kind
    if step.adapter:
        return "adapter"
    if inputs.model.expert_count > 1:
        return "mixture"
    small = inputs.model.multiplied_parameter_count < SMALL_PARAMETER_COUNT
    return "small" if small else "large"


def fitted_ranges(residuals: Sequence[Residual]) -> dict[str, tuple[float, float]]:
    """Where nine tenths of the rows left out fell, each source counting the same."""
    by_regime: dict[str, list[Residual]] = defaultdict(list)
    for residual in residuals:
        by_regime[residual.regime].append(residual)
        if residual.regime != OWN_REGIME:
            by_regime[EVERYTHING].append(residual)
    return {
        regime: _percentiles(of_regime)
        if regime == OWN_REGIME
        else _widest(_percentiles(of_regime), _percentiles(by_regime[EVERYTHING]), of_regime)
        for regime, of_regime in sorted(by_regime.items())
    }


def _widest(
    own: tuple[float, float], every: tuple[float, float], rows: Sequence[Residual]
) -> tuple[float, float]:
    """A regime known from few sources is no surer than all together."""
    if len({row.source for row in rows}) >= FEWEST_SOURCES:
        return own
    return min(own[0], every[0]), max(own[1], every[1])


def _percentiles(rows: Sequence[Residual]) -> tuple[float, float]:
    low, high = weighted_percentiles([(r.source, r.log_ratio) for r in rows], RANGE_PERCENTILES)
    return low, high


def weighted_percentiles(
    values: Sequence[tuple[str, float]], percentiles: Sequence[float]
) -> list[float]:
    """Percentiles of values of several sources, each source counting the same."""
    counts: dict[str, int] = defaultdict(int)
    for source, _ in values:
        counts[source] += 1
    ordered = sorted(values, key=lambda value: value[1])
    weights = np.array([1 / counts[source] for source, _ in ordered])
    shares = (np.cumsum(weights) - weights / 2) / weights.sum() * 100
    found: list[float] = np.interp(percentiles, shares, [v for _, v in ordered]).tolist()
    return found


def range_of(inputs: TrainingInputs, fitted: ThroughputFit) -> tuple[float, float, tuple[str, ...]]:
    """Logarithms of the ends of the 90 % range over the prediction, and what widened it."""
    whole = fitted.ranges.get(EVERYTHING, (0.0, 0.0))
    low, high = fitted.ranges.get(regime_of(inputs), whole)
    flags, wider = [], 1.0
    if inputs.accelerator_id not in fitted.accelerator_offsets:
        flags, wider = ["accelerator-not-seen"], NEW_ACCELERATOR_RATIO
    if _outside(inputs, fitted):
        flags.append("outside-fitted-range")
        wider *= OUTSIDE_RATIO
    return min(low, 0.0) * wider, max(high, 0.0) * wider, tuple(flags)


def _outside(inputs: TrainingInputs, fitted: ThroughputFit) -> bool:
    return any(
        not low / BEYOND_SEEN <= float(getattr(inputs.step, name)) <= high * BEYOND_SEEN
        for name, (low, high) in fitted.seen.items()
    )
