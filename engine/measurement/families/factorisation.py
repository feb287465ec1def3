"""Matrix factorisation: a film suits a user as far as their vectors point the same way.

Y. Koren, R. Bell, C. Volinsky, "Matrix Factorization Techniques for Recommender
Systems", IEEE Computer 42:8 (2009), with its biases, learnt from interest shown or not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from engine.measurement.families.base import Activation
from engine.measurement.families.film_lists import FilmLists
from engine.measurement.ratings import ITEM_COUNT, LIST_SIZE, USER_COUNT

SPREAD = 0.1
"""Of the numbers a vector starts with: small, so that the biases are learnt first."""


class FactorisationModel(nn.Module):
    """Users and films (lists x candidates) to logits of the same shape."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.user_vectors = nn.Embedding(USER_COUNT, size)
        self.item_vectors = nn.Embedding(ITEM_COUNT, size)
        self.user_bias = nn.Embedding(USER_COUNT, 1)
        self.item_bias = nn.Embedding(ITEM_COUNT, 1)
        for vectors in (self.user_vectors, self.item_vectors):
            nn.init.normal_(vectors.weight, std=SPREAD)
        for bias in (self.user_bias, self.item_bias):
            nn.init.zeros_(bias.weight)

    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        """One logit a film."""
        products = torch.bmm(self.item_vectors(items), self.user_vectors(users).unsqueeze(2))
        biases = self.user_bias(users) + self.item_bias(items).squeeze(2)
        logits: Tensor = products.squeeze(2) + biases
        return logits


class Factorisation(FilmLists):
    """Size is the length of the vectors. There is no activation to choose."""

    name: ClassVar[str] = "factorisation"
    sizes: ClassVar[tuple[int, ...]] = (1, 2, 4, 8, 16, 32)
    batch_size: ClassVar[int] = 16
    epoch_count: ClassVar[int] = 8
    learning_rates: ClassVar[Mapping[str, float]] = {
        "sgd": 300.0,
        "momentum": 30.0,
        "adamw": 0.02,
        "adafactor": 0.1,
    }
    has_features: ClassVar[bool] = False

    def build(self, size: int, activation: Activation) -> nn.Module:  # noqa: ARG002
        """Untrained vectors; the activation is of no consequence."""
        return FactorisationModel(size)

    def flop_per_example(self, size: int) -> float:
        """The products of a list; the two biases added are left out."""
        return 2.0 * LIST_SIZE * size
