"""One square matrix product: how near the device comes to its peak arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch

from engine.measurement.workloads.base import settings_of
from engine.records import Setting
from engine.units import BYTES_PER_VALUE

TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True)
class Matmul:
    """Multiply two `size` x `size` matrices at one precision."""

    name: ClassVar[str] = "matmul"

    size: int
    precision: str

    @property
    def settings(self) -> dict[str, Setting]:
        """Size and precision."""
        return settings_of(self)

    @property
    def flop_per_step(self) -> float:
        """2 n^3: a multiplication and an addition for each of n products in n^2 sums."""
        return 2.0 * self.size**3

    @property
    def moved_bytes_per_step(self) -> float:
        """Both factors read and the product written, once each."""
        return 3.0 * self.size**2 * BYTES_PER_VALUE[self.precision]

    def prepare(self, device: torch.device) -> Callable[[], object]:
        """Two random matrices and room for their product."""
        shape, number = (self.size, self.size), TYPES[self.precision]
        left = torch.randn(shape, device=device).to(number)
        right = torch.randn(shape, device=device).to(number)
        product = torch.empty(shape, dtype=number, device=device)
        return lambda: torch.matmul(left, right, out=product)
