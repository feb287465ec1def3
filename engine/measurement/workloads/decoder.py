"""The transformer that is measured: a plain decoder, as GPT-2 has it.

Token and learned position vectors; blocks of layer norm, causal attention, layer norm
and a four times wider GELU layer, each pair added to its input; a last layer norm; the
output layer shares the token vectors. Linear layers have no bias, nothing is dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from engine.records import BadInput

EXPANSION = 4
"""Width of the inner layer over the hidden size."""
START_DEVIATION = 0.02


@dataclass(frozen=True)
class Shape:
    """How large a decoder is."""

    layer_count: int
    hidden_size: int
    head_count: int
    vocabulary_size: int

    def __post_init__(self) -> None:
        if min(self.layer_count, self.hidden_size, self.head_count, self.vocabulary_size) < 1:
            raise BadInput("A transformer needs at least one of each: layer, head, number, word.")
        if self.hidden_size % self.head_count:
            raise BadInput(
                f"A hidden size of {self.hidden_size} cannot be shared by {self.head_count} "
                "heads; take a multiple of the heads."
            )


def matmul_shapes(shape: Shape) -> list[tuple[int, int]]:
    """Inputs and outputs of every matrix a token passes through, the output layer last."""
    hidden = shape.hidden_size
    block = [
        (hidden, 3 * hidden),
        (hidden, hidden),
        (hidden, EXPANSION * hidden),
        (EXPANSION * hidden, hidden),
    ]
    return [*block * shape.layer_count, (hidden, shape.vocabulary_size)]


def block_matmul_parameter_count(shape: Shape) -> int:
    """Parameters in the matrices of all blocks: 12 L h^2."""
    return sum(inputs * outputs for inputs, outputs in matmul_shapes(shape)[:-1])


def matmul_parameter_count(shape: Shape) -> int:
    """Parameters in all matrices: 12 L h^2 + h V."""
    return sum(inputs * outputs for inputs, outputs in matmul_shapes(shape))


def parameter_count(shape: Shape, longest_tokens: int) -> int:
    """All of them: matrices, positions, and two numbers a hidden place for each norm."""
    norm_count = 2 * shape.layer_count + 1
    beside = (longest_tokens + 2 * norm_count) * shape.hidden_size
    return matmul_parameter_count(shape) + beside


def attention_flop(shape: Shape, query_count: int, key_count: int) -> float:
    """Scores and their use, 4 h for each query and key in each layer, masked pairs included."""
    return 4.0 * shape.layer_count * shape.hidden_size * query_count * key_count


class Decoder(nn.Module):
    """The network; positions up to `longest_tokens`."""

    def __init__(self, shape: Shape, longest_tokens: int) -> None:
        super().__init__()
        self.tokens = nn.Embedding(shape.vocabulary_size, shape.hidden_size)
        self.positions = nn.Embedding(longest_tokens, shape.hidden_size)
        self.blocks = nn.ModuleList(
            Block(shape.hidden_size, shape.head_count) for _ in range(shape.layer_count)
        )
        self.norm = nn.LayerNorm(shape.hidden_size)
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, std=START_DEVIATION)

    def forward(
        self, tokens: Tensor, caches: Sequence[Tensor] | None = None, start: int = 0
    ) -> Tensor:
        """Hidden state after each token; with caches, their keys and values are kept there.

        With caches, either `start` is 0 or there is one token a row.
        """
        hidden = self.tokens(tokens) + self.positions.weight[start : start + tokens.shape[1]]
        for index, block in enumerate(self.blocks):
            hidden = block(hidden, None if caches is None else caches[index], start)
        return self.norm(hidden)  # type: ignore[no-any-return]

    def logits(self, hidden: Tensor) -> Tensor:
        """One number a word of the vocabulary."""
        return F.linear(hidden, self.tokens.weight)


class Block(nn.Module):
    """Attention, then the wide layer, each on the normed input and added to it."""

    def __init__(self, hidden_size: int, head_count: int) -> None:
        super().__init__()
        self.head_count = head_count
        self.attention_norm = nn.LayerNorm(hidden_size)
        self.attention_in = nn.Linear(hidden_size, 3 * hidden_size, bias=False)
        self.attention_out = nn.Linear(hidden_size, hidden_size, bias=False)
        self.wide_norm = nn.LayerNorm(hidden_size)
        self.wide_in = nn.Linear(hidden_size, EXPANSION * hidden_size, bias=False)
        self.wide_out = nn.Linear(EXPANSION * hidden_size, hidden_size, bias=False)

    def forward(self, hidden: Tensor, cache: Tensor | None, start: int) -> Tensor:
        """Hidden states after this block."""
        hidden = hidden + self.attention_out(self._attend(hidden, cache, start))
        return hidden + self.wide_out(F.gelu(self.wide_in(self.wide_norm(hidden))))  # type: ignore[no-any-return]

    def _attend(self, hidden: Tensor, cache: Tensor | None, start: int) -> Tensor:
        row_count, token_count, size = hidden.shape
        mixed = self.attention_in(self.attention_norm(hidden))
        heads = mixed.view(row_count, token_count, 3, self.head_count, -1).permute(2, 0, 3, 1, 4)
        query, keys_values = heads[0], heads[1:]
        if cache is not None:
            stop = start + token_count
            cache[:, :, :, start:stop] = keys_values
            keys_values = cache[:, :, :, :stop]
        seen = F.scaled_dot_product_attention(
            query, keys_values[0], keys_values[1], is_causal=token_count > 1
        )
        return seen.transpose(1, 2).reshape(row_count, token_count, size)


def empty_caches(
    shape: Shape, row_count: int, token_count: int, device: torch.device, number: torch.dtype
) -> list[Tensor]:
    """Room for keys and values of `token_count` tokens, one tensor a layer."""
    head_size = shape.hidden_size // shape.head_count
    size = (2, row_count, shape.head_count, token_count, head_size)
    return [torch.zeros(size, device=device, dtype=number) for _ in range(shape.layer_count)]
