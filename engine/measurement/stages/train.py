"""Training from nothing to a judged model, by any recipe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch

from engine.measurement.families.base import Recipe
from engine.measurement.recipes import batch_size_of, data_of, examples_of
from engine.measurement.stages.base import RecipeStage
from engine.measurement.training import Trained, keep, train
from engine.measurement.workloads.base import Learned
from engine.records import Epoch

TRAINING_PASSES = 3.0
"""Forward, and backward twice that."""


@dataclass(frozen=True)
class Train(RecipeStage):
    """The whole training; a step is one optimiser step. The model is kept for what follows."""

    name: ClassVar[str] = "train"

    @property
    def flop_per_step(self) -> float:
        """Three times the forward arithmetic of a batch."""
        return TRAINING_PASSES * batch_size_of(self.recipe) * self.flop_per_example

    def fetch(self) -> None:
        """Have the data ready."""
        data_of(self.recipe.family)

    def learn(self, device: torch.device, on_epoch: Callable[[Epoch], None]) -> Learned:
        """Train, judge, and keep the weights."""
        result = train(self.recipe, device, on_epoch)
        keep(self.recipe, result.model)
        return learned(self.recipe, result)


def learned(recipe: Recipe, result: Trained) -> Learned:
    """What training brought, for the record."""
    examples = examples_of(recipe)
    metrics = {
        **result.metrics,
        **result.shares,
        "parameter_count": float(result.parameter_count),
        "train_example_count": float(len(examples.train)),
        "test_example_count": float(len(examples.held_out)),
    }
    if result.compile_s is not None:
        metrics["compile_s"] = result.compile_s
    return Learned(result.step_times_s, metrics, result.step_count, result.epochs)
