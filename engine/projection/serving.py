"""Formulas of serving: memory of a replica, time of a pass, replicas for a load."""

from __future__ import annotations

import numpy as np

from engine.elementwise import ceil, floor, maximum, where
from engine.units import DAYS_PER_MONTH, HOURS_PER_DAY, SECONDS_PER_HOUR, Float

NODE_DEVICE_COUNT = 8.0
ALL_REDUCES_PER_LAYER = 2.0


def weight_bytes(parameter_count: Float, bytes_per_value: Float) -> Float:
    """Bytes of the weights at the serving precision."""
    return parameter_count * bytes_per_value


def cache_bytes_per_token(kv_bytes_per_token_at_16_bit: Float, bytes_per_value: Float) -> Float:
    """Attention cache per token: kept at 16 bits when the weights are smaller."""
    return kv_bytes_per_token_at_16_bit * maximum(bytes_per_value, 2.0) / 2.0


def kept_bytes_per_token(kv_bytes_per_token_at_16_bit: Float, bytes_per_value: Float) -> Float:
    """Attention cache per token at the precision it is kept in."""
    return kv_bytes_per_token_at_16_bit * bytes_per_value / 2.0


def batch_cache_bytes(
    cache_bytes_per_request: Float, batch_count: Float, cache_copy_count: Float
) -> Float:
    """Attention cache of a full batch at full length, in all copies that its devices hold."""
    return cache_bytes_per_request * batch_count * cache_copy_count


def reserved_bytes(reserved_bytes_per_device: Float, device_count: Float) -> Float:
    """Memory for activations, buffers and the software itself, on all devices of a replica."""
    return reserved_bytes_per_device * device_count


def mean_context_tokens(input_tokens: Float, output_tokens: Float) -> Float:
    """Tokens an average output token looks back on: all input, and half the output."""
    return input_tokens + output_tokens / 2.0


def replica_bytes(
    weight_bytes: Float,
    cache_bytes_per_token: Float,
    batch_count: Float,
    input_tokens: Float,
    output_tokens: Float,
) -> Float:
    """Memory of one replica: weights, and the attention cache of a full batch at full length."""
    held = full_cache_bytes(cache_bytes_per_token, batch_count, input_tokens, output_tokens)
    return weight_bytes + held


def devices_per_replica(replica_bytes: Float, usable_bytes: Float) -> Float:
    """Fewest devices that hold one replica: 1, 2, 4, 8, then whole nodes of 8.

    Layers are split evenly over devices, which needs powers of two within a node.
    """
    least = maximum(replica_bytes / usable_bytes, 1.0)
    within_node = 2.0 ** ceil(np.log2(least))
    return where(
        least <= NODE_DEVICE_COUNT,
        within_node,
        ceil(least / NODE_DEVICE_COUNT) * NODE_DEVICE_COUNT,
    )


def touched_weight_bytes(weight_bytes: Float, active_share: Float, sequence_count: Float) -> Float:
    """Weights read for one token of each of several sequences.

    A dense model reads all. A mixture of experts reads the experts that any of the
    sequences asks for; with independent choices the share left untouched shrinks
    geometrically with their number.
    """
    return weight_bytes * (1.0 - (1.0 - active_share) ** sequence_count)


def multiplied_weight_bytes(weight_bytes: Float, embedding_share: Float) -> Float:
    """Weights read for a pass: of tables that are only looked up, next to nothing is."""
    return weight_bytes * (1.0 - embedding_share)


def decode_bytes(
    touched_weight_bytes: Float,
    cache_bytes_per_token: Float,
    sequence_count: Float,
    context_tokens: Float,
) -> Float:
    """Bytes read to write one token of each sequence: weights once, each sequence's cache.

    Source: Pope et al. 2022, section 2, https://arxiv.org/abs/2211.05102
    """
    return touched_weight_bytes + cache_bytes_per_token * sequence_count * context_tokens


def unread_item_count(input_item_count: Float, prefix_cache_hit_share: Float) -> Float:
    """Items of one request's input that earlier requests have not left in the cache."""
    return input_item_count * (1.0 - prefix_cache_hit_share)


def stage_bytes(replica_bytes: Float, pipeline_count: Float) -> Float:
    """Memory of each group of devices that the layers of a replica are dealt out to."""
    return replica_bytes / pipeline_count


def batch_flop(flop_per_item: Float, item_count: Float) -> Float:
    """FLOP of one pass over `item_count` items."""
    return flop_per_item * item_count


def pass_time_s(
    flop: Float,
    moved_bytes: Float,
    device_count: Float,
    flop_per_s: Float,
    bandwidth_bytes_per_s: Float,
    overhead_s: Float,
) -> Float:
    """Seconds of one pass through the model on `device_count` devices.

    The slower of arithmetic and memory (the roofline), and a fixed overhead.

    Source: Williams, Waterman, Patterson 2009, "Roofline",
    https://doi.org/10.1145/1498765.1498785
    """
    arithmetic_s = flop / (device_count * flop_per_s)
    memory_s = moved_bytes / (device_count * bandwidth_bytes_per_s)
    return maximum(arithmetic_s, memory_s) + overhead_s


def launch_time_s(layer_count: Float, launch_time_s_per_layer: Float) -> Float:
    """Seconds of a step that go to launching the work of its layers, one after the other."""
    return layer_count * launch_time_s_per_layer


def pass_overhead_s(
    step_overhead_s: Float,
    sequence_overhead_s: Float,
    sequence_count: Float,
    all_reduce_s: Float,
    layer_count: Float,
    device_count: Float,
) -> Float:
    """Seconds of a pass that are neither arithmetic nor memory.

    Scheduling and launches once, sampling and bookkeeping for each sequence, and two
    sums over the devices for each layer where a replica has several.

    Source: Shoeybi et al. 2019, "Megatron-LM", section 3 (two all-reduces a layer),
    https://arxiv.org/abs/1909.08053
    """
    sums_s = where(device_count > 1, ALL_REDUCES_PER_LAYER * layer_count * all_reduce_s, 0.0)
    return step_overhead_s + sequence_overhead_s * sequence_count + sums_s


def generated_requests_per_s(
    batch_count: Float, prefill_time_s: Float, decode_time_s: Float, output_tokens: Float
) -> Float:
    """Requests a replica answers each second with its batch always full.

    Every request is read once, alone; all of the batch write together.
    """
    return batch_count / (batch_count * prefill_time_s + output_tokens * decode_time_s)


def first_token_s(prefill_time_s: Float, decode_time_s: Float) -> Float:
    """Seconds until the first token: the input is read, and one token written."""
    return prefill_time_s + decode_time_s


def prefill_time_share(
    batch_count: Float, prefill_time_s: Float, decode_time_s: Float, output_tokens: Float
) -> Float:
    """Share of a replica's working time that goes to reading input."""
    read_s = batch_count * prefill_time_s
    return read_s / (read_s + output_tokens * decode_time_s)


def full_cache_bytes(
    cache_bytes_per_token: Float, batch_count: Float, input_tokens: Float, output_tokens: Float
) -> Float:
    """Attention cache of a full batch at full length."""
    return cache_bytes_per_token * batch_count * (input_tokens + output_tokens)


def batch_limit_count(
    usable_bytes: Float,
    device_count: Float,
    weight_bytes: Float,
    cache_bytes_per_token: Float,
    input_tokens: Float,
    output_tokens: Float,
) -> Float:
    """Most requests whose attention cache fits beside the weights; at least one."""
    free = usable_bytes * device_count - weight_bytes
    each = cache_bytes_per_token * (input_tokens + output_tokens)
    return maximum(floor(free / each), 1.0)


def activation_bytes(
    held_bytes_per_request: Float, batch_count: Float, software_bytes: Float
) -> Float:
    """Memory for the layers' results of a batch, and for the software itself."""
    return held_bytes_per_request * batch_count + software_bytes


def item_batch_limit_count(
    usable_bytes: Float, weight_bytes: Float, software_bytes: Float, held_bytes_per_request: Float
) -> Float:
    """Most requests whose results fit beside the weights on one device; at least one."""
    free = usable_bytes - weight_bytes - software_bytes
    return maximum(floor(free / held_bytes_per_request), 1.0)


def answered_requests_per_s(batch_count: Float, pass_time_s: Float) -> Float:
    """Requests a replica answers each second when one pass answers a batch."""
    return batch_count / pass_time_s


def generated_latency_s(prefill_time_s: Float, decode_time_s: Float, output_tokens: Float) -> Float:
    """Seconds from question to last token of one request alone on a replica."""
    return prefill_time_s + output_tokens * decode_time_s


def mean_requests_per_s(requests_per_day: Float) -> Float:
    """Requests each second, averaged over the day."""
    return requests_per_day / (HOURS_PER_DAY * SECONDS_PER_HOUR)


def peak_requests_per_s(mean_requests_per_s: Float, peak_to_mean_ratio: Float) -> Float:
    """Requests each second in the busiest hour."""
    return mean_requests_per_s * peak_to_mean_ratio


def busiest_requests_per_s(
    requests_per_day: Float, peak_to_mean_ratio: Float, serving_hours_per_day: Float
) -> Float:
    """Requests each second in the busiest hour; fewer hours a day are all the busier."""
    least_ratio = HOURS_PER_DAY / serving_hours_per_day
    ratio = maximum(peak_to_mean_ratio, least_ratio)
    return mean_requests_per_s(requests_per_day) * ratio


def replica_count(peak_requests_per_s: Float, requests_per_s_per_replica: Float) -> Float:
    """Whole replicas that carry the busiest hour; none without a load."""
    return ceil(peak_requests_per_s / requests_per_s_per_replica)


def device_count(replica_count: Float, devices_per_replica: Float) -> Float:
    """Devices of all replicas."""
    return replica_count * devices_per_replica


def request_count(requests_per_day: Float, horizon_months: Float) -> Float:
    """Requests over the horizon."""
    return requests_per_day * DAYS_PER_MONTH * horizon_months


def active_share(active_parameter_count: Float, parameter_count: Float) -> Float:
    """Share of the parameters that each item passes through."""
    return active_parameter_count / parameter_count


def input_item_count(request_count: Float, input_item_count: Float) -> Float:
    """Items read for some requests together."""
    return request_count * input_item_count


def measured_flop_per_s(
    prefill_flop_per_s: Float, matmul_flop_per_s: Float, prefill_matmul_flop_per_s: Float
) -> Float:
    """Rate of inference at one precision, from that measured at another.

    Taken to keep the same proportion to the rate of large matrix products.
    """
    return prefill_flop_per_s * matmul_flop_per_s / prefill_matmul_flop_per_s


def serving_flop_per_s(
    matmul_flop_per_s: Float, serving_share: Float, matmul_share: Float
) -> Float:
    """Rate of a whole model's inference, from the rate of large matrix products.

    Both shares are of the printed peak: what inference reaches, and what the largest
    matrix products reach.
    """
    return matmul_flop_per_s * serving_share / matmul_share
