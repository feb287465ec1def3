"""What happens while a suite runs."""

from __future__ import annotations

from dataclasses import dataclass

from engine.measurement.workloads.base import AnyWorkload
from engine.records import Epoch, Measurement


@dataclass(frozen=True)
class Event:
    """Something happened to a job."""

    job: AnyWorkload


@dataclass(frozen=True)
class Started(Event):
    """The job runs now."""


@dataclass(frozen=True)
class Advanced(Event):
    """Part of the job is done."""

    share: float


@dataclass(frozen=True)
class Trained(Event):
    """A learner has seen all its data once more."""

    epoch: Epoch


@dataclass(frozen=True)
class Finished(Event):
    """The job's measurement was taken, and its taker is done with it."""

    measurement: Measurement


@dataclass(frozen=True)
class Failed(Event):
    """The job could not be measured; the others go on."""

    reason: str
