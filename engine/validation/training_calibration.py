"""What a user's own measurements say of predicted speed, and for how much else they speak.

Errors are taken as a sum of what an accelerator, a model on it in a number format, and a way of
spreading it have in common, plus noise; a new row's error is then its expectation given those
measured (a Gaussian process). One measurement moves its own setting most of the way, its
accelerator a little, more so plans alike on it, and other accelerators not at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from engine.projection.throughput import TrainingStep
from engine.validation.range_widths import NARROWEST, RANGE_PERCENTILES, Ends

Array = npt.NDArray[np.float64]
Setting = tuple[str, str, str]
"""Model, accelerator, number format."""

ACCELERATOR_SPREAD = 0.06
ACCELERATOR_PLAN_SPREAD = 0.06
SETTING_SPREAD = 0.12
PLAN_SPREAD = 0.08
NOISE = 0.03
"""Standard deviations of logarithms; two measurements of the same differ by about 3 %."""
FEWEST_FOR_RANGE = 40
"""Of fewer, the middle nine tenths held 84 % of the rows not measured."""
DOUBLINGS_APART = 2.0
"""Plans this many doublings apart still tell much of each other."""
PLAN_FIELDS = (
    "device_count",
    "tensor_count",
    "pipeline_count",
    "context_count",
    "expert_parallel_count",
    "micro_batch_tokens",
    "micro_batch_count",
    "sequence_tokens",
)


@dataclass(frozen=True)
class Calibration:
    """Own measurements and the errors they showed."""

    settings: tuple[Setting, ...] = ()
    plans: Array = field(default_factory=lambda: np.zeros((0, len(PLAN_FIELDS))))
    pull: Array = field(default_factory=lambda: np.zeros(0))
    """How much each measurement counts: its errors through the inverse covariance."""
    ends: Ends | None = None
    """Between which nine tenths of these were found from the others; None of a few."""

    def ends_on(self, accelerator_id: str) -> Ends | None:
        """The range that own measurements show, where they are of this accelerator."""
        measured = any(setting[1] == accelerator_id for setting in self.settings)
        return self.ends if measured else None

    def offset(self, setting: Setting, plan: Array) -> tuple[float, bool]:
        """Expected logarithm of measured over predicted, and whether this setting was measured."""
        if not self.settings:
            return 0.0, False
        common = covariance((setting,), plan[None, :], self.settings, self.plans)[0]
        return float(common @ self.pull), setting in self.settings


NO_CALIBRATION = Calibration()


def calibration(settings: tuple[Setting, ...], plans: Array, errors: Array) -> Calibration:
    """From the logarithm of measured over predicted of each own measurement."""
    if not settings:
        return NO_CALIBRATION
    known = covariance(settings, plans, settings, plans) + NOISE**2 * np.eye(len(settings))
    inverse = np.linalg.inv(known)
    pull = np.asarray(inverse @ errors, np.float64)
    return Calibration(settings, plans, pull, _ends(pull / np.diag(inverse)))


def _ends(missed: Array) -> Ends | None:
    """Where nine tenths of the measurements lie, each seen from the others alone.

    A Gaussian process tells without another fit what it would miss of a point left out.

    Source: Rasmussen, Williams 2006, "Gaussian Processes for Machine Learning", section 5.4.2,
    https://gaussianprocess.org/gpml/
    """
    if len(missed) < FEWEST_FOR_RANGE:
        return None
    low, high = np.percentile(missed, RANGE_PERCENTILES)
    return min(float(low), -NARROWEST), max(float(high), NARROWEST)


def plan_of(step: TrainingStep) -> Array:
    """How a model is spread and fed, as doublings."""
    return np.log2([float(getattr(step, name)) for name in PLAN_FIELDS])


def most_central(plans: Array) -> int:
    """Position of the plan nearest to the others: the one to measure where one is measured."""
    apart = ((plans[:, None, :] - plans[None, :, :]) ** 2).sum(axis=2)
    return int(np.argmin(np.sqrt(apart).sum(axis=1)))


def covariance(
    settings: tuple[Setting, ...],
    plans: Array,
    other_settings: tuple[Setting, ...],
    other_plans: Array,
) -> Array:
    """What the errors of two sets of rows have in common."""
    same_accelerator = _equal([s[1] for s in settings], [s[1] for s in other_settings])
    same_setting = _equal(["|".join(s) for s in settings], ["|".join(s) for s in other_settings])
    apart = ((plans[:, None, :] - other_plans[None, :, :]) ** 2).sum(axis=2)
    near = np.exp(-apart / (2 * DOUBLINGS_APART**2))
    of_setting = (SETTING_SPREAD**2 + PLAN_SPREAD**2 * near) * same_setting
    of_accelerator = ACCELERATOR_SPREAD**2 + ACCELERATOR_PLAN_SPREAD**2 * near
    return np.asarray(of_accelerator * same_accelerator + of_setting, np.float64)


def _equal(ones: list[str], others: list[str]) -> Array:
    return np.asarray(np.array(ones)[:, None] == np.array(others)[None, :], np.float64)
