"""From the files as they come to examples: clean, convert, augment, each by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch

from engine.measurement.bench import Effort
from engine.measurement.families.base import Data
from engine.measurement.recipes import family_of
from engine.measurement.stages.base import Step, bytes_of, family_settings
from engine.records import BadInput, Setting


@dataclass(frozen=True)
class Prepare:
    """One preparation step over all of a family's data; those before it are outside the clock."""

    name: ClassVar[str] = "prepare"
    effort: ClassVar[Effort] = "once"

    family: str
    step: str

    def __post_init__(self) -> None:
        steps = [step.name for step in family_of(self.family).preparation()]
        if self.step not in steps:
            raise BadInput(f"{self.family} has no step {self.step!r}. Known: {', '.join(steps)}.")

    @property
    def settings(self) -> dict[str, Setting]:
        """The family and the step."""
        return family_settings(self.family) | {"step": self.step}

    @property
    def flop_per_step(self) -> None:
        """Preparing is not counted in floating-point operations."""
        return

    @property
    def moved_bytes_per_step(self) -> None:
        """What must be moved depends on the step; bytes in and out are among the metrics."""
        return

    def make_ready(self, device: torch.device) -> None:  # noqa: ARG002
        """The files, downloaded."""
        family_of(self.family).raw()

    def prepare(self, device: torch.device) -> Callable[[], object]:
        """All steps before, done."""
        family = family_of(self.family)
        given = family.raw()
        for step in family.preparation():
            if step.name == self.step:
                break
            given = step.run(given)
        taken: list[Any] = []

        def run() -> None:
            taken[:] = [step.run(given)]

        return Step(run, device, lambda: _metrics(given, taken[0]))


def _metrics(given: Any, taken: Any) -> Mapping[str, float]:
    counts = {} if (count := _example_count(taken)) is None else {"example_count": float(count)}
    return {"input_bytes": bytes_of(given), "output_bytes": bytes_of(taken)} | counts


def _example_count(taken: Any) -> int | None:
    if isinstance(taken, Data):
        return len(taken.train) + len(taken.held_out)
    return len(taken) if isinstance(taken, list | torch.Tensor) else None
