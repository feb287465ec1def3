"""Judging a trained model on what was held out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch

from engine.measurement.judging import judge, on_device
from engine.measurement.recipes import data_of
from engine.measurement.stages.base import RecipeStage, Step
from engine.measurement.training import trained


@dataclass(frozen=True)
class Evaluate(RecipeStage):
    """One pass over all held-out examples, and the scores of it."""

    name: ClassVar[str] = "evaluate"

    @property
    def flop_per_step(self) -> float:
        """Forward arithmetic of every held-out example."""
        return len(data_of(self.recipe.family).held_out) * self.flop_per_example

    def prepare(self, device: torch.device) -> Callable[[], object]:
        """The model and the examples on the device."""
        model = trained(self.recipe, device)
        examples = on_device(data_of(self.recipe.family).held_out, device)
        scores: dict[str, float] = {}

        def run() -> None:
            scores.update(judge(model, examples, self.recipe, device))

        return Step(run, device, lambda: scores | {"test_example_count": float(len(examples))})
