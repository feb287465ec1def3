"""`modelworth measure --progress FILE`: what happens, one JSON object a line, for what watches.

A watcher may stop the run by SIGTERM: it ends as by Ctrl-C, with what was taken kept.
"""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

from engine.measurement.events import Advanced, Event, Failed, Finished, Started, Trained
from engine.measurement.suites import expected_s
from engine.measurement.workloads.base import AnyWorkload
from engine.records import BadInput, CannotContinue, Measurement, Setting

ADVANCED_EVERY_S = 0.5
"""Parts of a job are told no more often: a watcher looks once a second."""

RESULT = ("time_s", "flop", "moved_bytes", "energy_j", "energy_kind")


class ProgressFile:
    """Writes events to a file as they come; without a file, nowhere."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: TextIO | None = None
        self._apart: Mapping[AnyWorkload, Mapping[str, Setting]] = {}
        self._told_at_s = 0.0

    def __enter__(self) -> Self:
        if self._path is not None:
            try:
                self._file = self._path.open("w", encoding="utf-8", buffering=1)
            except OSError as error:
                raise BadInput(
                    f"Progress cannot be written to {self._path}: {error.strerror}. "
                    "Give a file in a folder that can be written."
                ) from error
            signal.signal(signal.SIGTERM, signal.default_int_handler)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        is_foreseen = isinstance(error, CannotContinue | BadInput)
        reason = None if error is None else str(error) if is_foreseen else repr(error)
        self.tell("ended", reason=reason, at=datetime.now(UTC).isoformat())
        if self._file is not None:
            self._file.close()

    def tell(self, event: str, **values: Any) -> None:
        """One line."""
        if self._file is not None:
            line = json.dumps({"event": event, **values}, ensure_ascii=False, allow_nan=False)
            self._file.write(line + "\n")

    def plan(self, all_count: int, jobs: Sequence[AnyWorkload]) -> None:
        """What is left to measure, and roughly how long it takes."""
        from engine.cli.measure_display import apart

        self._apart = apart(jobs)
        total_s = sum(map(expected_s, jobs))
        self.tell("planned", all=all_count, left=len(jobs), expected_s=total_s)

    def show(self, event: Event) -> None:
        """What became of a job."""
        match event:
            case Started():
                self.tell("started", **self._job(event.job), expected_s=expected_s(event.job))
            case Advanced() if time.monotonic() - self._told_at_s >= ADVANCED_EVERY_S:
                self._told_at_s = time.monotonic()
                self.tell("advanced", share=event.share)
            case Trained():
                self.tell(
                    "trained", **asdict(event.epoch), of=event.job.settings.get("epoch_count")
                )
            case Finished():
                self.tell("finished", **self._job(event.job), **result(event.measurement))
            case Failed():
                self.tell("failed", **self._job(event.job), reason=event.reason)

    def relay(self, event: Mapping[str, Any]) -> None:
        """What the first of several processes reports."""
        match event["event"]:
            case "planned":
                self.tell("planned", all=event["all"], left=event["left"])
            case "started":
                job = {name: event[name] for name in ("workload", "settings")}
                self.tell("started", **job)
            case "finished":
                seen = event["measurement"]
                job = {name: seen[name] for name in ("workload", "settings")}
                self.tell("finished", **job, **{name: seen[name] for name in RESULT})
            case "left out":
                settings = event["settings"]
                name = "collective" if "collective" in settings else "parallel_train_step"
                self.tell("failed", workload=name, settings=settings, reason=event["reason"])

    def _job(self, job: AnyWorkload) -> dict[str, Any]:
        return {"workload": job.name, "settings": dict(self._apart[job])}


def result(measurement: Measurement) -> dict[str, Any]:
    """The numbers of a result that are shown at once."""
    return {name: getattr(measurement, name) for name in RESULT}
