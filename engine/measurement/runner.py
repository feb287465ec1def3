"""Runs one workload under meters: warm up until steady, repeat until sure, keep every repeat.

Short steps are timed in windows of many, so that reading the clock costs nothing beside
them; a GPU is waited for at the edges of a window only. What comes back is a Measurement.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import repeat
from math import ceil
from statistics import median, quantiles
from typing import cast

import torch

from engine.measurement import version
from engine.measurement.bench import Bench, Plan
from engine.measurement.machine import load_average
from engine.measurement.meters import Meter, MeterUnavailable
from engine.measurement.spread import median_interval, settled
from engine.measurement.workloads.base import AnyWorkload, LearningWorkload, Workload, learns
from engine.records import Epoch, Measurement


@dataclass(frozen=True)
class Progress:
    """What a measurement tells while it runs."""

    on_share: Callable[[float], None] = lambda share: None  # noqa: ARG005
    """Share of the repeats done, from 0 to 1."""
    on_epoch: Callable[[Epoch], None] = lambda epoch: None  # noqa: ARG005


@dataclass(frozen=True)
class _Metered:
    """What was seen, before it is put on record."""

    repeat_times_s: list[float]
    cpu_time_s: float
    energy_j: float | None
    metrics: Mapping[str, float] = field(default_factory=dict)
    epochs: tuple[Epoch, ...] = ()


@dataclass
class _Series:
    """Windows so far."""

    times_s: list[float] = field(default_factory=list)
    """Per step, one a window."""
    cpu_times_s: list[float] = field(default_factory=list)
    time_s: float = 0.0
    """All windows together."""

    def add(self, step_count: int, time_s: float, cpu_time_s: float) -> None:
        self.times_s.append(time_s / step_count)
        self.cpu_times_s.append(cpu_time_s / step_count)
        self.time_s += time_s


SILENT = Progress()
MOST_UNFIT = 10
"""A window so many times too long makes the next shorter."""


def measure(workload: AnyWorkload, bench: Bench, progress: Progress = SILENT) -> Measurement:
    """The workload's time, energy and memory per step on this bench."""
    load = load_average()
    _make_ready(workload, bench.device)
    memory = _Window(bench.memory_meter)
    if learns(workload):
        metered = _learn(workload, bench, progress)
    else:
        metered = _repeat(cast("Workload", workload), bench, progress)
    return _record(workload, bench, metered, memory.reading(), load)


def _make_ready(workload: AnyWorkload, device: torch.device) -> None:
    if learns(workload):
        workload.fetch()
        return
    make_ready = getattr(workload, "make_ready", None)
    if make_ready is not None:
        make_ready(device)


def _repeat(workload: Workload, bench: Bench, progress: Progress) -> _Metered:
    bench = replace(bench, plan=bench.plan_for(getattr(workload, "effort", "full")))
    step = workload.prepare(bench.device)
    try:
        metered = _series(_Stopwatch(step, bench), bench, progress)
        return replace(metered, metrics={**metered.metrics, **getattr(step, "metrics", dict)()})
    finally:
        close = getattr(step, "close", None)
        if close is not None:
            close()


def _series(watch: _Stopwatch, bench: Bench, progress: Progress) -> _Metered:
    plan, series = bench.plan, _Series()
    step_count = _warm_up(watch, plan)
    least_s = bench.slowest(bench.energy_meter.least_time_s if bench.energy_meter else 0.0)
    energy, observed = _Window(bench.energy_meter), _Observed(bench)
    while not _is_enough(series, plan, least_s):
        time_s, cpu_time_s = watch.window(step_count)
        series.add(step_count, time_s, cpu_time_s)
        step_count = _fitting(step_count, time_s, plan.window_s)
        progress.on_share(min(1.0, series.time_s / plan.repeat_s))
    energy_j = energy.reading()
    metrics = {**energy.metrics, **observed.metrics()}
    # Mean power times the median step: a disturbance weighs no more in energy than in time.
    return _Metered(
        repeat_times_s=series.times_s,
        cpu_time_s=median(series.cpu_times_s),
        energy_j=None if energy_j is None else energy_j / series.time_s * median(series.times_s),
        metrics=metrics,
    )


def _warm_up(watch: _Stopwatch, plan: Plan) -> int:
    """Run windows until they agree; returns how many steps make a window."""
    step_count, spent_s = 1, 0.0
    times_s: list[float] = []
    window_count = 0
    while (spent_s < plan.warm_up_s or window_count < plan.fewest_warm_ups) and not settled(
        times_s
    ):
        time_s, _ = watch.window(step_count)
        spent_s += time_s
        window_count += 1
        times_s.append(time_s / step_count)
        fitting = _fitting(step_count, time_s, plan.window_s)
        if fitting != step_count:
            step_count, times_s = fitting, []
    return step_count


def _fitting(step_count: int, time_s: float, window_s: float) -> int:
    """How many steps the next window should have, seeing how long this one took.

    Windows change at most tenfold: the first steps, and those another program disturbs,
    are seldom like the later ones.
    """
    if time_s > MOST_UNFIT * window_s:
        return max(1, step_count // 10)
    if time_s < window_s / 2:
        wanted = step_count * 10 if time_s <= 0 else ceil(step_count * window_s / time_s)
        return max(step_count + 1, min(wanted, step_count * 10))
    return step_count


def _is_enough(series: _Series, plan: Plan, least_s: float) -> bool:
    if series.time_s >= max(plan.repeat_s, least_s):
        return len(series.times_s) >= plan.fewest_slow_repeats
    if series.time_s < least_s or len(series.times_s) < plan.fewest_repeats:
        return False
    low_s, high_s = median_interval(series.times_s)
    return (high_s - low_s) / 2 <= plan.interval_share * median(series.times_s)


def _learn(workload: LearningWorkload, bench: Bench, progress: Progress) -> _Metered:
    energy, observed = _Window(bench.energy_meter), _Observed(bench)
    cpu_start_s = bench.clock.cpu_s()
    learned = workload.learn(bench.device, progress.on_epoch)
    cpu_time_s = bench.clock.cpu_s() - cpu_start_s
    energy_j = energy.reading()
    seen = {**energy.metrics, **observed.metrics()}
    return _Metered(
        repeat_times_s=learned.step_times_s,
        cpu_time_s=cpu_time_s / learned.step_count,
        energy_j=None if energy_j is None else energy_j / learned.step_count,
        metrics={**seen, **learned.metrics, "step_count": float(learned.step_count)},
        epochs=tuple(learned.epochs),
    )


def _record(
    workload: AnyWorkload,
    bench: Bench,
    metered: _Metered,
    peak_memory_bytes: float | None,
    load: float | None,
) -> Measurement:
    times_s = metered.repeat_times_s
    low_s, middle_s, high_s = _quartiles(times_s)
    meter = bench.energy_meter if metered.energy_j is not None else None
    return Measurement(
        machine=bench.machine,
        workload=workload.name,
        settings=workload.settings,
        method_version=version.METHOD,
        code_version=version.code(),
        taken_at=datetime.now(UTC),
        time_s=middle_s,
        time_low_s=low_s,
        time_high_s=high_s,
        repeat_times_s=tuple(times_s),
        cpu_time_s=metered.cpu_time_s,
        flop=workload.flop_per_step,
        moved_bytes=workload.moved_bytes_per_step,
        peak_memory_bytes=peak_memory_bytes,
        energy_j=metered.energy_j,
        energy_kind=meter.kind if meter else None,
        energy_meter=meter.description if meter else None,
        load_average=load,
        metrics={**getattr(workload, "metrics", {}), **metered.metrics},
        epochs=metered.epochs,
    )


def _quartiles(times_s: list[float]) -> tuple[float, float, float]:
    if len(times_s) == 1:
        return times_s[0], times_s[0], times_s[0]
    low_s, middle_s, high_s = quantiles(times_s, n=4, method="inclusive")
    return low_s, middle_s, high_s


class _Stopwatch:
    """Times windows of equal steps."""

    def __init__(self, step: Callable[[], object], bench: Bench) -> None:
        self._step = step
        self._clock = bench.clock
        self._device = bench.device
        self._slowest = bench.slowest

    def window(self, step_count: int) -> tuple[float, float]:
        """Wall time of `step_count` steps of the slowest process, CPU time of this one, s."""
        step, clock = self._step, self._clock
        self._wait()
        self._slowest(0.0)
        cpu_start_s, start_s = clock.cpu_s(), clock.wall_s()
        for _ in repeat(None, step_count):
            step()
        self._wait()
        time_s, cpu_time_s = clock.wall_s() - start_s, clock.cpu_s() - cpu_start_s
        return self._slowest(time_s), cpu_time_s

    def _wait(self) -> None:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)


class _Window:
    """One meter from now on; a meter that dies leaves its quantity unknown, not the run lost."""

    def __init__(self, meter: Meter | None) -> None:
        self._meter = meter
        try:
            if meter is not None:
                meter.start()
        except MeterUnavailable:
            self._meter = None

    @property
    def metrics(self) -> Mapping[str, float]:
        """What else the meter saw, also where it died on the way."""
        return getattr(self._meter, "metrics", {})

    def reading(self) -> float | None:
        """What the meter says; None where it cannot, or has not moved."""
        if self._meter is None:
            return None
        try:
            reading = self._meter.stop()
        except MeterUnavailable:
            return None
        return reading if reading > 0 else None


class _Observed:
    """What a bench's observer sees from now on."""

    def __init__(self, bench: Bench) -> None:
        self._observer = bench.observer
        if self._observer is not None:
            self._observer.start()

    def metrics(self) -> Mapping[str, float]:
        """All of it; nothing without an observer."""
        return {} if self._observer is None else self._observer.stop()
