"""A small Transformer encoder-decoder that says numbers in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from engine.measurement import text_numbers
from engine.measurement.arrays import Arrays
from engine.measurement.families.base import (
    Activation,
    Data,
    DataKind,
    Domain,
    PreparationStep,
    Split,
)
from engine.measurement.families.token_scores import token_loss, token_scores
from engine.measurement.families.transformer import Block, Tokens, block_flop, linear_flop
from engine.measurement.text_numbers import (
    PADDING,
    SOURCE_SIZE,
    SOURCE_VOCABULARY_SIZE,
    TARGET_SIZE,
    TARGET_VOCABULARY_SIZE,
)

SPOKEN_SIZE = TARGET_SIZE - 1
"""Words read, and as many foretold, one place on."""


class TranslationModel(nn.Module):
    """One encoder block over the digits, one decoder block over the words said so far."""

    def __init__(self, size: int, activation: Activation) -> None:
        super().__init__()
        self.digits = Tokens(SOURCE_VOCABULARY_SIZE, SOURCE_SIZE, size)
        self.words = Tokens(TARGET_VOCABULARY_SIZE, SPOKEN_SIZE, size)
        self.encoder = Block(size, activation)
        self.encoder_norm = nn.LayerNorm(size)
        self.decoder = Block(size, activation, cross=True)
        self.decoder_norm = nn.LayerNorm(size)
        self.next_words = nn.Linear(size, TARGET_VOCABULARY_SIZE)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """(batch, digits) and (batch, words) to (batch, words, vocabulary)."""
        is_digit = (source != PADDING)[:, None, None, :]
        memory = self.encoder_norm(self.encoder(self.digits(source), is_digit))
        hidden = self.decoder(self.words(target), causal=True, memory=memory, memory_mask=is_digit)
        return self.next_words(self.decoder_norm(hidden))  # type: ignore[no-any-return]


class TextTranslation:
    """Size is the width of the model; its depth stays."""

    name: ClassVar[str] = "text-translation"
    domain: ClassVar[Domain] = "text"
    data_name: ClassVar[str] = "number-words"
    data_kind: ClassVar[DataKind] = "synthetic"
    sizes: ClassVar[tuple[int, ...]] = (16, 24, 32, 48, 64)
    batch_size: ClassVar[int] = 32
    epoch_count: ClassVar[int] = 5
    learning_rates: ClassVar[Mapping[str, float]] = {
        "sgd": 0.3,
        "momentum": 0.1,
        "adamw": 0.005,
        "adafactor": 0.02,
    }
    metric: ClassVar[str] = "token_accuracy_share"

    def raw(self) -> text_numbers.Numbers:
        """Numbers drawn from a seed."""
        return text_numbers.raw()

    def preparation(self) -> tuple[PreparationStep, ...]:
        """From raw to `Data`, in order."""
        return (
            PreparationStep("clean", text_numbers.clean),
            PreparationStep("augment", text_numbers.augment),
            PreparationStep("convert", lambda sides: _examples(text_numbers.convert(sides))),
        )

    def data(self) -> Data:
        """All preparation done; kept in the cache between runs."""
        return _examples(text_numbers.prepared())

    def build(self, size: int, activation: Activation) -> nn.Module:
        """An untrained model; weights come from torch's seed."""
        return TranslationModel(size, activation)

    def loss(self, output: Tensor, targets: Tensor) -> Tensor:
        """Mean cross-entropy of a word, nats; padding counts nothing."""
        return token_loss(output, targets, PADDING)

    def evaluate(self, output: Tensor, examples: Split) -> dict[str, float]:
        """Share of words and of whole numbers said right, perplexity and loss.

        Each word is foretold from the true ones before it (teacher forcing).
        """
        return token_scores(output, examples.targets, PADDING)

    def flop_per_example(self, size: int) -> float:
        """Matrix products, masked pairs of the attention too; the rest is left out."""
        encoder = block_flop(size, SOURCE_SIZE)
        decoder = block_flop(size, SPOKEN_SIZE, SOURCE_SIZE)
        return encoder + decoder + linear_flop(SPOKEN_SIZE, size, TARGET_VOCABULARY_SIZE)


def _examples(sides: Arrays) -> Data:
    return Data(train=_split(sides, "train"), held_out=_split(sides, "held_out"))


def _split(sides: Arrays, name: str) -> Split:
    source, target = (
        torch.from_numpy(sides[f"{name}_{side}"]).long() for side in ("source", "target")
    )
    return Split((source, target[:, :-1].contiguous()), target[:, 1:].contiguous())
