"""The optimisers a recipe may name, and how fast they learn as training goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import nn
from torch.optim import Optimizer

from engine.measurement.families.base import Optimiser

MOMENTUM = 0.9
WARM_UP_SHARE = 0.1
"""Of a training."""

OPTIMISERS: Mapping[Optimiser, Callable[[nn.Module, float], Optimizer]] = {
    "sgd": lambda model, rate: torch.optim.SGD(model.parameters(), rate, fused=True),
    "momentum": lambda model, rate: torch.optim.SGD(
        model.parameters(), rate, momentum=MOMENTUM, fused=True
    ),
    "adamw": lambda model, rate: torch.optim.AdamW(model.parameters(), rate, fused=True),
    "adafactor": lambda model, rate: torch.optim.Adafactor(model.parameters(), rate),
}
"""Adafactor keeps a row and a column for each matrix where AdamW keeps two more matrices."""


def optimiser_of(name: Optimiser, model: nn.Module, learning_rate: float) -> Optimizer:
    """The optimiser of that name over the model's weights."""
    return OPTIMISERS[name](model, learning_rate)


def rate_share(done_share: float) -> float:
    """Learning rate, over its highest, when so much of a training is done: up, then down to 0.

    At one rate throughout, scores depend on the last few batches, by ten points in the
    smallest models, and a rate that large ones bear at the start is too low for small ones.

    Source: Bergsma et al. 2025, "Straight to Zero: Why Linearly Decaying the Learning Rate to
    Zero Works Best for LLMs", https://arxiv.org/abs/2502.15938; Kalra and Barkeshli 2024,
    "Why Warmup the Learning Rate?", https://arxiv.org/abs/2406.09405
    """
    return min(done_share / WARM_UP_SHARE, (1.0 - done_share) / (1.0 - WARM_UP_SHARE))


def pace(optimiser: Optimizer, learning_rate: float, done_share: float) -> None:
    """Have the optimiser learn as fast as is right when so much of the training is done."""
    for group in optimiser.param_groups:
        group["lr"] = learning_rate * rate_share(done_share)
