"""How far a machine's own medians lie apart from one run to the next.

Repeats of one run are taken within seconds, and their interval knows nothing of what changes
from minute to minute: a neighbour on the same processor, a clock that is kept down. Work that
was measured more than once on one machine shows it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, expm1, log

from engine.measurement.noise import disturbances
from engine.records import Measurement

SURE_SHARE = 0.95


@dataclass(frozen=True, slots=True)
class Steadiness:
    """What a machine does to the same work at another time."""

    share: float
    """95 of 100 medians taken again lie within this share of the first, either way."""
    pair_count: int
    """From so many."""


def steadiness(measurements: Iterable[Measurement]) -> dict[str, Steadiness]:
    """By hardware id; a machine that measured fewer than 19 undisturbed things twice has none.

    The bound is the smallest distance seen that a further pair stays within 95 times of 100.

    Source: Lei et al. 2018, "Distribution-Free Predictive Inference for Regression",
    https://doi.org/10.1080/01621459.2017.1307116
    """
    found: dict[str, list[float]] = defaultdict(list)
    for times in _again(measurements).values():
        for first, second in pairwise(times):
            found[first.machine.hardware_id].append(abs(log(second.time_s / first.time_s)))
    bounds = {hardware: _bound(distances) for hardware, distances in found.items()}
    return {
        hardware: Steadiness(expm1(bound), len(found[hardware]))
        for hardware, bound in bounds.items()
        if bound is not None
    }


def _again(measurements: Iterable[Measurement]) -> Mapping[object, list[Measurement]]:
    """The same work of the same code on the same machine, oldest first."""
    found: dict[object, list[Measurement]] = defaultdict(list)
    for m in sorted(measurements, key=lambda m: m.taken_at):
        if not disturbances(m):
            settings = tuple(sorted(m.settings.items()))
            found[m.machine, m.workload, settings, m.method_version, m.code_version].append(m)
    return found


def _bound(distances: list[float]) -> float | None:
    rank = ceil(SURE_SHARE * (len(distances) + 1))
    return sorted(distances)[rank - 1] if rank <= len(distances) else None
