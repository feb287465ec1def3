"""One in-place update of memory: the traffic an optimiser makes, at any working set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch

from engine.measurement.workloads.base import settings_of
from engine.records import Setting

FLOAT_BYTES = 4
TINY_STEP = 1e-9


@dataclass(frozen=True)
class MemoryUpdate:
    """Add one array to another in place; both together are `size_bytes`."""

    name: ClassVar[str] = "memory_update"

    size_bytes: int

    @property
    def settings(self) -> dict[str, Setting]:
        """The working set."""
        return settings_of(self)

    @property
    def flop_per_step(self) -> float:
        """One multiply-add for each number."""
        return 2.0 * (self.size_bytes / 2 / FLOAT_BYTES)

    @property
    def moved_bytes_per_step(self) -> float:
        """Both arrays are read and one is written."""
        return 1.5 * self.size_bytes

    def prepare(self, device: torch.device) -> Callable[[], object]:
        """Two arrays, touched so that every page is there."""
        count = self.size_bytes // 2 // FLOAT_BYTES
        target = torch.zeros(count, device=device)
        change = torch.ones(count, device=device)
        return lambda: target.add_(change, alpha=TINY_STEP)
