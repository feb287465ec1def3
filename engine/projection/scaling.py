"""Formulas of size: shape at another size, work of one item, attention cache of one token."""

from __future__ import annotations

import numpy as np

from engine.elementwise import minimum
from engine.units import BILLION, Float

KV_VALUES_PER_TOKEN_LAYER = 2.0
FORWARD_AND_BACKWARD = 3.0
"""Passes of training in units of a forward one: the backward pass is two."""


def parameter_count(parameters_billion: Float) -> Float:
    """Parameters, from billions of them."""
    return parameters_billion * BILLION


def size_ratio(parameter_count: Float, known_parameter_count: Float) -> Float:
    """Parameters over those of the known model whose shape is taken."""
    return parameter_count / known_parameter_count


def width_ratio(size_ratio: Float, embedding_share: Float) -> Float:
    """Layers, and hidden size, over those of the known model.

    Depth and width grow together, so the layers' parameters grow with the cube and the
    token embedding (vocabulary kept) with the width: `(1 - e) r³ + e r = size ratio`,
    solved exactly. Without an embedding it is the cube root.
    """
    body_share = 1.0 - embedding_share
    third = embedding_share / body_share / 3.0
    half = size_ratio / body_share / 2.0
    root = np.cbrt(half + np.sqrt(half**2 + third**3))
    return root - third / root


def scaled_size(known_size: Float, width_ratio: Float) -> Float:
    """A depth or width at another model size; left fractional so that curves stay smooth."""
    return known_size * width_ratio


def active_parameter_count(parameter_count: Float, active_share: Float) -> Float:
    """Parameters each item passes through; a mixture of experts uses only a share of them."""
    return parameter_count * active_share


def kv_bytes_per_token_at_16_bit(
    layer_count: Float, kv_head_count: Float, head_size: Float
) -> Float:
    """Bytes the attention cache keeps for each token of context: a key and a value a layer.

    Source: Pope et al. 2022, "Efficiently Scaling Transformer Inference", section 2,
    https://arxiv.org/abs/2211.05102
    """
    return KV_VALUES_PER_TOKEN_LAYER * layer_count * kv_head_count * head_size * 2.0


def scaled_kv_bytes_per_token(known_kv_bytes_per_token: Float, width_ratio: Float) -> Float:
    """Attention cache per token at another size: it grows with depth and with width."""
    return known_kv_bytes_per_token * width_ratio**2


def forward_flop_per_parameter(active_parameter_count: Float) -> Float:
    """FLOP for one item to pass forward: a multiplication and an addition a parameter.

    Source: Kaplan et al. 2020, "Scaling Laws for Neural Language Models", section 2.1,
    https://arxiv.org/abs/2001.08361
    """
    return 2.0 * active_parameter_count


def scaled_forward_flop(known_forward_gflop_per_item: Float, size_ratio: Float) -> Float:
    """FLOP for one item to pass forward, from the published count at the known size.

    Work per item is taken to grow with the parameters, input resolution unchanged.
    """
    return known_forward_gflop_per_item * BILLION * size_ratio


def causal_attention_flop_per_token(
    layer_count: Float, attention_size: Float, sequence_tokens: Float
) -> Float:
    """FLOP of attention for one token to pass forward when each token sees those before it.

    Scores and weighted sum take `4 x width` FLOP for each earlier token and layer; the
    mean token has half the sequence before it.

    Source: Narayanan et al. 2021, "Efficient Large-Scale Language Model Training on GPU
    Clusters", appendix, halved for the causal mask, https://arxiv.org/abs/2104.04473
    """
    return 2.0 * layer_count * attention_size * sequence_tokens


def full_attention_flop_per_token(
    layer_count: Float, attention_size: Float, sequence_tokens: Float
) -> Float:
    """FLOP of attention for one token to pass forward when each token sees all others.

    Source: Narayanan et al. 2021, appendix, https://arxiv.org/abs/2104.04473
    """
    return 4.0 * layer_count * attention_size * sequence_tokens


def forward_flop_per_item(parameter_flop: Float, attention_flop: Float) -> Float:
    """FLOP for one item to pass forward: through the parameters, and through attention."""
    return parameter_flop + attention_flop


def embedding_share(
    vocabulary_size: Float, hidden_size: Float, known_parameter_count: Float
) -> Float:
    """Share of a known model's parameters that its token embedding takes, at most half."""
    return minimum(vocabulary_size * hidden_size / known_parameter_count, 0.5)
