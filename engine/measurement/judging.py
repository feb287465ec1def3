"""How good a model is on examples, whatever its family."""

from __future__ import annotations

from math import isfinite

import torch
from torch import Tensor, nn

from engine.measurement.execution import arithmetic
from engine.measurement.families.base import Recipe, Split
from engine.measurement.recipes import family_of
from engine.records import CannotContinue

JUDGED_AT_ONCE = 256
"""Examples, so that judging takes no more memory than learning."""


def on_device(examples: Split, device: torch.device) -> Split:
    """The same examples in the device's memory."""
    return Split(tuple(side.to(device) for side in examples.inputs), examples.targets.to(device))


@torch.no_grad()
def output_of(model: nn.Module, examples: Split, recipe: Recipe, device: torch.device) -> Tensor:
    """The model's output for all examples, part by part, in fp32."""
    model.eval()
    parts = []
    with arithmetic(device, recipe.precision):
        for start in range(0, len(examples), JUDGED_AT_ONCE):
            part = examples.at(slice(start, start + JUDGED_AT_ONCE))
            parts.append(model(*part.inputs).float())
    return torch.cat(parts)


def judge(
    model: nn.Module, examples: Split, recipe: Recipe, device: torch.device
) -> dict[str, float]:
    """The family's scores of the model over the examples.

    Raises:
        CannotContinue: a score is not a number, as after training that diverged.
    """
    scores = family_of(recipe.family).evaluate(output_of(model, examples, recipe, device), examples)
    if not all(isfinite(score) for score in scores.values()):
        raise CannotContinue(
            f"{recipe.family} of size {recipe.size} diverged with {recipe.optimiser} in "
            f"{recipe.precision}: its scores are not numbers. Take another optimiser or precision."
        )
    return scores
