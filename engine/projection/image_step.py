"""Training networks on images: time of one step from what the network counts.

Products of different kinds run at different shares of peak: convolutions, linear layers, in
groups, attention. Depthwise products wait for memory. What layers write goes through memory and
overlaps in part; matrix units want channels last, so convolutions that keep them first are turned
around, there and back. Each batch pays for its launches and its optimiser once. Every function
broadcasts.

Source: Williams, Waterman, Patterson 2009, "Roofline", https://doi.org/10.1145/1498765.1498785
Source: "Convolution layers: tensor layouts in memory: NCHW vs NHWC",
https://docs.nvidia.com/deeplearning/performance/dl-performance-convolutional/index.html
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.elementwise import overlapped
from engine.projection.throughput_parts import HIDING_POWER
from engine.units import Float

STEP_PER_FORWARD = 3.0
"""Forward, and backward twice over: to inputs and to weights."""
FLOP_PER_PRODUCT = 2.0
USUAL_FLOP_PER_OUTPUT = 600.0
USUAL_BATCH_COUNT = 128.0
"""Images on one device at once, where nothing says how many."""
LARGEST_SHARE = 0.95


@dataclass(frozen=True, slots=True)
class ImageStep:
    """A network, a device and a batch; FLOP and outputs are of one image, forward."""

    dense_flop: Float
    linear_flop: Float
    """Of these, those of layers that look at one place at a time."""
    grouped_flop: Float
    """Of convolutions in groups of more than four channels."""
    depthwise_flop: Float
    """Of convolutions in smaller groups."""
    attention_flop: Float
    product_output_count: Float
    """Numbers that products write."""
    convolution_output_count: Float
    """Of these, by convolutions without groups."""
    depthwise_output_count: Float
    """Of these, by convolutions in groups of at most four channels."""
    output_count: Float
    """Numbers that all operations write."""
    operation_count: Float
    parameter_count: Float
    bytes_per_value: Float
    peak_flop_per_s: Float
    bandwidth_bytes_per_s: Float
    batch_count: Float
    """Images on one device at once."""
    device_count: Float
    is_channels_last: Float
    is_turned: Float
    """Whether matrix units multiply what is kept with channels first."""


@dataclass(frozen=True, slots=True)
class ImageEfficiencies:
    """Fitted: how far software and devices fall short of the data sheet."""

    dense_share: Float
    channels_last_ratio: Float
    density_exponent: Float
    grouped_share: Float
    grouped_last_ratio: Float
    attention_share: Float
    traffic_per_product_output: Float
    traffic_of_turning_ratio: Float
    """What turning a convolution's numbers around moves, over what writing them does."""
    traffic_per_depthwise_output: Float
    traffic_per_depthwise_product: Float
    traffic_per_output: Float
    overlap_excess: Float
    launch_s: Float
    optimiser_bytes_per_parameter: Float
    waiting_per_doubling: Float


def images_per_s(s: ImageStep, e: ImageEfficiencies) -> Float:
    """Images that all devices together learn from in a second."""
    exponent = 1.0 + e.overlap_excess
    image_s = overlapped(arithmetic_s(s, e), traffic_s(s, e), exponent)
    optimiser_s = s.parameter_count * e.optimiser_bytes_per_parameter / s.bandwidth_bytes_per_s
    launches_s = STEP_PER_FORWARD * s.operation_count * e.launch_s
    busy_s = s.batch_count * image_s + optimiser_s
    step_s = overlapped(busy_s, launches_s, HIDING_POWER)
    waiting = 1.0 + e.waiting_per_doubling * np.log2(np.maximum(s.device_count, 1.0))
    return s.batch_count * s.device_count / (step_s * waiting)


def arithmetic_s(s: ImageStep, e: ImageEfficiencies) -> Float:
    """Seconds of one image's products: the more done for each number written, the faster."""
    flop = s.dense_flop + s.grouped_flop + s.attention_flop
    density = flop / s.product_output_count / USUAL_FLOP_PER_OUTPUT
    dense = e.dense_share * density**e.density_exponent
    is_last = s.is_channels_last > 0
    convolving = dense * np.where(is_last, e.channels_last_ratio, 1.0)
    in_groups = e.grouped_share * np.where(is_last, e.grouped_last_ratio, 1.0)
    at_peak = (
        (s.dense_flop - s.linear_flop) / np.minimum(convolving, LARGEST_SHARE)
        + s.linear_flop / np.minimum(dense, LARGEST_SHARE)
        + s.grouped_flop / in_groups
        + s.attention_flop / e.attention_share
    )
    return STEP_PER_FORWARD * at_peak / s.peak_flop_per_s


def traffic_s(s: ImageStep, e: ImageEfficiencies) -> Float:
    """Seconds to move what one image's layers write, forward and back."""
    turned = s.convolution_output_count * s.is_turned * e.traffic_of_turning_ratio
    values = (s.product_output_count + turned) * e.traffic_per_product_output
    values = values + s.output_count * e.traffic_per_output
    values = values + s.depthwise_output_count * e.traffic_per_depthwise_output
    values = values + s.depthwise_flop / FLOP_PER_PRODUCT * e.traffic_per_depthwise_product
    return values * s.bytes_per_value / s.bandwidth_bytes_per_s
