"""Serving images, texts and generated pictures: time of a batch of whole items.

Arithmetic and memory traffic overlap in part; models whose layers do little arithmetic for
each number they write run further from the peak, as do all models the higher that peak is.
Launches are prepared while devices work, so a batch takes about the longer of the two. Every
function broadcasts.

Source: Williams, Waterman, Patterson 2009, "Roofline", https://doi.org/10.1145/1498765.1498785
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.elementwise import clip, maximum, overlapped, where
from engine.projection.throughput_parts import HIDING_POWER, MOST_OF_PEAK
from engine.units import Float

USUAL_FLOP_PER_ACTIVATION = 100.0
USUAL_OPERATION_COUNT = 200.0
"""Operations of a network whose layers were not counted."""
OPERATIONS_PER_ENCODER_LAYER = 16.0
"""Six products, softmax, activation, two sums and norms, and rearranging heads."""
LIMIT_POWER = 4.0
"""Power that bends a share of the peak below the most that any product reaches."""
USUAL_PEAK_FLOP_PER_S = 1e14


@dataclass(frozen=True, slots=True)
class ItemServing:
    """A model, a device and a batch."""

    flop_per_item: Float
    parameter_count: Float
    activations_per_item: Float
    """Numbers that layers write for one item."""
    bytes_per_value: Float
    peak_flop_per_s: Float
    bandwidth_bytes_per_s: Float
    batch_count: Float
    """Items on one device at once."""
    device_count: Float
    step_count: Float
    """Passes for one item: 1, or the denoising steps of a diffusion model."""
    layer_count: Float
    """Layers of one denoising pass."""
    operation_count: Float
    """Operations launched for a batch; 0 where denoising pays by the layer."""
    shares_one_item: Float
    """1 where all devices work on the same items."""
    tdp_w: Float


@dataclass(frozen=True, slots=True)
class ItemEfficiencies:
    """Fitted: see `serving_fit`."""

    item_compute_share: Float
    density_exponent: Float
    peak_exponent: Float
    """By how much of its logarithm a higher peak is reached less."""
    traffic_per_activation: Float
    item_overlap_excess: Float
    batch_overhead_s: Float
    launch_s: Float
    """Of one operation of a batch."""
    pass_overhead_s: Float
    """Of each layer of a denoising pass."""
    sharing_overhead_s: Float
    """Of each such layer, for every doubling of the devices that share an item."""
    splitting_loss: Float
    """Exponent of devices lost when they share an item."""


@dataclass(frozen=True, slots=True)
class ItemsServed:
    """What comes out of all devices together."""

    items_per_s: Float
    batch_time_s: Float
    compute_share: Float
    traffic_share: Float


def items_served(s: ItemServing, e: ItemEfficiencies) -> ItemsServed:
    """Items a second, seconds of a batch, and how busy arithmetic and memory are."""
    compute_s = compute_time_s(s, e)
    traffic_s = traffic_time_s(s, e)
    larger_s = overlapped(compute_s, traffic_s, 1.0 + e.item_overlap_excess)
    is_shared = s.shares_one_item > 0
    speed = where(is_shared, s.device_count ** (1.0 - e.splitting_loss), 1.0)
    batch_s = batch_time_s(s, e, s.batch_count * larger_s / speed)
    together = where(is_shared, s.batch_count, s.batch_count * s.device_count)
    busy_s = batch_s / s.batch_count * speed
    return ItemsServed(together / batch_s, batch_s, compute_s / busy_s, traffic_s / busy_s)


def compute_time_s(s: ItemServing, e: ItemEfficiencies) -> Float:
    """Seconds of arithmetic for one item: denser work runs nearer the peak."""
    density = s.flop_per_item / s.activations_per_item / USUAL_FLOP_PER_ACTIVATION
    nearer = clip(density**e.density_exponent, 0.1, 5.0)
    higher = s.peak_flop_per_s / USUAL_PEAK_FLOP_PER_S
    share = e.item_compute_share * nearer * higher ** (0.0 - e.peak_exponent)
    limited = share / (1.0 + (share / MOST_OF_PEAK) ** LIMIT_POWER) ** (1.0 / LIMIT_POWER)
    return s.flop_per_item / (s.peak_flop_per_s * limited)


def traffic_time_s(s: ItemServing, e: ItemEfficiencies) -> Float:
    """Seconds of memory traffic for one item's activations."""
    moved_bytes = s.activations_per_item * s.bytes_per_value * e.traffic_per_activation
    return moved_bytes / s.bandwidth_bytes_per_s


def batch_time_s(s: ItemServing, e: ItemEfficiencies, items_s: Float) -> Float:
    """Seconds of a batch whose items take so long: work hides launches, or they hide it."""
    work_s = items_s + weights_time_s(s, e)
    launches_s = s.operation_count * e.launch_s
    return e.batch_overhead_s + overlapped(work_s, launches_s, HIDING_POWER)


def weights_time_s(s: ItemServing, e: ItemEfficiencies) -> Float:
    """Seconds a batch costs however small: reading the weights, and layers, in every pass.

    More devices on one item do not shorten it: each layer they wait for each other.
    """
    weights_s = s.parameter_count * s.bytes_per_value * s.step_count / s.bandwidth_bytes_per_s
    doublings = where(s.shares_one_item > 0, np.log2(maximum(s.device_count, 1.0)), 0.0)
    layer_s = e.pass_overhead_s + e.sharing_overhead_s * doublings
    passes_s = where(s.step_count > 1, layer_s * s.layer_count * s.step_count, 0.0)
    return weights_s + passes_s
