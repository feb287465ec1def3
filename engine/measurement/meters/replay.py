"""Recorded readings, for tests and for showing what a machine said elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from engine.measurement.meters.base import MeterUnavailable


@dataclass
class ReplayMeter:
    """Gives its readings one by one, then is gone as a dying meter is."""

    readings: Iterable[float]
    quantity: str = "gpu_energy_j"
    kind: Literal["measured", "estimated"] = "measured"
    description: str = "replay"
    least_time_s: float = 0.0
    sees_all_programs: bool = False
    starts: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._left = iter(self.readings)

    def start(self) -> None:
        """Count the windows opened."""
        self.starts += 1

    def stop(self) -> float:
        """The next reading."""
        try:
            return next(self._left)
        except StopIteration:
            raise MeterUnavailable("The recording has ended.") from None
