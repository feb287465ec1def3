"""One training step by any recipe: what a setting changes, without waiting for a whole training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch

from engine.measurement.execution import one_thread
from engine.measurement.recipes import batch_size_of, data_of, examples_of, untrained
from engine.measurement.stages.base import RecipeStage, Step
from engine.measurement.stages.train import TRAINING_PASSES
from engine.measurement.training import Run


@dataclass(frozen=True)
class TrainFamilyStep(RecipeStage):
    """Forward, backward and update on one batch, the same each time."""

    name: ClassVar[str] = "train_step"

    @property
    def flop_per_step(self) -> float:
        """Three times the forward arithmetic of a batch."""
        return TRAINING_PASSES * batch_size_of(self.recipe) * self.flop_per_example

    def make_ready(self, device: torch.device) -> None:  # noqa: ARG002
        """The data only: the step starts from an untrained model."""
        data_of(self.recipe.family)

    def prepare(self, device: torch.device) -> Callable[[], object]:
        """A model, its optimiser and one batch; compiled first where the recipe says so."""
        with one_thread(device), torch.random.fork_rng():
            torch.manual_seed(self.recipe.seed)
            model = untrained(self.recipe).to(device)
            run = Run(self.recipe, device, model, examples_of(self.recipe))
            compile_s = run.compile() if self.recipe.compiled else None
        batch = torch.arange(run.batch_size, device=device)

        def metrics() -> Mapping[str, float]:
            compiling = {} if compile_s is None else {"compile_s": compile_s}
            return run.sizes() | run.phases.shares() | compiling

        return Step(lambda: run.step(batch), device, metrics)
