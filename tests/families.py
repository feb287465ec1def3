"""A tiny made-up family, for what is written once for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from engine.measurement.families import FAMILIES
from engine.measurement.families.base import (
    ACTIVATIONS,
    Activation,
    Data,
    DataKind,
    Domain,
    PreparationStep,
    Split,
)


class Points:
    """Whether a point lies above a line."""

    name: ClassVar[str] = "points"
    domain: ClassVar[Domain] = "text"
    data_name: ClassVar[str] = "points"
    data_kind: ClassVar[DataKind] = "synthetic"
    sizes: ClassVar[tuple[int, ...]] = (2, 3, 4, 6, 8)
    batch_size: ClassVar[int] = 16
    epoch_count: ClassVar[int] = 3
    learning_rates: ClassVar[Mapping[str, float]] = {
        "sgd": 0.1,
        "momentum": 0.05,
        "adamw": 0.02,
        "adafactor": 0.05,
    }
    metric: ClassVar[str] = "accuracy_share"

    def raw(self) -> Any:
        return torch.randn((400, 2), generator=torch.Generator().manual_seed(1))

    def preparation(self) -> tuple[PreparationStep, ...]:
        return (
            PreparationStep("clean", lambda points: points[points.norm(dim=1) < 3]),
            PreparationStep("convert", self._split),
        )

    def _split(self, points: Tensor) -> Data:
        above = (points[:, 1] > points[:, 0]).long()
        examples = Split((points,), above)
        return Data(examples.at(slice(0, 300)), examples.at(slice(300, None)))

    def data(self) -> Data:
        clean, _ = self.preparation()
        return self._split(clean.run(self.raw()))

    def build(self, size: int, activation: Activation) -> nn.Module:
        return nn.Sequential(
            nn.Linear(2, size), nn.BatchNorm1d(size), ACTIVATIONS[activation](), nn.Linear(size, 2)
        )

    def loss(self, output: Tensor, targets: Tensor) -> Tensor:
        return F.cross_entropy(output, targets)

    def evaluate(self, output: Tensor, examples: Split) -> dict[str, float]:
        right = (output.argmax(1) == examples.targets).float().mean()
        return {
            "loss_nats": self.loss(output, examples.targets).item(),
            "accuracy_share": right.item(),
        }

    def flop_per_example(self, size: int) -> float:
        return 8.0 * size


def add_points(monkeypatch: pytest.MonkeyPatch) -> Points:
    """The family, known to all stages for one test."""
    family = Points()
    monkeypatch.setitem(FAMILIES, Points.name, family)
    return family
