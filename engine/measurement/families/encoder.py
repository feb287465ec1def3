"""A BERT-shaped Transformer encoder that tells text classes apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from engine.measurement.datasets import PADDING
from engine.measurement.families.base import Activation
from engine.measurement.families.text_classes import TextClasses
from engine.measurement.families.transformer import Block, Tokens, block_flop, linear_flop
from engine.measurement.text_categories import CLASS_COUNT, VOCABULARY_SIZE
from engine.measurement.texts import TEXT_WORD_COUNT

LAYER_COUNT = 2


class EncoderModel(nn.Module):
    """Every word looks at every other; the class follows from the average of the words.

    Padding is neither looked at nor averaged. The first place always counts, so that a
    text without words still has an answer.
    """

    def __init__(self, size: int, activation: Activation) -> None:
        super().__init__()
        self.tokens = Tokens(VOCABULARY_SIZE, TEXT_WORD_COUNT, size)
        self.blocks = nn.ModuleList(Block(size, activation) for _ in range(LAYER_COUNT))
        self.norm = nn.LayerNorm(size)
        self.classes = nn.Linear(size, CLASS_COUNT)

    def forward(self, words: Tensor) -> Tensor:
        """(batch, words) to (batch, classes)."""
        is_first = torch.arange(words.shape[1], device=words.device) == 0
        is_word = (words != PADDING) | is_first
        hidden = self.tokens(words)
        for block in self.blocks:
            hidden = block(hidden, is_word[:, None, None, :])
        weights = is_word.to(hidden.dtype).unsqueeze(2)
        mean = (self.norm(hidden) * weights).sum(1) / weights.sum(1)
        return self.classes(mean)  # type: ignore[no-any-return]


class TextEncoder(TextClasses):
    """Size is the width of the model; its depth stays."""

    name: ClassVar[str] = "text-encoder"
    sizes: ClassVar[tuple[int, ...]] = (4, 8, 16, 32, 48)
    batch_size: ClassVar[int] = 128
    epoch_count: ClassVar[int] = 2
    train_example_count: ClassVar[int | None] = 40_000
    learning_rates: ClassVar[Mapping[str, float]] = {
        "sgd": 0.9,
        "momentum": 0.3,
        "adamw": 0.015,
        "adafactor": 0.15,
    }

    def build(self, size: int, activation: Activation) -> nn.Module:
        """An untrained model; weights come from torch's seed."""
        return EncoderModel(size, activation)

    def flop_per_example(self, size: int) -> float:
        """Matrix products; norms, softmax, activation, biases and averaging are left out."""
        blocks = LAYER_COUNT * block_flop(size, TEXT_WORD_COUNT)
        return blocks + linear_flop(1, size, CLASS_COUNT)
