"""What a workload is: the work of one step, its settings, and what it must move and compute."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Protocol, TypeGuard

import torch

from engine.records import Epoch, Setting


class Workload(Protocol):
    """One kind of work at one setting: a frozen dataclass, comparable and cheap to make.

    A step is the unit measured: one matrix product, one optimiser step, one token.
    A workload may have a property `metrics -> dict[str, float]`, known before it runs
    (`parameter_count`); it is kept beside what is measured. It may have a method
    `make_ready(device)`, run before any meter, for what it depends on, and `effort`, how
    sure its measurement should be (`bench.Effort`).
    """

    name: ClassVar[str]

    @property
    def settings(self) -> dict[str, Setting]:
        """Every field by name: with `name`, what tells one measurement from another."""
        ...

    @property
    def flop_per_step(self) -> float | None:
        """Arithmetic of one step, multiply-adds counted as two; None if it has no meaning."""
        ...

    @property
    def moved_bytes_per_step(self) -> float | None:
        """Least bytes one step must move; None if it has no meaning or is not known."""
        ...

    def prepare(self, device: torch.device) -> Callable[[], object]:
        """Set up outside the clock and return one step.

        Where the step has an attribute `metrics`, what it returns after the last step is
        kept too; where it has `close`, the runner calls it when done.
        """
        ...


@dataclass(frozen=True)
class Learned:
    """What a learning workload brings back."""

    step_times_s: list[float]
    """Wall time per step, several samples spread over the training."""
    metrics: dict[str, float]
    step_count: int
    """Optimiser steps of the whole training: energy and CPU time are divided by it."""
    epochs: list[Epoch] = field(default_factory=list)


class LearningWorkload(Protocol):
    """A workload that trains to an end and is judged; `learn` is all of it."""

    name: ClassVar[str]

    @property
    def settings(self) -> dict[str, Setting]:
        """Every field by name: with `name`, what tells one measurement from another."""
        ...

    @property
    def flop_per_step(self) -> float | None:
        """Arithmetic of one optimiser step, multiply-adds counted as two."""
        ...

    @property
    def moved_bytes_per_step(self) -> float | None:
        """Least bytes one optimiser step must move."""
        ...

    def fetch(self) -> None:
        """Download and load the data, outside the clock; cached, so that `learn` finds it ready."""
        ...

    def learn(self, device: torch.device, on_epoch: Callable[[Epoch], None]) -> Learned:
        """Train from nothing, calling `on_epoch` after each epoch, and test what came out."""
        ...


AnyWorkload = Workload | LearningWorkload


def learns(workload: AnyWorkload) -> TypeGuard[LearningWorkload]:
    """Whether a workload trains to an end, told from its class without touching its data."""
    return hasattr(type(workload), "learn")


def settings_of(workload: Any) -> dict[str, Setting]:
    """Every dataclass field of a workload by name."""
    return {item.name: getattr(workload, item.name) for item in fields(workload)}
