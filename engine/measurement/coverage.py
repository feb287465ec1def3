"""What a set of measurements holds of every domain, family, size and stage, and what it lacks.

Pure functions over records: neither torch nor a database is needed to ask.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Protocol

from engine.records import Measurement, Setting

SIZELESS = ("prepare",)
"""Stages that are the same for every size of a family."""
STAGES = (*SIZELESS, "train", "evaluate", "export", "load", "infer")
"""What every model goes through, in order."""


class Asked(Protocol):
    """A workload, as far as it matters here."""

    @property
    def name(self) -> str:
        """What kind of work."""
        ...

    @property
    def settings(self) -> Mapping[str, Setting]:
        """What tells it from others of its name."""
        ...


@dataclass(frozen=True, slots=True)
class Cell:
    """One stage in the life of one size of one family."""

    domain: str
    family: str
    stage: str
    size: int | None
    """None where the stage is the same for all sizes."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """What no measurement should have."""

    key: str
    """Of the measurement."""
    what: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is there, what is not, and what should not be."""

    held: Mapping[Cell, int]
    """Measurements in each cell."""
    lacking: Mapping[Cell, int]
    """How many more each cell should have; cells that have enough are left out."""
    flaws: tuple[Flaw, ...]

    @property
    def is_complete(self) -> bool:
        """Whether nothing is lacking and nothing is wrong."""
        return not self.lacking and not self.flaws


def coverage(
    measurements: Sequence[Measurement], expected: Mapping[Cell, int] | None = None
) -> Coverage:
    """What the measurements hold, beside what is expected of them.

    Args:
        measurements: of one machine, as a rule; repetitions count once.
        expected: how many each cell should have, as `cells` of a suite's jobs says; None
            expects one for every stage of every size that was met at all.
    """
    newest = {_same(m): m for m in sorted(measurements, key=lambda m: m.repetition_number)}
    held = _counted((m.workload, m.settings) for m in newest.values())
    wanted = Counter(_every_stage(held) if expected is None else expected)
    return Coverage(held, wanted - held, tuple(flaws(newest.values())))


def cells(jobs: Iterable[Asked]) -> Counter[Cell]:
    """How many measurements of each cell the jobs will give."""
    return _counted((job.name, job.settings) for job in jobs)


def flaws(measurements: Iterable[Measurement]) -> Iterator[Flaw]:
    """Numbers that are none, energy of 0, and energy that does not say how it is known."""
    for m in measurements:
        numbers = {"time_s": m.time_s, "cpu_time_s": m.cpu_time_s, **m.metrics}
        for name, value in numbers.items():
            if not isfinite(value):
                yield Flaw(m.key, f"{name} is not a number")
        if m.energy_j is not None and not m.energy_j > 0:
            yield Flaw(m.key, "energy_j is not above 0")
        if (m.energy_j is None) != (m.energy_kind is None):
            yield Flaw(m.key, "energy_j does not say whether it was measured or estimated")


def _counted(asked: Iterable[tuple[str, Mapping[str, Setting]]]) -> Counter[Cell]:
    found = (_cell(name, settings) for name, settings in asked)
    return Counter(cell for cell in found if cell is not None)


def _cell(name: str, settings: Mapping[str, Setting]) -> Cell | None:
    if name not in STAGES or not {"domain", "family"} <= settings.keys():
        return None
    size = None if name in SIZELESS else int(settings["size"])
    return Cell(str(settings["domain"]), str(settings["family"]), name, size)


def _every_stage(held: Mapping[Cell, int]) -> dict[Cell, int]:
    families = {(cell.domain, cell.family) for cell in held}
    sizes = {(cell.domain, cell.family, cell.size) for cell in held if cell.size is not None}
    whole = {Cell(*family, stage, None): 1 for family in families for stage in SIZELESS}
    sized = {
        Cell(domain, family, stage, size): 1
        for domain, family, size in sizes
        for stage in STAGES
        if stage not in SIZELESS
    }
    return whole | sized


def _same(m: Measurement) -> tuple[object, ...]:
    return m.machine.fingerprint, m.workload, tuple(sorted(m.settings.items())), m.method_version
