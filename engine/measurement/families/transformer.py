"""What the Transformer families are built of, small and exportable.

Layer norms stand before attention and the wide layer (pre-norm), which trains without
a slow start; every layer is a plain module, so that each can be quantised, pruned or
given gradients per example.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from engine.measurement.families.base import ACTIVATIONS, Activation

EXPANSION = 4
"""Width of the inner layer over the model's."""
LEAST_HEAD_SIZE = 16
START_DEVIATION = 0.1
"""Of token and position vectors."""


def head_count(size: int) -> int:
    """Heads of at least LEAST_HEAD_SIZE, or one; they share the width evenly."""
    return math.gcd(size, max(1, size // LEAST_HEAD_SIZE))


class Tokens(nn.Module):
    """Vectors of tokens and of their places, added."""

    def __init__(self, vocabulary_size: int, longest_tokens: int, size: int) -> None:
        super().__init__()
        self.words = nn.Embedding(vocabulary_size, size)
        self.places = nn.Embedding(longest_tokens, size)
        for table in (self.words, self.places):
            nn.init.normal_(table.weight, std=START_DEVIATION)

    def forward(self, tokens: Tensor) -> Tensor:
        """(batch, tokens) to (batch, tokens, size)."""
        places = torch.arange(tokens.shape[1], device=tokens.device).expand_as(tokens)
        return self.words(tokens) + self.places(places)  # type: ignore[no-any-return]


class Attention(nn.Module):
    """Each hidden state looks at others, its own side's or another's (cross)."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.head_count = head_count(size)
        self.query = nn.Linear(size, size)
        self.key = nn.Linear(size, size)
        self.value = nn.Linear(size, size)
        self.out = nn.Linear(size, size)

    def forward(
        self, hidden: Tensor, seen: Tensor, mask: Tensor | None = None, causal: bool = False
    ) -> Tensor:
        """(batch, tokens, size); `mask` is true where a place of `seen` may be looked at."""
        query, key, value = self.query(hidden), self.key(seen), self.value(seen)
        mixed = F.scaled_dot_product_attention(
            self._heads(query), self._heads(key), self._heads(value), mask, is_causal=causal
        )
        return self.out(mixed.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]

    def _heads(self, hidden: Tensor) -> Tensor:
        row_count, token_count, _ = hidden.shape
        return hidden.view(row_count, token_count, self.head_count, -1).transpose(1, 2)


class Block(nn.Module):
    """Attention, cross-attention where asked for, and the wide layer, each added to its input."""

    def __init__(self, size: int, activation: Activation, cross: bool = False) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(size)
        self.attention = Attention(size)
        self.cross_norm = nn.LayerNorm(size) if cross else None
        self.cross_attention = Attention(size) if cross else None
        self.wide = nn.Sequential(
            nn.LayerNorm(size),
            nn.Linear(size, EXPANSION * size),
            ACTIVATIONS[activation](),
            nn.Linear(EXPANSION * size, size),
        )

    def forward(
        self,
        hidden: Tensor,
        mask: Tensor | None = None,
        causal: bool = False,
        memory: Tensor | None = None,
        memory_mask: Tensor | None = None,
    ) -> Tensor:
        """(batch, tokens, size) after this block; `memory` is what cross-attention looks at."""
        normed = self.norm(hidden)
        hidden = hidden + self.attention(normed, normed, mask, causal)
        if self.cross_norm is not None and self.cross_attention is not None and memory is not None:
            normed = self.cross_norm(hidden)
            hidden = hidden + self.cross_attention(normed, memory, memory_mask)
        return hidden + self.wide(hidden)  # type: ignore[no-any-return]


def linear_flop(row_count: int, input_size: int, output_size: int) -> float:
    """A matrix product, multiply-adds as two; the bias is left out."""
    return 2.0 * row_count * input_size * output_size


def attention_flop(size: int, query_count: int, key_count: int) -> float:
    """Four projections, scores and their use; masked pairs are counted, softmax is not."""
    projections = 2 * linear_flop(query_count, size, size) + 2 * linear_flop(key_count, size, size)
    return projections + 2 * linear_flop(query_count, size, key_count)


def block_flop(size: int, token_count: int, memory_count: int | None = None) -> float:
    """One block over one sequence; `memory_count` tokens are looked at across, None: no cross."""
    cross = 0.0 if memory_count is None else attention_flop(size, token_count, memory_count)
    wide = 2 * linear_flop(token_count, size, EXPANSION * size)
    return attention_flop(size, token_count, token_count) + cross + wide
