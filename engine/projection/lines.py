"""Two-number fits of measured times: a fixed overhead, and seconds for each unit of work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MIN_POINT_COUNT = 3


@dataclass(frozen=True, slots=True)
class Line:
    """`time = overhead + work / rate`, with the error it made on its own points."""

    overhead_s: float
    work_per_s: float
    residual_share: float
    """Root mean square of the relative errors."""
    work_low: float
    work_high: float
    """Range of work that was measured."""

    def covers(self, work: float) -> bool:
        """Whether work lies in the measured range."""
        return self.work_low <= work <= self.work_high


def fit_line(points: Sequence[tuple[float | None, float]]) -> Line | None:
    """The line through (work, seconds) with the least relative errors, neither part negative.

    Relative errors, because a step of a microsecond says as much about the machine as
    one of a second. None from fewer than three different amounts of work, or where time
    does not grow with work.
    """
    known = [(work, time_s) for work, time_s in points if work is not None and work > 0]
    if len({work for work, _ in known}) < MIN_POINT_COUNT:
        return None
    work, time_s = np.array(known).T
    overhead_s, s_per_work = _relative_least_squares(work, time_s)
    if s_per_work <= 0:
        return None
    errors = (overhead_s + s_per_work * work) / time_s - 1.0
    residual_share = float(np.sqrt(np.mean(errors**2)))
    return Line(overhead_s, 1.0 / s_per_work, residual_share, float(work.min()), float(work.max()))


def _relative_least_squares(work: np.ndarray, time_s: np.ndarray) -> tuple[float, float]:
    design = np.column_stack([1.0 / time_s, work / time_s])
    scale = np.abs(design).max(axis=0)
    overhead_s, s_per_work = np.linalg.lstsq(design / scale, np.ones_like(time_s))[0] / scale
    if overhead_s < 0:
        ratio = work / time_s
        return 0.0, float(ratio.sum() / (ratio**2).sum())
    return float(overhead_s), float(s_per_work)
