"""Work that was measured before, once more: what a machine does from one minute to the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import torch

from engine.measurement.bench import Effort
from engine.measurement.steadiness import OF, REVISIT
from engine.measurement.workloads.base import Workload
from engine.records import Setting


@dataclass(frozen=True)
class Revisit:
    """Another workload, measured again at the end of its suite."""

    name: ClassVar[str] = REVISIT

    work: Workload

    @property
    def settings(self) -> dict[str, Setting]:
        """Which work, and its settings."""
        return {OF: self.work.name, **self.work.settings}

    @property
    def effort(self) -> Effort:
        """That of the work, or the two would not be alike."""
        return getattr(self.work, "effort", "full")

    @property
    def flop_per_step(self) -> float | None:
        """That of the work."""
        return self.work.flop_per_step

    @property
    def moved_bytes_per_step(self) -> float | None:
        """That of the work."""
        return self.work.moved_bytes_per_step

    @property
    def metrics(self) -> dict[str, float]:
        """What is known of the work before it runs."""
        known: dict[str, float] = getattr(self.work, "metrics", {})
        return known

    def make_ready(self, device: torch.device) -> None:
        """What the work depends on."""
        make_ready: Callable[[torch.device], None] | None
        make_ready = getattr(self.work, "make_ready", None)
        if make_ready is not None:
            make_ready(device)

    def prepare(self, device: torch.device) -> Callable[[], Any]:
        """One step of the work."""
        return self.work.prepare(device)
