"""The parts of a transformer's training step, each in proportion to something counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.elementwise import overlapped
from engine.units import Float

Constants = Mapping[str, float]

BYTES_PER_16_BIT_VALUE = 2.0
FORWARD_BACKWARD_FLOP_PER_PARAMETER = 6.0
ADAPTER_FLOP_PER_PARAMETER = 4.0
"""With frozen weights the gradient of the weights is left out."""
COLLECTIVES_PER_LAYER = 8.0
"""Tensor parallel: gathers and scatters, forward and backward, of one activation each."""
EXCHANGES_PER_LAYER = 4.0
"""Mixture of experts: out and back, forward and backward."""
CROSS_NODE_COLLECTIVE_RATIO = 6.0
NETWORK_BYTES_PER_S = 25e9
"""One way per device between nodes: 200 Gbit/s."""
STATE_BYTES_PER_PARAMETER = 18.0
ACTIVATION_BYTES_PER_VALUE = 34.0
"""Of each hidden value of a layer kept for the backward pass (Korthikanti et al. 2022)."""
HIDING_POWER = 4.0
"""Power that lets launches hide behind work until they take about as long."""
MOST_OF_PEAK = 0.9
"""No product of matrices is known to reach more, however much bandwidth there is beside it."""
DISTRIBUTED_OPTIMISER_SINCE_YEAR = 2023.0
OVERLAP_POWER = 4.0
REFERENCE_BALANCE = 200.0
"""FLOP per byte of the accelerator that efficiencies are stated for."""


@dataclass(frozen=True)
class TrainingStep:
    """One optimiser step of a transformer on given devices; shares and flags are 0 to 1."""

    peak_flop_per_s: Float
    """Dense, 16-bit, or 32-bit where `wide`."""
    low_bit_ratio: Float
    """Peak at 8 or 4 bits over that; 1 where neither is used or the device has neither."""
    eight_bit: Float
    four_bit: Float
    wide: Float
    modern_low_bit: Float
    """Whether the device also has 4-bit units: block scales are then free."""
    achievable_share: Float
    """Of the peak, by the best large matrix product anyone measured."""
    bandwidth_bytes_per_s: Float
    memory_bytes: Float
    link_bytes_per_s: Float
    """Both directions, between devices joined by the fast interconnect."""
    scale_up_device_count: Float
    device_count: Float
    tensor_count: Float
    pipeline_count: Float
    interleave_count: Float
    context_count: Float
    expert_parallel_count: Float
    parameter_count: Float
    multiplied_parameter_count: Float
    """Parameters each token is multiplied by, output vocabulary included."""
    layer_count: Float
    hidden_size: Float
    vocabulary_size: Float
    attention_flop_per_token: Float
    """Forward and backward, only what the mask leaves."""
    score_values_per_token: Float
    """Attention scores of all layers and heads."""
    expert_count: Float
    experts_per_token_count: Float
    sequence_tokens: Float
    micro_batch_tokens: Float
    """Of one model replica."""
    micro_batch_count: Float
    recompute_share: Float
    """1 all activations computed again, 0 none; NaN: as memory needs."""
    sharded: Float
    adapter: Float
    compiled: Float
    tuned: Float
    """Kernels written for this very device by its maker; between 0 and 1 where it is not told."""
    unfused: Float
    """Attention scores written to memory: software before 2023."""
    year: Float


def devices_per_replica(step: TrainingStep) -> Float:
    """Devices that hold one copy of the model."""
    return step.tensor_count * step.context_count * step.pipeline_count


def _replica_count(step: TrainingStep) -> Float:
    return np.maximum(step.device_count / devices_per_replica(step), 1.0)


def _balance(step: TrainingStep) -> Float:
    return step.peak_flop_per_s / step.bandwidth_bytes_per_s / REFERENCE_BALANCE


def _efficiency(step: TrainingStep, constants: Constants) -> Float:
    balance = _balance(step)
    newer = np.exp(constants["gain_per_year"] * (step.year - 2023.0))
    width = 1 + constants["half_width"] * balance / (step.hidden_size / step.tensor_count)
    depth = 1 + constants["half_tokens"] * balance / (step.micro_batch_tokens / step.context_count)
    at_large = constants["product_efficiency"] * balance ** -constants["balance_power"]
    portable = constants["portable_product_ratio"] ** (1 - step.tuned)
    reached = np.minimum(at_large * step.achievable_share * newer * portable, MOST_OF_PEAK)
    return reached / width / depth


def _low_bit_time_ratio(step: TrainingStep, constants: Constants) -> Float:
    at_8_bits = np.where(
        step.modern_low_bit > 0, constants["eight_bit_modern"], constants["eight_bit_share"]
    )
    share = step.eight_bit * at_8_bits + step.four_bit * constants["four_bit_share"]
    return 1 - share + share / step.low_bit_ratio


def _recompute_ratio(step: TrainingStep, constants: Constants) -> Float:
    is_open = np.isnan(step.recompute_share)
    if not np.any(is_open):
        return 1 + step.recompute_share * constants["recompute_full"]
    if_needed = _memory_need(step) * constants["recompute_if_needed"]
    known = np.nan_to_num(step.recompute_share) * constants["recompute_full"]
    return 1 + np.where(is_open, if_needed, known)


def _local_parameter_count(step: TrainingStep) -> Float:
    spread = np.minimum(step.expert_parallel_count, step.expert_count)
    experts = np.where(step.expert_count > 1, 0.9 * spread + 0.1, 1.0)
    return step.parameter_count / step.tensor_count / step.pipeline_count / experts


def _memory_need(step: TrainingStep) -> Float:
    """From 0 to 1 as weights, optimiser and kept activations come to fill memory."""
    replicas = _replica_count(step)
    per_parameter = np.where(step.sharded > 0, 16.0 / replicas, 6.0 + 12.0 / replicas)
    state = _local_parameter_count(step) * per_parameter * np.where(step.adapter > 0, 0.2, 1.0)
    tokens = step.micro_batch_tokens / step.context_count / step.tensor_count
    kept = step.layer_count * tokens * step.hidden_size * ACTIVATION_BYTES_PER_VALUE
    return 1 / (1 + ((state + kept) / step.memory_bytes) ** -3.0)


def _tokens_times_share(step: TrainingStep) -> Float:
    return step.micro_batch_tokens / devices_per_replica(step)


def products_s(step: TrainingStep, constants: Constants) -> Float:
    """Matrix products of one micro-batch."""
    per_parameter = np.where(
        step.adapter > 0, ADAPTER_FLOP_PER_PARAMETER, FORWARD_BACKWARD_FLOP_PER_PARAMETER
    )
    flop = per_parameter * step.multiplied_parameter_count * _tokens_times_share(step)
    thin = np.log2(np.maximum(step.expert_count / step.experts_per_token_count, 1.0)) / 4
    thin = thin * np.exp(-constants["expert_gain_per_year"] * (step.year - 2025.0))
    slow = _low_bit_time_ratio(step, constants) * (1 + constants["expert_cost"] * thin)
    rate = step.peak_flop_per_s * _efficiency(step, constants)
    return flop / rate * slow * _recompute_ratio(step, constants)


def attention_s(step: TrainingStep, constants: Constants) -> Float:
    """Attention of one micro-batch."""
    flop = step.attention_flop_per_token * _tokens_times_share(step)
    portable = _balance(step) ** (-constants["portable_attention_power"] * (1 - step.tuned))
    share = step.achievable_share * portable
    rate = step.peak_flop_per_s * constants["attention_efficiency"] * share
    return flop / rate * _recompute_ratio(step, constants)


def traffic_s(step: TrainingStep, constants: Constants) -> Float:
    """Activations, scores and logits through memory, one micro-batch."""
    by_hand = constants["eager_traffic_ratio"] ** (1 - step.tuned)
    fused = np.where(step.compiled > 0, constants["compiled_traffic_ratio"], by_hand)
    kept = constants["activation_bytes"] * fused * step.layer_count * step.hidden_size
    scores = constants["score_bytes"] * step.unfused * step.score_values_per_token
    logits = constants["logit_bytes"] * step.vocabulary_size
    size = (kept + scores) * _recompute_ratio(step, constants) * (1 + step.wide) + logits
    return size * _tokens_times_share(step) / step.bandwidth_bytes_per_s


def tensor_collectives_s(step: TrainingStep, constants: Constants) -> Float:
    """Collectives of tensor parallelism, one micro-batch."""
    width = step.tensor_count
    tokens = step.micro_batch_tokens / step.context_count
    size = COLLECTIVES_PER_LAYER * tokens * step.hidden_size * BYTES_PER_16_BIT_VALUE
    far = np.where(width > step.scale_up_device_count, CROSS_NODE_COLLECTIVE_RATIO, 1.0)
    layers = step.layer_count / step.pipeline_count
    one = size * (width - 1) / width / (step.link_bytes_per_s / 2) * far
    return layers * one * constants["collective_cost"]


def expert_exchange_s(step: TrainingStep, constants: Constants) -> Float:
    """Tokens out to their experts and back, one micro-batch."""
    tokens = step.micro_batch_tokens / step.context_count / step.tensor_count
    copies = np.minimum(step.experts_per_token_count, 8.0)
    size = EXCHANGES_PER_LAYER * tokens * step.hidden_size * BYTES_PER_16_BIT_VALUE * copies
    apart = (step.expert_parallel_count > 1) & (step.expert_count > 1)
    across = step.expert_parallel_count > step.scale_up_device_count
    far = np.where(across, constants["network_exchange_ratio"], 1.0)
    layers = step.layer_count / step.pipeline_count
    one = size / (step.link_bytes_per_s / 2) * far
    return np.where(apart, layers * one * constants["exchange_cost"], 0.0)


def launches_s(step: TrainingStep, constants: Constants) -> Float:
    """Launching the kernels of one micro-batch."""
    again = 1 + np.nan_to_num(step.recompute_share) / 3
    eager = np.where(step.compiled > 0, constants["compiled_launch_ratio"], 1.0)
    collectives = np.where(step.tensor_count > 1, constants["collective_launch_s"] * 4, 0.0)
    return (
        step.layer_count
        / step.pipeline_count
        * (constants["layer_launch_s"] * eager * again + collectives)
    )


def not_hidden_s(busy_s: Float, beside_s: Float) -> Float:
    """What something done beside adds: nothing while the rest takes much longer."""
    return overlapped(busy_s, beside_s, OVERLAP_POWER) - busy_s


def bubble_micro_batches(step: TrainingStep, constants: Constants) -> Float:
    """Micro-batches for which a stage of the pipeline waits."""
    return constants["bubble_cost"] * (step.pipeline_count - 1) / step.interleave_count


def optimiser_s(step: TrainingStep, constants: Constants) -> Float:
    """Reading and writing weights and optimiser state."""
    size = constants["optimiser_bytes"] * _local_parameter_count(step)
    shared = (step.sharded > 0) | (step.year >= DISTRIBUTED_OPTIMISER_SINCE_YEAR)
    spread = np.where(shared, _replica_count(step), 1.0)
    trained = np.where(step.adapter > 0, 0.02, 1.0)
    return size * trained / spread / step.bandwidth_bytes_per_s


def gradient_exchange_s(step: TrainingStep, constants: Constants) -> Float:
    """Gradients, and weights where they are sharded, between replicas."""
    within = step.device_count <= step.scale_up_device_count
    rate = np.where(within, step.link_bytes_per_s / 2, NETWORK_BYTES_PER_S)
    times = np.where(step.sharded > 0, step.micro_batch_count, 1.0)
    size = 2 * BYTES_PER_16_BIT_VALUE * _local_parameter_count(step)
    seconds = constants["gradient_cost"] * size * times / rate
    return np.where(_replica_count(step) > 1, seconds, 0.0)


def waiting_share(step: TrainingStep, constants: Constants) -> Float:
    """Time lost on many devices waiting for each other, over the rest."""
    doublings = np.log2(np.maximum(step.device_count / 8, 1.0))
    several = step.device_count > step.scale_up_device_count
    return constants["waiting_per_doubling"] * doublings + np.where(
        several, constants["network_waiting"], 0.0
    )
