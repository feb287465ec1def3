"""What a user's own measurements say of projected speed, by hardware, engine and precision.

The logarithm of measured over projected is taken as a sum of what a piece of hardware, an engine
on it and a number format with both have in common, plus noise. Each part is estimated given all
measurements (a random-effects model), so that one measurement moves its own setting most of the
way and others on the same hardware a little.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from engine.records import Estimate, Source

Work = Literal["training", "inference"]
Setting = tuple[str, str, str]
"""Hardware, engine, number format."""

HARDWARE_SPREAD = 0.10
ENGINE_SPREAD = 0.10
FORMAT_SPREAD = 0.08
NOISE = 0.10
"""Standard deviations of logarithms: of what is shared, and of what is left between rows."""
SIXTEEN_BIT = {"bf16": "16bit", "fp16": "16bit"}
OWN_ROWS = Source("One's own rows (`modelworth calibrate --own`)")
SPREADS = (HARDWARE_SPREAD, ENGINE_SPREAD, FORMAT_SPREAD)
NINETY_PERCENT = 1.645


@dataclass(frozen=True, slots=True)
class Correction:
    """Measured over projected speed of one setting, with what is not known of it."""

    log_ratio: float
    spread: float
    """Standard deviation of the logarithm, of one more row of the setting."""
    row_count: int

    @property
    def ratio(self) -> float:
        """Measured over projected."""
        return float(np.exp(self.log_ratio))

    @property
    def range_ratios(self) -> tuple[float, float]:
        """Between which nine tenths of further rows should fall, over the projection."""
        width = NINETY_PERCENT * self.spread
        return float(np.exp(self.log_ratio - width)), float(np.exp(self.log_ratio + width))


@dataclass(frozen=True)
class OwnCalibration:
    """Corrections by work and setting: hardware alone, with engine, with number format."""

    corrections: Mapping[str, Correction] = field(default_factory=dict)

    def of(
        self, work: Work, hardware: str, engine: str = "", precision: str = ""
    ) -> Correction | None:
        """The closest correction to a setting; None where its hardware was not measured.

        Where no engine is named, what all engines at that number format have in common.
        """
        precision = SIXTEEN_BIT.get(precision, precision)
        if precision and not engine:
            of_format = self._of_format(work, hardware, precision)
            if of_format is not None:
                return of_format
        for depth in (3, 2, 1):
            found = self.corrections.get(_key(work, (hardware, engine, precision), depth))
            if found is not None:
                return found
        return None

    def _of_format(self, work: Work, hardware: str, precision: str) -> Correction | None:
        start, end = f"{work}/{hardware}/", f"/{precision}"
        found = [c for k, c in self.corrections.items() if k.startswith(start) and k.endswith(end)]
        if not found:
            return None
        counts = np.array([c.row_count for c in found], dtype=np.float64)
        logs = np.array([c.log_ratio for c in found])
        middle = float(np.average(logs, weights=counts))
        spread = np.array([c.spread for c in found]) ** 2 + (logs - middle) ** 2
        variance = float(np.average(spread, weights=counts))
        return Correction(middle, variance**0.5, int(counts.sum()))

    def with_others(self, others: OwnCalibration) -> OwnCalibration:
        """Both together; where both speak of the same setting, the others count."""
        return OwnCalibration({**self.corrections, **others.corrections})


NO_OWN_CALIBRATION = OwnCalibration()


def corrected_by(found: Correction) -> Estimate:
    """A correction as a number with its source and range, for the working of a result."""
    low, high = found.range_ratios
    note = f"{found.row_count} own rows"
    return Estimate(found.ratio, "measured", source=OWN_ROWS, low=low, high=high, note=note)


def own_calibration(
    work: Work, settings: Sequence[Setting], log_ratios: npt.NDArray[np.float64]
) -> OwnCalibration:
    """Corrections from the logarithm of measured over projected speed of each own row."""
    if not settings:
        return NO_OWN_CALIBRATION
    known = _shared(settings, settings) + NOISE**2 * np.eye(len(settings))
    inverse = np.linalg.inv(known)
    pull = inverse @ log_ratios
    asked = {_key(work, s, depth): (s, depth) for s in settings for depth in (1, 2, 3)}
    found = {}
    for key, (setting, depth) in asked.items():
        common = _shared([setting], settings, depth)[0]
        left = sum(spread**2 for spread in SPREADS) - common @ inverse @ common
        count = sum(_key(work, s, depth) == key for s in settings)
        spread = float(np.sqrt(max(left, 0.0) + NOISE**2))
        found[key] = Correction(float(common @ pull), spread, count)
    return OwnCalibration(found)


def _key(work: Work, setting: Setting, depth: int) -> str:
    return "/".join((work, *setting[:depth]))


def _shared(
    ones: Sequence[Setting], others: Sequence[Setting], depth: int = 3
) -> npt.NDArray[np.float64]:
    """Variance that two rows have in common: of every level down to `depth` that they share."""
    total = np.zeros((len(ones), len(others)))
    for level, spread in enumerate(SPREADS[:depth], start=1):
        left = np.array(["/".join(s[:level]) for s in ones])
        right = np.array(["/".join(s[:level]) for s in others])
        total += spread**2 * (left[:, None] == right[None, :])
    return total


def as_document(own: OwnCalibration) -> dict[str, Any]:
    """The corrections as JSON values."""
    return {
        key: {"log_ratio": c.log_ratio, "spread": c.spread, "row_count": c.row_count}
        for key, c in own.corrections.items()
    }


def from_document(document: Mapping[str, Any]) -> OwnCalibration:
    """The corrections that JSON values hold."""
    return OwnCalibration({key: Correction(**entry) for key, entry in document.items()})
