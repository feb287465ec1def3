"""How far the next of a few numbers lies from their mean."""

from __future__ import annotations

from math import sqrt

STUDENT_T_95 = (6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812)
"""One-sided 95 % points for 1 to 10 degrees of freedom; the last holds beyond."""


def t_95(freedom: int) -> float:
    """Student's one-sided 95 % point."""
    return STUDENT_T_95[min(freedom, len(STUDENT_T_95)) - 1]


def next_half_width_share(spread_share: float, count: int) -> float:
    """Half the 90 % range of one more number, from the standard deviation of those there are.

    Source: Hahn and Meeker 1991, "Statistical Intervals", section 4.7 (prediction interval)
    """
    return t_95(count - 1) * spread_share * sqrt(1.0 + 1.0 / count)
