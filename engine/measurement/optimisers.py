"""The optimisers a recipe may name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import nn
from torch.optim import Optimizer

from engine.measurement.families.base import Optimiser

MOMENTUM = 0.9

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
