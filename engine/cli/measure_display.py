"""What `modelworth measure` shows while it runs: two bars, each epoch, each result."""

from __future__ import annotations

import time
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Self

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column

from engine.cli import log
from engine.measurement.events import Advanced, Event, Failed, Finished, Started, Trained
from engine.measurement.noise import disturbances, far_repeats_s
from engine.measurement.suites import expected_s
from engine.measurement.workloads.base import AnyWorkload
from engine.records import Epoch, Measurement, Setting

REDRAW_S = 0.5
"""Drawing happens between windows and seldom: a drawing thread would disturb what is timed."""


class Display:
    """Shows events on stderr as they come."""

    def __init__(self, jobs: Sequence[AnyWorkload]) -> None:
        self._labels = labels(jobs)
        self._progress = Progress(
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(compact=True),
            TextColumn("left"),
            TextColumn("{task.description}", markup=False, table_column=_one_line()),
            console=log,
            auto_refresh=False,
            transient=True,
            expand=True,
            disable=not log.is_terminal,
        )
        self._overall = self._progress.add_task(
            f"All {len(jobs)}", total=sum(expected_s(job) for job in jobs)
        )
        self._current = self._progress.add_task("", total=1.0)
        self._done_s = 0.0
        self._drawn_at_s = 0.0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.stop()

    def show(self, event: Event) -> None:
        """Bring the screen up to date."""
        match event:
            case Started():
                self._begin(event.job)
            case Advanced():
                self._advance(event.job, event.share)
            case Trained():
                self._say(epoch_line(event.epoch, _spoken(_metric(event.job.settings))))
                self._advance(event.job, _epoch_share(event))
            case Finished():
                self._end(event.job, result_line(self._labels[event.job], event.measurement))
            case Failed():
                self._end(event.job, f"{self._labels[event.job]}: not measured. {event.reason}")

    def _begin(self, job: AnyWorkload) -> None:
        self._progress.reset(self._current, total=1.0, description=self._labels[job])
        self._draw(now=True)

    def _advance(self, job: AnyWorkload, share: float) -> None:
        self._progress.update(self._current, completed=share)
        self._progress.update(self._overall, completed=self._done_s + share * expected_s(job))
        self._draw()

    def _end(self, job: AnyWorkload, line: str) -> None:
        self._done_s += expected_s(job)
        self._progress.update(self._overall, completed=self._done_s)
        self._say(line)

    def _say(self, line: str) -> None:
        log.print(line, markup=False, highlight=False, soft_wrap=True)
        self._draw(now=True)

    def _draw(self, now: bool = False) -> None:
        if now or time.monotonic() - self._drawn_at_s >= REDRAW_S:
            self._progress.refresh()
            self._drawn_at_s = time.monotonic()


def _one_line() -> Column:
    return Column(no_wrap=True, overflow="ellipsis", ratio=1)


def apart(jobs: Sequence[AnyWorkload]) -> dict[AnyWorkload, dict[str, Setting]]:
    """Those settings of each job that set it apart from the others of its name."""
    told = varied((job.name, job.settings) for job in jobs)
    return {job: {k: v for k, v in job.settings.items() if (job.name, k) in told} for job in jobs}


def labels(jobs: Sequence[AnyWorkload]) -> dict[AnyWorkload, str]:
    """Each job's name and those settings that set it apart from the others of its name."""
    told = varied((job.name, job.settings) for job in jobs)
    return {job: label(job.name, job.settings, told) for job in jobs}


def varied(asked: Iterable[tuple[str, Mapping[str, Setting]]]) -> set[tuple[str, str]]:
    """Name of the work and of each setting that differs among those of that name."""
    values: dict[tuple[str, str], set[Setting]] = {}
    for work, settings in asked:
        for name, value in settings.items():
            values.setdefault((work, name), set()).add(value)
    return {place for place, met in values.items() if len(met) > 1}


def label(work: str, settings: Mapping[str, Setting], told: Container[tuple[str, str]]) -> str:
    """The work's name and those of its settings that are to be told."""
    return " ".join(
        [work, *(f"{name}={value}" for name, value in settings.items() if (work, name) in told)]
    )


def epoch_line(epoch: Epoch, score_name: str = "accuracy") -> str:
    """Loss and score after one pass over the data, in training and held out."""
    return (
        f"  epoch {epoch.number:>2}  loss {epoch.train_loss_nats:.4f}  "
        f"{score_name} {epoch.train_accuracy_share:.2%}   held out: "
        f"loss {epoch.held_out_loss_nats:.4f}  {score_name} {epoch.held_out_accuracy_share:.2%}"
    )


def _metric(settings: Mapping[str, Setting]) -> str:
    """The score that counts, as the settings name it."""
    return str(settings.get("metric", "accuracy_share"))


def _spoken(metric: str) -> str:
    return metric.removesuffix("_share").replace("_", " ")


def result_line(label: str, measurement: Measurement) -> str:
    """Time per step, and the rate, energy or accuracy that goes with it."""
    parts = [f"{label}: {readable(measurement.time_s, 's')} a step"]
    if measurement.flop is not None:
        parts.append(readable(measurement.flop / measurement.time_s, "FLOP/s"))
    elif measurement.moved_bytes is not None:
        parts.append(readable(measurement.moved_bytes / measurement.time_s, "B/s"))
    if measurement.energy_j is not None:
        kind = " (estimated)" if measurement.energy_kind == "estimated" else ""
        parts.append(readable(measurement.energy_j, "J") + kind)
    metric = _metric(measurement.settings)
    if metric in measurement.metrics:
        parts.append(f"{_spoken(metric)} {measurement.metrics[metric]:.2%}")
    return ", ".join([*parts, *_doubts(measurement)])


def _doubts(measurement: Measurement) -> Iterator[str]:
    """Repeats far from the others, and what makes the whole noisy."""
    far_count = len(far_repeats_s(measurement))
    if far_count:
        yield f"{far_count} of {len(measurement.repeat_times_s)} repeats far off"
    reasons = disturbances(measurement)
    if reasons:
        yield f"noisy ({', '.join(reasons).replace('_', ' ')})"


def readable(value: float, unit: str) -> str:
    """Three digits with the prefix that suits them: `1.58 ms`, `1.36 TFLOP/s`."""
    steps = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "µ")]
    for size, prefix in steps:
        if value >= size:
            return f"{value / size:.3g} {prefix}{unit}"
    return f"{value * 1e9:.3g} n{unit}"


def _epoch_share(event: Trained) -> float:
    epoch_count = event.job.settings.get("epoch_count")
    return event.epoch.number / epoch_count if isinstance(epoch_count, int) else 0.0
