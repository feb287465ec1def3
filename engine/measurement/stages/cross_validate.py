"""k-fold cross-validation: how much the score owes to which examples were held out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import ClassVar

import torch
from torch import Tensor

from engine.measurement.families.base import Data
from engine.measurement.recipes import batch_size_of, data_of, examples_of, family_of
from engine.measurement.stages.base import RecipeStage
from engine.measurement.stages.train import TRAINING_PASSES
from engine.measurement.training import Trained, train
from engine.measurement.workloads.base import Learned
from engine.records import BadInput, Epoch


@dataclass(frozen=True)
class CrossValidate(RecipeStage):
    """As many trainings as folds of the training examples, each judged on the fold left out.

    The examples held out for the final judgement take no part.
    """

    name: ClassVar[str] = "cross_validate"

    fold_count: int = 3

    def __post_init__(self) -> None:
        if self.fold_count < 2:
            raise BadInput(f"{self.fold_count} folds cannot be compared; take 2 or more.")

    @property
    def flop_per_step(self) -> float:
        """Three times the forward arithmetic of a batch."""
        return TRAINING_PASSES * batch_size_of(self.recipe) * self.flop_per_example

    def fetch(self) -> None:
        """Have the data ready."""
        data_of(self.recipe.family)

    def learn(self, device: torch.device, on_epoch: Callable[[Epoch], None]) -> Learned:  # noqa: ARG002
        """Train once for each fold; the epochs of the folds are not kept apart, so not at all."""
        results = [
            train(self.recipe, device, data=data)
            for data in folds(examples_of(self.recipe), self.fold_count)
        ]
        return Learned(
            step_times_s=[time_s for result in results for time_s in result.step_times_s],
            metrics=self._metrics(results),
            step_count=sum(result.step_count for result in results),
        )

    def _metrics(self, results: list[Trained]) -> dict[str, float]:
        metric = family_of(self.recipe.family).metric
        scores = [result.metrics[metric] for result in results]
        return {
            metric: fmean(scores),
            "spread_share": stdev(scores),
            "lowest_share": min(scores),
            "highest_share": max(scores),
            "parameter_count": float(results[0].parameter_count),
        }


def folds(data: Data, fold_count: int) -> Iterator[Data]:
    """Each example held out once, in folds of equal size but for one."""
    order = torch.randperm(len(data.train), generator=torch.Generator().manual_seed(0))
    parts: tuple[Tensor, ...] = torch.tensor_split(order, fold_count)
    for place, held_out in enumerate(parts):
        others = torch.cat([*parts[:place], *parts[place + 1 :]])
        yield Data(data.train.at(others), data.train.at(held_out))
