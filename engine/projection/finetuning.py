"""Training only a small part: adapters of low rank beside weights that stay as they are."""

from __future__ import annotations

import numpy as np

from engine.units import BITS_PER_BYTE, Float

FROZEN_FORWARD_BACKWARD = 2.0
"""Passes over a frozen weight, in units of one forward pass: forward, and back to its input."""
TRAINED_FORWARD_BACKWARD = 3.0
FOUR_BIT_WEIGHT_BITS = 4.0
QUANTISATION_CONSTANT_BITS = 0.127
"""Of each parameter, once the constants are quantised as well.

Source: Dettmers et al. 2023, "QLoRA", section 3, https://arxiv.org/abs/2305.14314
"""
QLORA_WEIGHT_BYTES = (FOUR_BIT_WEIGHT_BITS + QUANTISATION_CONSTANT_BITS) / BITS_PER_BYTE


def lora_parameter_count(
    layer_count: Float,
    hidden_size: Float,
    attention_size: Float,
    kv_size: Float,
    feed_forward_size: Float,
    lora_rank: Float,
) -> Float:
    """Parameters of adapters beside all matrices of a layer: rank x (inputs + outputs) of each.

    Query, key, value and output; gate, up and down. Of a mixture, beside those of one expert.

    Source: Hu et al. 2021, "LoRA", section 4.1, https://arxiv.org/abs/2106.09685; all matrices
    as in Dettmers et al. 2023, section 5.2
    """
    attention = 2 * (hidden_size + attention_size) + 2 * (hidden_size + kv_size)
    feed_forward = 3 * (hidden_size + feed_forward_size)
    return layer_count * lora_rank * (attention + feed_forward)


def adapted_flop_per_item(forward_flop_per_item: Float, trained_share: Float) -> Float:
    """FLOP to learn from one item when most weights are frozen.

    Forward, and backward to the inputs; the gradients of the weights are only taken for the
    adapter, which is passed three times over as in full training.
    """
    frozen = FROZEN_FORWARD_BACKWARD * forward_flop_per_item
    return frozen + TRAINED_FORWARD_BACKWARD * forward_flop_per_item * trained_share


def trained_share(trained_parameter_count: Float, parameter_count: Float) -> Float:
    """Parameters that learn, over all."""
    return np.minimum(trained_parameter_count / parameter_count, 1.0)


def width(hidden_size: Float, width_ratio: Float) -> Float:
    """Another width of the layers, in the known model's proportion to the hidden size."""
    return hidden_size * width_ratio
