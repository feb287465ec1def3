"""How far a machine's own medians lie apart from one time to the next.

Repeats of one measurement are taken within seconds, and their interval knows nothing of what
changes from minute to minute: a neighbour on the same processor, a clock that is kept down.
Work that was measured more than once on one machine shows it; every suite measures some twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, expm1, log, sqrt

from engine.measurement.noise import disturbances
from engine.measurement.spread import median_interval
from engine.records import Measurement, Setting

REVISIT = "revisit"
"""The workload that is another one, measured once more."""
OF = "of"
"""Its setting that says which."""
SURE_SHARE = 0.95
FEWEST_FOR_INTERVAL = 6
"""Repeats: below, the least and the greatest do not hold the median with 95 % certainty."""
COVERED = ("spread",)
"""Of what disturbs a measurement, what its interval already says."""


@dataclass(frozen=True, slots=True)
class Steadiness:
    """What a machine does to the same work at another time, beyond what repeats show."""

    share: float
    """95 of 100 intervals of a median taken again lie no farther than this from the first's."""
    pair_count: int
    """From so many."""


def steadiness(measurements: Iterable[Measurement]) -> dict[str, Steadiness]:
    """By hardware id; a machine that measured fewer than 19 things twice has none.

    The bound is the smallest distance seen that a further pair stays within 95 times of 100.
    Where too few pairs were undisturbed by other programs, all count: so much does it waver.

    Source: Lei et al. 2018, "Distribution-Free Predictive Inference for Regression",
    https://doi.org/10.1080/01621459.2017.1307116
    """
    calm: dict[str, list[float]] = defaultdict(list)
    every: dict[str, list[float]] = defaultdict(list)
    for times in _again(measurements).values():
        for first, second in pairwise(times):
            every[first.machine.hardware_id].append(distance(first, second))
            if is_sound(first) and is_sound(second):
                calm[first.machine.hardware_id].append(distance(first, second))
    known = {hardware: _known(calm[hardware]) or _known(every[hardware]) for hardware in every}
    return {hardware: found for hardware, found in known.items() if found is not None}


def stated_interval_s(m: Measurement, steady: Mapping[str, Steadiness]) -> tuple[float, float]:
    """Where the median lies, s: two times the same was measured, 95 of 100 such overlap.

    Of a machine whose steadiness is not known it is the interval of the repeats alone.
    """
    low_s, high_s = median_interval(m.repeat_times_s)
    known = steady.get(m.machine.hardware_id)
    half = sqrt(1 + known.share) if known else 1.0
    return low_s / half, high_s * half


def distance(first: Measurement, second: Measurement) -> float:
    """How far the 95 % intervals of two medians lie apart, as a logarithm; 0 where they meet."""
    (low_a_s, high_a_s), (low_b_s, high_b_s) = (
        median_interval(m.repeat_times_s) for m in (first, second)
    )
    return max(0.0, log(low_b_s / high_a_s), log(low_a_s / high_b_s))


def original(m: Measurement) -> tuple[str, Mapping[str, Setting]]:
    """Workload and settings of what a measurement is of."""
    if m.workload != REVISIT:
        return m.workload, m.settings
    return str(m.settings[OF]), {k: v for k, v in m.settings.items() if k != OF}


def _again(measurements: Iterable[Measurement]) -> Mapping[object, list[Measurement]]:
    """The same work of the same code on the same machine, oldest first."""
    found: dict[object, list[Measurement]] = defaultdict(list)
    for m in sorted(measurements, key=lambda m: m.taken_at):
        if _is_repeated(m):
            workload, settings = original(m)
            same = m.machine, workload, tuple(sorted(settings.items()))
            found[*same, m.method_version, m.code_version].append(m)
    return found


def is_sound(m: Measurement, covered: Sequence[str] = COVERED) -> bool:
    """Whether its interval can be trusted: repeated enough, and disturbed by `covered` at most."""
    return _is_repeated(m) and set(disturbances(m)) <= set(covered)


def _is_repeated(m: Measurement) -> bool:
    return len(m.repeat_times_s) >= FEWEST_FOR_INTERVAL


def _known(distances: list[float]) -> Steadiness | None:
    rank = ceil(SURE_SHARE * (len(distances) + 1))
    if rank > len(distances):
        return None
    return Steadiness(expm1(sorted(distances)[rank - 1]), len(distances))
