"""Serving a language model: the time of one step and of one prompt.

A step writes one token of each running sequence. It reads the weights that those tokens
touch and the attention cache of every sequence, multiplies, sums over devices, and pays for
launches and bookkeeping. A prompt is read in passes that multiply far more.

Sources: Pope et al. 2022, "Efficiently scaling transformer inference", section 2,
https://arxiv.org/abs/2211.05102 (bytes and FLOP of a step); Shoeybi et al. 2019,
"Megatron-LM", section 3, https://arxiv.org/abs/1909.08053 (two sums a layer).
"""

from __future__ import annotations

from typing import NamedTuple

from engine.elementwise import maximum, minimum, overlapped, where
from engine.projection.serving_sizes import (
    Efficiencies,
    Serving,
    Sizes,
    attention_flop,
    cache_bytes,
)
from engine.units import Float

PASS_TOKENS = 8_192.0
"""Prompt tokens an engine reads in one pass at most."""
SUMS_PER_LAYER = 2.0
PASS_WEIGHT_SHARE = 0.3
"""Weight reading of a prompt pass that its arithmetic does not hide."""


class Pass(NamedTuple):
    """Seconds of one pass, and of its parts alone."""

    time_s: Float
    weights_s: Float
    compute_s: Float
    cache_s: Float


def touched_parameter_count(z: Sizes, parameter_count: Float, token_count: Float) -> Float:
    """Parameters that a pass over so many tokens reads.

    Experts are taken to be chosen independently, so the untouched share shrinks
    geometrically with the number of tokens.
    """
    experts = parameter_count - z.dense_parameter_count
    untouched = (1.0 - z.expert_share) ** maximum(token_count, 1.0)
    return z.dense_parameter_count + experts * (1.0 - untouched)


def weight_time_s(s: Serving, e: Efficiencies, z: Sizes, token_count: Float) -> Float:
    """Seconds to read the weights that a pass over so many tokens touches."""
    mixture = where(s.expert_count > 0, minimum(e.expert_bandwidth_ratio, 1.2), 1.0)
    share = minimum(e.weight_bandwidth_share, 1.0) * mixture
    here_s = s.bytes_per_weight / (z.device_count * s.bandwidth_bytes_per_s * share)
    elsewhere_s = z.host_bytes_per_parameter / e.host_bandwidth_bytes_per_s
    return touched_parameter_count(z, s.parameter_count, token_count) * (here_s + elsewhere_s)


def group_flop_per_s(s: Serving, e: Efficiencies, z: Sizes) -> Float:
    """FLOP/s that the devices of a replica reach together."""
    mixture = where(s.expert_count > 0, e.expert_compute_ratio, 1.0)
    four_bit = where(s.is_four_bit > 0, e.four_bit_compute_ratio, 1.0)
    return z.device_count * s.peak_flop_per_s * e.compute_share * mixture * four_bit


def launch_time_s(s: Serving, e: Efficiencies, z: Sizes) -> Float:
    """Seconds of a pass that no arithmetic or memory explains, sums over devices among them."""
    mixture = s.expert_count > 0
    layer_s = e.layer_overhead_s + where(mixture, e.expert_layer_overhead_s, 0.0)
    sums_s = SUMS_PER_LAYER * s.layer_count * e.all_reduce_s * z.overhead_ratio
    exchanges_s = where(mixture, s.layer_count * e.expert_exchange_s, 0.0)
    together_s = where(z.device_count > 1, sums_s + exchanges_s, 0.0)
    return z.overhead_ratio * (e.step_overhead_s + layer_s * s.layer_count) + together_s


def link_time_s(s: Serving, e: Efficiencies, z: Sizes, token_count: Float) -> Float:
    """Seconds to move activations between the devices of a replica."""
    values = SUMS_PER_LAYER * s.layer_count * token_count * s.hidden_size
    moved_bytes = values * 2.0 * 2.0 * (z.device_count - 1.0) / z.device_count
    return maximum(moved_bytes, 0.0) / (e.link_share * s.link_bytes_per_s)


def expert_time_s(s: Serving, e: Efficiencies, z: Sizes, token_count: Float) -> Float:
    """Seconds spent on each expert that is touched at all, however few its tokens."""
    touched = 1.0 - (1.0 - z.expert_share) ** maximum(token_count, 1.0)
    each = s.expert_count * touched / z.device_count
    return s.layer_count * each * e.expert_overhead_s * z.overhead_ratio


def pass_time(
    s: Serving,
    e: Efficiencies,
    z: Sizes,
    token_count: Float,
    cache_bytes: Float,
    attention_flop: Float,
    compute_ratio: Float,
) -> Pass:
    """Seconds of one pass over so many tokens: the smooth larger of memory and arithmetic."""
    flop_per_s = group_flop_per_s(s, e, z) * compute_ratio
    weights_s = weight_time_s(s, e, z, token_count)
    multiply_s = 2.0 * s.active_parameter_count * token_count / flop_per_s
    compute_s = multiply_s + attention_flop / (flop_per_s * e.attention_compute_ratio)
    bandwidth = s.bandwidth_bytes_per_s * e.cache_bandwidth_share
    cache_s = cache_bytes / (z.cache_device_count * bandwidth)
    larger_s = overlapped(weights_s, compute_s, 1.0 + e.overlap_excess)
    rest_s = launch_time_s(s, e, z) + link_time_s(s, e, z, token_count)
    rest_s = rest_s + expert_time_s(s, e, z, token_count)
    return Pass(
        e.software_time_ratio * (larger_s + cache_s + rest_s), weights_s, compute_s, cache_s
    )


def step_time(s: Serving, e: Efficiencies, z: Sizes, batch_count: Float) -> Pass:
    """Seconds to write one token of each sequence, halfway through the output."""
    context_tokens = z.input_tokens + z.output_tokens / 2.0
    # Attention only reads what it kept of earlier tokens; a recurrent state is written back.
    moved_bytes = batch_count * (cache_bytes(s, context_tokens) + s.state_bytes)
    step = pass_time(s, e, z, batch_count, moved_bytes, 0.0, 1.0)
    spread = where(s.is_disaggregated > 0, z.device_count, maximum(s.attention_group_count, 1.0))
    each_s = e.software_time_ratio * e.sequence_overhead_s * z.overhead_ratio / spread
    return Pass(step.time_s + batch_count * each_s, step.weights_s, step.compute_s, step.cache_s)


def prompt_time_s(s: Serving, e: Efficiencies, z: Sizes) -> Float:
    """Seconds to read one prompt that has the devices to itself."""
    flop = read_attention_flop(s, z)
    alone = pass_time(s, e, z, z.read_tokens, 0.0, flop, e.prefill_compute_ratio)
    return alone.time_s


def read_attention_flop(s: Serving, z: Sizes) -> Float:
    """FLOP of attention for the prompt tokens that are read, each looking back on all before."""
    cached = attention_flop(s, z.input_tokens - z.read_tokens)
    return attention_flop(s, z.input_tokens) - cached


def shared_prompt_time_s(s: Serving, e: Efficiencies, z: Sizes, batch_count: Float) -> Float:
    """Seconds one prompt adds when many are read in large passes."""
    flop_per_s = group_flop_per_s(s, e, z) * e.prefill_compute_ratio
    attended = read_attention_flop(s, z) / e.attention_compute_ratio
    compute_s = (2.0 * s.active_parameter_count * z.read_tokens + attended) / flop_per_s
    in_pass = maximum(z.read_tokens, minimum(z.read_tokens * batch_count, PASS_TOKENS))
    weights_s = PASS_WEIGHT_SHARE * weight_time_s(s, e, z, in_pass)
    pass_s = (weights_s + launch_time_s(s, e, z)) * z.read_tokens / in_pass
    return e.software_time_ratio * (compute_s + link_time_s(s, e, z, z.read_tokens) + pass_s)
