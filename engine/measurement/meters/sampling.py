"""Readings taken beside the work, in a thread, and what they add up to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from engine.measurement.meters.base import MeterUnavailable

PERIOD_S = 0.1
"""Ten readings a second, each well under a millisecond: under 1 % of one core."""

Reading = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Sample:
    """One reading and when it was taken."""

    at_s: float
    values: Reading


@dataclass
class Sampler:
    """Calls `read` again and again between `start` and `stop`; the first and last at the edges.

    A reading that raises MeterUnavailable ends the sampling, not the work: what was read
    until then is kept, and `died` is true.
    """

    read: Callable[[], Reading]
    period_s: float = PERIOD_S
    wall_s: Callable[[], float] = time.perf_counter
    samples: list[Sample] = field(default_factory=list, init=False)
    died: bool = field(default=False, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)
    _end: threading.Event = field(default_factory=threading.Event, init=False)

    def start(self) -> None:
        """Take the first reading, and go on in a thread; an open window is dropped."""
        self._finish()
        self.samples, self.died, self._end = [], False, threading.Event()
        self._sample()
        self._thread = threading.Thread(target=self._go_on, args=(self._end,), daemon=True)
        self._thread.start()

    def stop(self) -> list[Sample]:
        """Take the last reading; all of them, oldest first."""
        self._finish()
        if not self.died:
            self._sample()
        return self.samples

    def _finish(self) -> None:
        self._end.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _go_on(self, end: threading.Event) -> None:
        while not end.wait(self.period_s) and not self.died:
            self._sample()

    def _sample(self) -> None:
        try:
            self.samples.append(Sample(self.wall_s(), self.read()))
        except MeterUnavailable:
            self.died = True


def series(samples: Sequence[Sample], name: str) -> list[tuple[float, float]]:
    """Instant and value of each sample that has a quantity."""
    return [(sample.at_s, sample.values[name]) for sample in samples if name in sample.values]


def integral(points: Sequence[tuple[float, float]]) -> float | None:
    """Area under a line through the points: W over s gives J. None below two points."""
    if len(points) < 2:
        return None
    return sum((t1 - t0) * (v0 + v1) / 2 for (t0, v0), (t1, v1) in pairwise(points))


def mean_over_time(points: Sequence[tuple[float, float]]) -> float | None:
    """Mean, each value weighing as long as it held; None without points."""
    area = integral(points)
    time_s = points[-1][0] - points[0][0] if points else 0.0
    if area is None or time_s <= 0:
        return points[-1][1] if points else None
    return area / time_s
