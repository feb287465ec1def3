"""Latency and bandwidth of a collective, from its times at several message sizes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

from engine.records import BadInput, Measurement

COLLECTIVE = "collective"
"""Name of the workload whose measurements are fitted."""
FEWEST_POINTS = 3
"""Two sizes always fit exactly, and say nothing of the residual."""

GROUP = ("collective", "backend", "world_size", "node_count", "thread_count")


@dataclass(frozen=True, slots=True)
class Line:
    """Time = latency + bytes / bandwidth, and how far from it the times were."""

    latency_s: float
    bandwidth_bytes_per_s: float | None
    """What each process sends, per second; None where times do not grow with the bytes."""
    residual_share: float
    """Root mean square of (fitted - measured) / measured."""
    worst_share: float
    """Largest of those, without its sign."""


@dataclass(frozen=True, slots=True)
class CollectiveFit:
    """The line of one collective in one world on one machine."""

    machine_fingerprint: str
    collective: str
    backend: str
    world_size: int
    node_count: int
    thread_count: int
    point_count: int
    smallest_bytes: float
    largest_bytes: float
    """The sizes seen, as bytes sent by each process; the line says nothing beyond them."""
    line: Line


def latency_and_bandwidth(sent_bytes: Sequence[float], times_s: Sequence[float]) -> Line:
    """Least squares on the relative error of `time = latency + bytes / bandwidth`.

    Relative, because times span decades: in seconds the largest message alone would decide.
    Neither term may be negative; one that would be is left out.

    Args:
        sent_bytes: what each process sends, one value a measurement.
        times_s: seconds, as many.

    Raises:
        BadInput: fewer than three points, or a time that is not positive.

    Source: the model is Hockney 1994, "The communication challenge for MPP", Parallel
    Computing 20(3), https://doi.org/10.1016/S0167-8191(06)80021-9
    """
    if len(sent_bytes) != len(times_s) or len(times_s) < FEWEST_POINTS or min(times_s) <= 0:
        raise BadInput(
            f"Latency and bandwidth need {FEWEST_POINTS} sizes or more with positive times, "
            f"not {len(times_s)}. Measure more sizes."
        )
    inverse = [1.0 / time for time in times_s]
    scaled = [size / time for size, time in zip(sent_bytes, times_s, strict=True)]
    latency_s, s_per_byte = _non_negative(inverse, scaled)
    errors = [
        latency_s * one + s_per_byte * size - 1.0 for one, size in zip(inverse, scaled, strict=True)
    ]
    return Line(
        latency_s=latency_s,
        bandwidth_bytes_per_s=1.0 / s_per_byte if s_per_byte > 0 else None,
        residual_share=sqrt(sum(error**2 for error in errors) / len(errors)),
        worst_share=max(abs(error) for error in errors),
    )


def collective_fits(measurements: Iterable[Measurement]) -> list[CollectiveFit]:
    """One fit for each machine, collective, backend and world among the measurements.

    Of a size measured more than once the newest counts. Worlds with fewer than three sizes
    have no fit.
    """
    groups: dict[tuple[object, ...], dict[float, Measurement]] = defaultdict(dict)
    for measured in sorted(measurements, key=lambda m: m.taken_at):
        if measured.workload == COLLECTIVE and measured.moved_bytes is not None:
            group = (
                measured.machine.fingerprint,
                *(measured.settings.get(name) for name in GROUP),
            )
            groups[group][measured.moved_bytes] = measured
    return [
        _fit(points)
        for _, points in sorted(groups.items(), key=str)
        if len(points) >= FEWEST_POINTS
    ]


def _non_negative(inverse: list[float], scaled: list[float]) -> tuple[float, float]:
    """Least squares of `a * inverse + b * scaled = 1` with both factors 0 or more."""
    aa, bb = sum(x * x for x in inverse), sum(x * x for x in scaled)
    ab = sum(x * y for x, y in zip(inverse, scaled, strict=True))
    a, b = sum(inverse), sum(scaled)
    determinant = aa * bb - ab * ab
    if determinant > 0:
        first, second = (a * bb - b * ab) / determinant, (b * aa - a * ab) / determinant
        if first >= 0 and second >= 0:
            return first, second
    only_first, only_second = a / aa, (b / bb if bb > 0 else 0.0)
    if a * only_first >= b * only_second:
        return only_first, 0.0
    return 0.0, only_second


def _fit(points: dict[float, Measurement]) -> CollectiveFit:
    one = next(iter(points.values()))
    known = one.settings
    return CollectiveFit(
        machine_fingerprint=one.machine.fingerprint,
        collective=str(known["collective"]),
        backend=str(known["backend"]),
        world_size=int(known["world_size"]),
        node_count=int(known["node_count"]),
        thread_count=int(known["thread_count"]),
        point_count=len(points),
        smallest_bytes=min(points),
        largest_bytes=max(points),
        line=latency_and_bandwidth(list(points), [m.time_s for m in points.values()]),
    )
