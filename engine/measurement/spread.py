"""When repeats agree, and how well they give the median."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb
from statistics import median

GROUP_COUNT = 3
AGREEMENT_SHARE = 0.03
MISSED_SHARE = 0.05
"""Chance that the interval misses the median."""


def settled(times_s: Sequence[float]) -> bool:
    """Whether the last three windows have the median of the three before, within 3 %."""
    if len(times_s) < 2 * GROUP_COUNT:
        return False
    before_s = median(times_s[-2 * GROUP_COUNT : -GROUP_COUNT])
    last_s = median(times_s[-GROUP_COUNT:])
    return abs(last_s - before_s) <= AGREEMENT_SHARE * before_s


def median_interval(values: Sequence[float]) -> tuple[float, float]:
    """95 % interval of the median, whatever the distribution, from the ordered values.

    Below six values no pair of them is sure enough: the least and the greatest are given.

    Source: Le Boudec 2010, "Performance Evaluation of Computer and Communication
    Systems", theorem 2.1, https://leboudec.github.io/perfeval/
    """
    ordered = sorted(values)
    cut = _cut_count(len(ordered))
    return ordered[cut], ordered[-1 - cut]


def _cut_count(count: int) -> int:
    """How many of the least, and of the greatest, may be left out."""
    tail_share, cut = 0.0, 0
    for rank in range(count // 2):
        tail_share += comb(count, rank) / 2**count
        if 2 * tail_share > MISSED_SHARE:
            break
        cut = rank
    return cut
