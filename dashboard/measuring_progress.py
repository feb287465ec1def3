"""What a run of `modelworth measure --progress` has told so far."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

Settings = Mapping[str, Any]

STOPPED = "Stopped."
"""How the sentence of a run that was told to end begins."""
USUAL_S = 1.2
"""A job's share of the whole, where the run does not say how long it expects."""


@dataclass(frozen=True, slots=True)
class Job:
    """One job that is over: its numbers, or why there are none."""

    workload: str
    settings: Settings
    """Those that set it apart from the others of its name."""
    time_s: float | None = None
    flop: float | None = None
    moved_bytes: float | None = None
    energy_j: float | None = None
    energy_kind: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """A run so far."""

    all_count: int | None = None
    """Jobs of the suite; None before the run has looked."""
    left_count: int = 0
    """Of those, how many it set out to measure."""
    total_s: float = 0.0
    """What all of these were expected to take."""
    spent_s: float = 0.0
    """What those that are over were expected to take."""
    workload: str | None = None
    """Under way now."""
    settings: Settings | None = None
    expected_s: float = 0.0
    share: float = 0.0
    """Of the job under way."""
    jobs: tuple[Job, ...] = ()
    """Over, oldest first."""
    has_ended: bool = False
    reason: str | None = None
    """Why it ended early, as the run itself says it."""

    @property
    def was_stopped(self) -> bool:
        """Whether somebody ended it."""
        return (self.reason or "").startswith(STOPPED)

    @property
    def measured_count(self) -> int:
        """Jobs that gave a result."""
        return sum(job.reason is None for job in self.jobs)

    @property
    def failed(self) -> tuple[Job, ...]:
        """Jobs that gave none."""
        return tuple(job for job in self.jobs if job.reason is not None)

    @property
    def done_share(self) -> float:
        """Of all that is to be done, 0 to 1."""
        if self.has_ended and self.reason is None:
            return 1.0
        if self.total_s <= 0:
            return 0.0
        return min(1.0, (self.spent_s + self.share * self.expected_s) / self.total_s)

    def left_s(self, elapsed_s: float) -> float | None:
        """Roughly what it still takes: as expected, at the pace seen so far."""
        done_s = self.spent_s + self.share * self.expected_s
        if self.all_count is None or done_s <= 0:
            return None
        return max(0.0, self.total_s - done_s) * elapsed_s / done_s


def progress_of(lines: Iterable[str]) -> Progress:
    """The state after these lines; one cut off in the middle counts for nothing."""
    found = Progress()
    jobs: list[Job] = []
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if event["event"] in ("finished", "failed"):
            jobs.append(_job(event))
            found = replace(found, spent_s=found.spent_s + (found.expected_s or USUAL_S))
            found = replace(found, workload=None, settings=None, share=0.0, expected_s=0.0)
        else:
            found = _after(found, event)
    return replace(found, jobs=tuple(jobs))


def _after(found: Progress, event: Mapping[str, Any]) -> Progress:
    match event["event"]:
        case "planned":
            total_s = event.get("expected_s", USUAL_S * event["left"])
            return replace(found, all_count=event["all"], left_count=event["left"], total_s=total_s)
        case "started":
            return replace(
                found,
                workload=event["workload"],
                settings=event["settings"],
                expected_s=event.get("expected_s", USUAL_S),
                share=0.0,
            )
        case "advanced":
            return replace(found, share=event["share"])
        case "trained":
            return replace(found, share=event["number"] / event["of"] if event["of"] else 0.0)
        case "ended":
            return replace(found, has_ended=True, reason=event["reason"])
    return found


def _job(event: Mapping[str, Any]) -> Job:
    return Job(**{name: event[name] for name in Job.__dataclass_fields__ if name in event})
