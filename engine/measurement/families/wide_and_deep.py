"""Wide & Deep: crossed features remembered one by one, beside a network that generalises.

H.-T. Cheng et al., "Wide & Deep Learning for Recommender Systems" (DLRS 2016),
arXiv:1606.07792. Wide: one weight a film, and one a pair of genre with user, with age
and gender, and with occupation. Deep: vectors of all features through three dense layers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from engine.measurement.families.base import ACTIVATIONS, Activation
from engine.measurement.families.film_lists import FilmLists
from engine.measurement.ratings import (
    GENRE_COUNT,
    GROUP_COUNT,
    ITEM_COUNT,
    LIST_SIZE,
    OCCUPATION_COUNT,
    USER_COUNT,
)

USER_SIDE_COUNT, ITEM_SIDE_COUNT = 3, 2
"""Vectors: user, age and gender, occupation; film, genres."""
SPREAD = 0.1


class WideAndDeepModel(nn.Module):
    """A list's user, films, age and gender, occupation and genres to one logit a film.

    The first dense layer reads all five vectors; what it makes of the user's three is
    the same for the whole list and worked out once.
    """

    def __init__(self, size: int, activation: Activation) -> None:
        super().__init__()
        counts = (USER_COUNT, GROUP_COUNT, OCCUPATION_COUNT)
        self.crosses = nn.ModuleList(nn.Embedding(count, GENRE_COUNT) for count in counts)
        self.item_weight = nn.Embedding(ITEM_COUNT, 1)
        self.user_side = nn.ModuleList(nn.Embedding(count, size) for count in counts)
        self.item_vectors = nn.Embedding(ITEM_COUNT, size)
        self.genre_vectors = nn.Linear(GENRE_COUNT, size, bias=False)
        self.first_of_user = nn.Linear(USER_SIDE_COUNT * size, 2 * size)
        self.first_of_item = nn.Linear(ITEM_SIDE_COUNT * size, 2 * size, bias=False)
        self.rest = nn.Sequential(
            ACTIVATIONS[activation](),
            nn.Linear(2 * size, size),
            ACTIVATIONS[activation](),
            nn.Linear(size, 1),
        )
        self._start()

    def _start(self) -> None:
        for wide in (*self.crosses, self.item_weight):
            nn.init.zeros_(wide.weight)
        for vectors in (*self.user_side, self.item_vectors):
            nn.init.normal_(vectors.weight, std=SPREAD)

    def forward(
        self, users: Tensor, items: Tensor, groups: Tensor, occupations: Tensor, genres: Tensor
    ) -> Tensor:
        """Logits, lists x candidates."""
        known = (users, groups, occupations)
        weights = sum(cross(ids) for cross, ids in zip(self.crosses, known, strict=True))
        wide = torch.bmm(genres, weights.unsqueeze(2)) + self.item_weight(items)
        user = torch.cat([side(ids) for side, ids in zip(self.user_side, known, strict=True)], 1)
        item = torch.cat([self.item_vectors(items), self.genre_vectors(genres)], 2)
        deep = self.rest(self.first_of_user(user).unsqueeze(1) + self.first_of_item(item))
        logits: Tensor = (wide + deep).squeeze(2)
        return logits


class WideAndDeep(FilmLists):
    """Size is the length of the vectors, and the dense layers grow with it."""

    name: ClassVar[str] = "wide-and-deep"
    sizes: ClassVar[tuple[int, ...]] = (8, 12, 16, 24, 32)
    batch_size: ClassVar[int] = 32
    epoch_count: ClassVar[int] = 10
    learning_rates: ClassVar[Mapping[str, float]] = {
        "sgd": 20.0,
        "momentum": 6.0,
        "adamw": 0.03,
        "adafactor": 0.2,
    }
    has_features: ClassVar[bool] = True

    def build(self, size: int, activation: Activation) -> nn.Module:
        """An untrained model with vectors of that length."""
        return WideAndDeepModel(size, activation)

    def flop_per_example(self, size: int) -> float:
        """Matrix products of a list; sums, biases and activations are left out."""
        hidden = 2 * size
        of_user = USER_SIDE_COUNT * size * hidden
        wide_and_genres = GENRE_COUNT * (1 + size)
        dense = ITEM_SIDE_COUNT * size * hidden + hidden * size + size
        return 2.0 * (of_user + LIST_SIZE * (wide_and_genres + dense))
