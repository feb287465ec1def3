"""A GPT-shaped language model over the characters of definitions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from engine.measurement import text_categories, text_characters
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
from engine.measurement.text_characters import ALPHABET, CONTEXT_SIZE

LAYER_COUNT = 2


class DecoderModel(nn.Module):
    """Every character looks at those before it and foretells the next."""

    def __init__(self, size: int, activation: Activation) -> None:
        super().__init__()
        self.tokens = Tokens(len(ALPHABET), CONTEXT_SIZE, size)
        self.blocks = nn.ModuleList(Block(size, activation) for _ in range(LAYER_COUNT))
        self.norm = nn.LayerNorm(size)
        self.characters = nn.Linear(size, len(ALPHABET))

    def forward(self, characters: Tensor) -> Tensor:
        """(batch, characters) to (batch, characters, alphabet)."""
        hidden = self.tokens(characters)
        for block in self.blocks:
            hidden = block(hidden, causal=True)
        return self.characters(self.norm(hidden))  # type: ignore[no-any-return]


class TextDecoder:
    """Size is the width of the model; its depth stays."""

    name: ClassVar[str] = "text-decoder"
    domain: ClassVar[Domain] = "text"
    data_name: ClassVar[str] = "wordnet-characters"
    data_kind: ClassVar[DataKind] = "real"
    sizes: ClassVar[tuple[int, ...]] = (12, 20, 28, 36, 48)
    batch_size: ClassVar[int] = 16
    epoch_count: ClassVar[int] = 2
    learning_rates: ClassVar[Mapping[str, float]] = {
        "sgd": 0.5,
        "momentum": 0.2,
        "adamw": 0.01,
        "adafactor": 0.05,
    }
    metric: ClassVar[str] = "token_accuracy_share"

    def raw(self) -> Mapping[str, bytes]:
        """The files of definitions; downloads once."""
        return text_categories.raw()

    def preparation(self) -> tuple[PreparationStep, ...]:
        """From raw to `Data`, in order."""
        return (
            PreparationStep("clean", text_characters.clean),
            PreparationStep("convert", text_characters.convert),
            PreparationStep("augment", lambda found: _examples(text_characters.windows(found))),
        )

    def data(self) -> Data:
        """All preparation done; kept in the cache between runs."""
        return _examples(text_characters.prepared())

    def build(self, size: int, activation: Activation) -> nn.Module:
        """An untrained model; weights come from torch's seed."""
        return DecoderModel(size, activation)

    def loss(self, output: Tensor, targets: Tensor) -> Tensor:
        """Mean cross-entropy of a character, nats."""
        return token_loss(output, targets)

    def evaluate(self, output: Tensor, examples: Split) -> dict[str, float]:
        """Share of next characters foretold, loss and perplexity of a character."""
        found = token_scores(output, examples.targets)
        return {name: found[name] for name in ("token_accuracy_share", "perplexity", "loss_nats")}

    def flop_per_example(self, size: int) -> float:
        """Matrix products, masked pairs of the attention too; the rest is left out."""
        blocks = LAYER_COUNT * block_flop(size, CONTEXT_SIZE)
        return blocks + linear_flop(CONTEXT_SIZE, size, len(ALPHABET))


def _examples(runs: Arrays) -> Data:
    return Data(train=_split(runs["train"]), held_out=_split(runs["held_out"]))


def _split(runs: text_characters.Numbers) -> Split:
    numbers = torch.from_numpy(runs).long()
    return Split((numbers[:, :-1].contiguous(),), numbers[:, 1:].contiguous())
