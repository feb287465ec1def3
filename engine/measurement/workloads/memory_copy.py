"""One copy within memory: how near the device comes to its peak bandwidth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch

from engine.measurement.workloads.base import settings_of
from engine.records import Setting


@dataclass(frozen=True)
class MemoryCopy:
    """Copy `size_bytes` from one place in the device's memory to another."""

    name: ClassVar[str] = "memory_copy"

    size_bytes: int

    @property
    def settings(self) -> dict[str, Setting]:
        """The size."""
        return settings_of(self)

    @property
    def flop_per_step(self) -> None:
        """A copy computes nothing."""
        return

    @property
    def moved_bytes_per_step(self) -> float:
        """Each byte is read and written."""
        return 2.0 * self.size_bytes

    def prepare(self, device: torch.device) -> Callable[[], object]:
        """Two buffers, touched so that every page is there."""
        source = torch.ones(self.size_bytes, dtype=torch.uint8, device=device)
        target = torch.zeros(self.size_bytes, dtype=torch.uint8, device=device)
        return lambda: target.copy_(source)
