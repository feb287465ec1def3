"""How wide a prediction of training speed is: from rows the fit did not see, by regime."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from engine.projection.throughput_fit import ThroughputFit
from engine.projection.throughput_step import (
    BEYOND_SEEN,
    NEW_ACCELERATOR_RATIO,
    OUTSIDE_RATIO,
    SMALL_PARAMETER_COUNT,
)
from engine.validation.range_widths import Miss, Misses
from engine.validation.training_inputs import TrainingInputs

EVERYTHING = "any"
OWN_REGIME = "own"
"""After calibrating on a measurement of the same model, accelerator and number format."""

WIDER_WHERE_ASSUMED = {
    "shape-assumed": 1.15,
    "software-unknown": 1.25,
    "precision-assumed": 1.5,
    "length-assumed": 1.3,
    "batch-assumed": 1.25,
    "plan-assumed": 1.25,
}
"""How much wider a range is for what a row leaves open, so that it holds nine tenths again.

From bundled rows with the cells blanked one at a time, each predicted without its source's fit.
"""

DECODER_REGIMES = frozenset({"adapter", "mixture", "small", "large"})
DECODERS, OTHERS = "decoders", "others"


@dataclass(frozen=True, slots=True)
class Residual:
    """Logarithm of measured over predicted speed of one row the fit did not see.

    Where the row was unlike all that the fit saw, over what that widens a range by.
    """

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


def misses(residuals: Sequence[Residual]) -> Misses:
    """The same as what ranges are made of: decoders, other models and own rows apart."""
    return Misses([_miss(residual) for residual in residuals])


def _miss(residual: Residual) -> Miss:
    regime = residual.regime
    if regime == OWN_REGIME:
        return Miss(residual.source, residual.log_ratio, (regime,), OWN_REGIME)
    quantity = DECODERS if regime in DECODER_REGIMES else OTHERS
    return Miss(residual.source, residual.log_ratio, (regime, EVERYTHING), quantity)


def range_of(inputs: TrainingInputs, fitted: ThroughputFit) -> tuple[float, float, tuple[str, ...]]:
    """Logarithms of the ends of the 90 % range over the prediction, and what widened it."""
    whole = fitted.ranges.get(EVERYTHING, (0.0, 0.0))
    low, high = fitted.ranges.get(regime_of(inputs), whole)
    wider, flags = widening(inputs, fitted)
    return min(low, 0.0) * wider, max(high, 0.0) * wider, flags


def widening(inputs: TrainingInputs, fitted: ThroughputFit) -> tuple[float, tuple[str, ...]]:
    """How much wider than where rows were seen, and why."""
    flags, wider = [], 1.0
    if inputs.accelerator_id not in fitted.accelerator_offsets:
        flags, wider = ["accelerator-not-seen"], NEW_ACCELERATOR_RATIO
    wider *= _by_assumptions(inputs.flags)
    if _outside(inputs, fitted):
        flags.append("outside-fitted-range")
        wider *= OUTSIDE_RATIO
    return wider, tuple(flags)


def _by_assumptions(flags: Sequence[str]) -> float:
    """How much what a row leaves open widens its range: independent errors add in squares."""
    more = (WIDER_WHERE_ASSUMED.get(flag, 1.0) ** 2 - 1.0 for flag in flags)
    return math.sqrt(1.0 + sum(more))


def _outside(inputs: TrainingInputs, fitted: ThroughputFit) -> bool:
    return any(
        not low / BEYOND_SEEN <= float(getattr(inputs.step, name)) <= high * BEYOND_SEEN
        for name, (low, high) in fitted.seen.items()
    )
