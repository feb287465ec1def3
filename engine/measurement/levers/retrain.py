"""Levers of training: stopping early, and larger or smaller batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import torch

from engine.measurement.levers.base import TrainingLever
from engine.measurement.recipes import batch_size_of
from engine.measurement.training import train
from engine.measurement.workloads.base import Learned
from engine.records import BadInput, Epoch


@dataclass(frozen=True)
class StopEarly(TrainingLever):
    """Training ends when a tenth of the examples, kept apart, shows no gain any more."""

    name: ClassVar[str] = "stop_early"

    patience: int = 1
    """Epochs without a lower loss."""

    def __post_init__(self) -> None:
        if self.patience < 1:
            raise BadInput(f"Patience is 1 epoch or more, not {self.patience}.")

    def learn(self, device: torch.device, on_epoch: Callable[[Epoch], None]) -> Learned:
        """Train, and keep the best weights."""
        result = train(self.recipe, device, on_epoch, patience=self.patience)
        found = self.compared(result, device)
        found.metrics["best_epoch_number"] = float(result.best_epoch_number)
        return found


@dataclass(frozen=True)
class ChangeBatch(TrainingLever):
    """Another batch size at the same learning rate and number of epochs."""

    name: ClassVar[str] = "change_batch"

    changed_batch_size: int = 256

    def __post_init__(self) -> None:
        if self.changed_batch_size < 1 or self.changed_batch_size == batch_size_of(self.recipe):
            raise BadInput(
                f"The recipe has batches of {batch_size_of(self.recipe)}; take another size than "
                f"{self.changed_batch_size}, 1 or more."
            )

    def learn(self, device: torch.device, on_epoch: Callable[[Epoch], None]) -> Learned:
        """Train with that batch size."""
        recipe = replace(self.recipe, batch_size=self.changed_batch_size)
        return self.compared(train(recipe, device, on_epoch), device)
