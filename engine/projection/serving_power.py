"""Electric power of devices that serve a language model, as a share of their design power.

A device that waits draws a floor; work lifts it towards a ceiling. How far depends on how
busy its memory, its arithmetic and its prompts keep it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.elementwise import minimum, where
from engine.units import Float

EIGHT_BIT_FLOAT_BYTES = 1.0
"""Integers of 8 bits come with scales, and so take more."""


@dataclass(frozen=True, slots=True)
class PowerShares:
    """Fitted: see `serving_fit`."""

    idle_power_share: Float
    full_power_share: Float
    weights_power_weight: Float
    cache_power_weight: Float
    compute_power_weight: Float
    prompt_power_weight: Float
    expert_power_ratio: Float
    """Of a mixture of experts, over a dense model as busy."""
    eight_bit_expert_power_ratio: Float
    """Of experts whose weights are 8 bit floats, over those at 16 bits."""


def device_power_w(
    shares: PowerShares,
    tdp_w: Float,
    weights_share: Float,
    cache_share: Float,
    compute_share: Float,
    prompt_share: Float,
    expert_count: Float,
    weight_bytes: Float,
) -> Float:
    """Mean power of one device; the shares of time are those of `serving_rates.Served`."""
    work = (
        shares.weights_power_weight * minimum(weights_share, 1.0)
        + shares.cache_power_weight * minimum(cache_share, 1.0)
        + shares.compute_power_weight * minimum(compute_share, 1.0)
        + shares.prompt_power_weight * minimum(prompt_share, 1.0)
    )
    lift = (shares.full_power_share - shares.idle_power_share) * (1.0 - np.exp(-work))
    is_eight_bit_float = weight_bytes == EIGHT_BIT_FLOAT_BYTES
    eight_bit = where(is_eight_bit_float, shares.eight_bit_expert_power_ratio, 1.0)
    ratio = where(expert_count > 0, shares.expert_power_ratio * eight_bit, 1.0)
    return tdp_w * minimum(ratio * (shares.idle_power_share + lift), 1.0)
