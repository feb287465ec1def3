"""Serving a language model: the setting, how far software falls short, and sizes that follow.

Every function broadcasts: a field may be one number or an array over many settings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from engine.elementwise import clip, maximum, minimum, where
from engine.units import Float

REFERENCE_YEAR = 2025.0
LARGEST_SHARE = 0.999
HELD_SHARE = 0.92
"""Of a device's memory, what weights may take before they spill to the host."""


class Serving(NamedTuple):
    """What is served, on what, and how it is asked. Flags are 0 or 1."""

    parameter_count: Float
    active_parameter_count: Float
    layer_count: Float
    hidden_size: Float
    head_count: Float
    kv_head_count: Float
    head_size: Float
    expert_count: Float
    """0 for a dense model."""
    experts_per_token_count: Float
    full_layer_count: Float
    """Layers whose attention looks back on everything."""
    window_layer_count: Float
    """Layers whose attention looks back on `window_tokens` only."""
    window_tokens: Float
    latent_values: Float
    """Cache values per layer and token of latent attention; 0 for other kinds."""
    state_bytes: Float
    """What recurrent layers keep of a sequence, however long; 0 without such layers."""
    bytes_per_weight: Float
    bytes_per_cache_value: Float
    is_four_bit: Float
    """Whether the arithmetic is at 4 bits."""
    peak_flop_per_s: Float
    bandwidth_bytes_per_s: Float
    link_bytes_per_s: Float
    memory_bytes: Float
    """Of one device, as the engine finds it."""
    tdp_w: Float
    group_device_count: Float
    """Devices that share one copy of the weights and work together."""
    memory_device_count: Float
    """Devices whose memory holds one copy; more than the group where layers are only spread."""
    replica_count: Float
    attention_group_count: Float
    """Groups within a replica that attend to sequences of their own."""
    input_tokens: Float
    output_tokens: Float
    concurrency: Float
    """Sequences asked for at once over all replicas; nan: as many as memory holds."""
    year: Float
    is_closed_loop: Float
    is_steady: Float
    is_single: Float
    is_prompt_only: Float
    is_disaggregated: Float
    """Prompts and steps on devices of their own."""
    is_nominal_length: Float
    """Lengths are what was asked for, not what was seen."""


@dataclass(frozen=True, slots=True)
class Efficiencies:
    """How far software and devices fall short of the data sheet: fitted, see `serving_fit`."""

    weight_bandwidth_share: Float
    cache_bandwidth_share: Float
    compute_share: Float
    expert_compute_ratio: Float
    expert_bandwidth_ratio: Float
    four_bit_compute_ratio: Float
    prefill_compute_ratio: Float
    attention_compute_ratio: Float
    overlap_excess: Float
    step_overhead_s: Float
    layer_overhead_s: Float
    expert_layer_overhead_s: Float
    expert_overhead_s: Float
    sequence_overhead_s: Float
    all_reduce_s: Float
    expert_exchange_s: Float
    link_share: Float
    software_time_ratio: Float
    setting_time_ratio: Float
    overhead_ratio_per_year: Float
    usable_memory_share: Float
    reserved_bytes: Float
    reserved_output_share: Float
    largest_batch_count: Float
    host_bandwidth_bytes_per_s: Float
    prefill_interference_ratio: Float
    nominal_length_share: Float
    decode_device_share: Float
    first_token_overhead_s: Float
    first_token_prefill_ratio: Float
    queue_share: Float
    queue_exponent: Float


class Sizes(NamedTuple):
    """Amounts that follow from a setting before any time does."""

    input_tokens: Float
    output_tokens: Float
    read_tokens: Float
    """Of the input, what is not found in the cache of an earlier request."""
    device_count: Float
    """Devices that write tokens together."""
    cache_device_count: Float
    """Devices the cache is spread over."""
    dense_parameter_count: Float
    expert_share: Float
    """Experts a token is sent to, of all."""
    overhead_ratio: Float
    host_bytes_per_parameter: Float
    """Bytes of an average parameter that do not fit on the devices."""


def expert_share(s: Serving) -> Float:
    """Experts a token is sent to, of all; close to 1 for a dense model."""
    share = s.experts_per_token_count / maximum(s.expert_count, 1.0)
    return where(s.expert_count > 0, minimum(share, LARGEST_SHARE), LARGEST_SHARE)


def dense_parameter_count(s: Serving) -> Float:
    """Parameters every token passes; the rest are experts."""
    share = expert_share(s)
    dense = (s.active_parameter_count - s.parameter_count * share) / (1 - share)
    bounded = clip(dense, 0.0, s.active_parameter_count)
    return where(s.expert_count > 0, bounded, s.parameter_count)


def sizes(s: Serving, e: Efficiencies, cached_input_share: Float = 0.0) -> Sizes:
    """Lengths as they turn out, devices that write, and what spills to the host.

    `cached_input_share` of the input starts as an earlier request did: its attention cache
    is there already and is not worked out again.
    """
    length = where(s.is_nominal_length > 0, e.nominal_length_share, 1.0)
    share = minimum(e.decode_device_share, 0.9)
    writers = maximum(s.group_device_count * share, 1.0)
    devices = where(s.is_disaggregated > 0, writers, s.group_device_count)
    held = HELD_SHARE * s.memory_bytes * s.memory_device_count
    spilled = maximum(s.parameter_count * s.bytes_per_weight - held, 0.0)
    input_tokens = maximum(s.input_tokens * length, 1.0)
    return Sizes(
        input_tokens=input_tokens,
        output_tokens=maximum(s.output_tokens * length, 1.0),
        read_tokens=maximum(input_tokens * (1.0 - cached_input_share), 1.0),
        device_count=devices,
        cache_device_count=_cache_devices(s, devices),
        dense_parameter_count=dense_parameter_count(s),
        expert_share=expert_share(s),
        overhead_ratio=e.overhead_ratio_per_year ** (s.year - REFERENCE_YEAR),
        host_bytes_per_parameter=spilled / s.parameter_count,
    )


def _cache_devices(s: Serving, device_count: Float) -> Float:
    # Latent attention keeps one head: every device of a group holds all of its cache.
    groups = where(s.is_disaggregated > 0, device_count, s.attention_group_count)
    by_head = minimum(device_count, maximum(s.kv_head_count, s.attention_group_count))
    return where(s.latent_values > 0, maximum(groups, 1.0), by_head)


def cache_bytes(s: Serving, context_tokens: Float) -> Float:
    """What is kept of one sequence that looks back on so many tokens: cache and states."""
    both = 2.0 * s.kv_head_count * s.head_size
    per_layer = where(s.latent_values > 0, s.latent_values, both)
    seen = minimum(context_tokens, maximum(s.window_tokens, 1.0))
    values = per_layer * s.full_layer_count * context_tokens + both * s.window_layer_count * seen
    return values * s.bytes_per_cache_value + s.state_bytes


def attention_flop(s: Serving, input_tokens: Float) -> Float:
    """FLOP of attention over one prompt, each token looking back."""
    width = 2.0 * s.head_count * s.head_size
    seen = 2.0 * minimum(input_tokens, maximum(s.window_tokens, 1.0))
    return width * input_tokens * (s.full_layer_count * input_tokens + s.window_layer_count * seen)


def batch_that_fits(s: Serving, e: Efficiencies, z: Sizes) -> Float:
    """Sequences whose cache fits beside the weights; at least one."""
    usable = e.usable_memory_share * s.memory_bytes * s.memory_device_count
    kept = s.parameter_count * s.bytes_per_weight + e.reserved_bytes * s.memory_device_count
    floor = 0.01 * s.memory_bytes * z.device_count
    copies = z.device_count / z.cache_device_count
    each = cache_bytes(s, z.input_tokens + e.reserved_output_share * z.output_tokens) * copies
    return maximum(maximum(usable - kept, floor) / each, 1.0)
