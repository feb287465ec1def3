"""Training steps foretold from much smaller ones on the same machine, beside what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.projection.evidence import HardwareEvidence
from engine.projection.step_time import StepTimeFit, step_shape
from engine.records import Measurement

LEAST_GROWTH_RATIO = 50.0
"""How many times larger than anything the fit saw the model must be."""
PRECISION = "fp32"


@dataclass(frozen=True, slots=True)
class StepComparison:
    """One training step, predicted before it was measured."""

    parameter_count: float
    growth_ratio: float
    """Parameters over those of the largest step the fit saw."""
    predicted_s: float
    constant_mfu_predicted_s: float
    """The same from the best share of peak of any small step: what a spreadsheet does."""
    measured_s: float

    @property
    def error_share(self) -> float:
        """Predicted over measured, less one."""
        return self.predicted_s / self.measured_s - 1

    @property
    def constant_mfu_error_share(self) -> float:
        """The same for the spreadsheet's way."""
        return self.constant_mfu_predicted_s / self.measured_s - 1


def small_steps(known: Sequence[Measurement], most_parameters: float) -> list[Measurement]:
    """Steps of models no larger than that: all the fit may see."""
    return [m for m in known if m.metrics["parameter_count"] <= most_parameters]


def compare(
    fit: StepTimeFit, small: Sequence[Measurement], measured: Measurement
) -> StepComparison:
    """A measured step beside what the fit, and one share of peak, say of it."""
    flop_per_s = max((m.flop or 0.0) / m.time_s for m in small)
    return StepComparison(
        parameter_count=measured.metrics["parameter_count"],
        growth_ratio=measured.metrics["parameter_count"] / fit.largest_parameter_count,
        predicted_s=float(fit.step_time_s(step_shape(measured))),
        constant_mfu_predicted_s=(measured.flop or 0.0) / flop_per_s,
        measured_s=measured.time_s,
    )


def foretold(known: HardwareEvidence) -> list[StepComparison]:
    """The largest steps of a machine, each predicted by a fit of those fifty times smaller.

    Empty where none is that much larger, or too few small ones were measured.
    """
    steps = known.of("lm_train_step", precision=PRECISION)
    largest = max((m.metrics["parameter_count"] for m in steps), default=0.0)
    small = small_steps(steps, largest / LEAST_GROWTH_RATIO)
    fit = known.step_time_fit(small, PRECISION) if small else None
    if fit is None:
        return []
    least = LEAST_GROWTH_RATIO * fit.largest_parameter_count
    return [compare(fit, small, m) for m in steps if m.metrics["parameter_count"] >= least]
