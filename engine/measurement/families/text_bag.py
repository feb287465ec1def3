"""The classic text classifier: word vectors, their average, two dense layers.

Between the two dense layers stands the activation, so that its choice matters here too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor, nn

from engine.measurement.families.base import ACTIVATIONS, Activation
from engine.measurement.families.text_classes import TextClasses
from engine.measurement.families.transformer import linear_flop
from engine.measurement.text_categories import CLASS_COUNT, VOCABULARY_SIZE

HIDDEN_PER_SIZE = 2
"""Width of the hidden dense layer over that of the word vectors."""


class BagModel(nn.Module):
    """Padding counts in the average like any word, as in the classic."""

    def __init__(self, size: int, activation: Activation) -> None:
        super().__init__()
        self.words = nn.Embedding(VOCABULARY_SIZE, size)
        self.layers = nn.Sequential(
            nn.Linear(size, HIDDEN_PER_SIZE * size),
            ACTIVATIONS[activation](),
            nn.Linear(HIDDEN_PER_SIZE * size, CLASS_COUNT),
        )

    def forward(self, words: Tensor) -> Tensor:
        """(batch, words) to (batch, classes)."""
        return self.layers(self.words(words).mean(1))  # type: ignore[no-any-return]


class TextBag(TextClasses):
    """Size is the width of a word vector."""

    name: ClassVar[str] = "text-bag"
    sizes: ClassVar[tuple[int, ...]] = (2, 4, 8, 16, 32, 64)
    batch_size: ClassVar[int] = 128
    epoch_count: ClassVar[int] = 4
    learning_rates: ClassVar[Mapping[str, float]] = {
        "sgd": 3.0,
        "momentum": 0.6,
        "adamw": 0.02,
        "adafactor": 0.1,
    }

    def build(self, size: int, activation: Activation) -> nn.Module:
        """An untrained model; weights come from torch's seed."""
        return BagModel(size, activation)

    def flop_per_example(self, size: int) -> float:
        """The dense layers; looking words up and averaging them is left out."""
        hidden_size = HIDDEN_PER_SIZE * size
        return linear_flop(1, size, hidden_size) + linear_flop(1, hidden_size, CLASS_COUNT)
