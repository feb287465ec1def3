"""Distillation: a small model learns from a large one's answers beside the true ones.

G. Hinton, O. Vinyals, J. Dean, "Distilling the Knowledge in a Neural Network" (2015),
arXiv:1503.02531: both sides are softened by a temperature, and the soft loss is weighed
by its square, so that its gradients keep their size.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from engine.measurement.execution import one_thread
from engine.measurement.families.base import Data, Recipe, Split
from engine.measurement.judging import on_device, output_of
from engine.measurement.levers.base import TrainingLever, first_device
from engine.measurement.recipes import (
    data_of,
    examples_of,
    family_of,
    parameter_count,
    untrained,
)
from engine.measurement.training import train, trained
from engine.measurement.workloads.base import Learned
from engine.records import BadInput, Epoch


@dataclass(frozen=True)
class Distil(TrainingLever):
    """The recipe's model trained on the answers of a larger one, worked out beforehand.

    The teacher's training and its answers are not in the time and energy.
    """

    name: ClassVar[str] = "distil"

    teacher_size: int = 48
    temperature: float = 2.0
    soft_share: float = 0.7
    """Weight of the teacher's answers; the true ones have the rest."""

    def __post_init__(self) -> None:
        if self.teacher_size <= self.recipe.size:
            raise BadInput(
                f"A teacher is larger than the model it teaches: {self.teacher_size} is not "
                f"more than {self.recipe.size}."
            )

    @property
    def _teacher(self) -> Recipe:
        # Trained once for all seeds of the small model.
        return replace(self.recipe, size=self.teacher_size, seed=0)

    def fetch(self) -> None:
        """The data, the plain small model, and the teacher's answers."""
        super().fetch()
        _answers(self._teacher, first_device())

    def learn(self, device: torch.device, on_epoch: Callable[[Epoch], None]) -> Learned:
        """Train on soft and true targets."""
        examples = examples_of(self.recipe)
        taught = Split(
            (*examples.train.inputs, _answers(self._teacher, device)), examples.train.targets
        )
        input_count = len(examples.train.inputs)
        result = train(
            self.recipe,
            device,
            on_epoch,
            data=Data(taught, data_of(self.recipe.family).held_out),
            start=_Pupil(untrained(self.recipe), input_count),
            loss_of=self._loss,
        )
        found = self.compared(result, device)
        found.metrics["teacher_parameter_count"] = float(parameter_count(untrained(self._teacher)))
        found.metrics[f"teacher_{family_of(self.recipe.family).metric}"] = _score(
            self._teacher, device
        )
        return found

    def _loss(self, output: Tensor, batch: Split) -> Tensor:
        soft = soft_loss(output, batch.inputs[-1], batch.targets, self.temperature)
        hard = family_of(self.recipe.family).loss(output, batch.targets)
        return self.soft_share * soft + (1 - self.soft_share) * hard


def soft_loss(output: Tensor, taught: Tensor, targets: Tensor, temperature: float) -> Tensor:
    """Cross-entropy against the teacher's softened answer, times the temperature's square; nats.

    Where targets are shares of the output's own shape, each is a yes or no; else the last
    dimension holds the classes.
    """
    soft, wanted = output / temperature, taught / temperature
    if targets.is_floating_point() and targets.shape == output.shape:
        loss = F.binary_cross_entropy_with_logits(soft, wanted.sigmoid())
    else:
        classes = output.shape[-1]
        loss = F.cross_entropy(soft.reshape(-1, classes), wanted.reshape(-1, classes).softmax(1))
    return temperature**2 * loss


class _Pupil(nn.Module):
    """The model as it is, given its inputs and, in training, the teacher's answers too."""

    def __init__(self, model: nn.Module, input_count: int) -> None:
        super().__init__()
        self._model, self._input_count = model, input_count

    def forward(self, *inputs: Tensor) -> Any:
        """The model's output; it does not see the answers."""
        return self._model(*inputs[: self._input_count])


@functools.lru_cache(maxsize=1)
def _answers(teacher: Recipe, device: torch.device) -> Tensor:
    with one_thread(device):
        examples = on_device(examples_of(teacher).train, device)
        return output_of(trained(teacher, device), examples, teacher, device)


def _score(teacher: Recipe, device: torch.device) -> float:
    family = family_of(teacher.family)
    held_out = on_device(data_of(teacher.family).held_out, device)
    with one_thread(device):
        output = output_of(trained(teacher, device), held_out, teacher, device)
    return family.evaluate(output, held_out)[family.metric]
