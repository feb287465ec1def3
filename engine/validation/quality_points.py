"""One claim about predicted scores, in points."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QualityScore:
    """One claim: what is predicted, how far off it was, in points, and how many ranges held."""

    key: str
    what: str
    row_count: int
    rmse_points: float
    median_points: float
    p90_points: float
    bias_points: float
    coverage_share: float
