"""Share of peak that training on images reaches, by constants fitted to published rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from engine.catalogue import loading
from engine.elementwise import plain
from engine.projection import memory
from engine.projection.hardware import Device
from engine.projection.image_step import (
    USUAL_BATCH_COUNT,
    ImageEfficiencies,
    ImageStep,
    images_per_s,
)
from engine.projection.serving_fit import ServingFit, from_document
from engine.projection.sized import Sized
from engine.projection.working import chosen, derive
from engine.records import Estimate, Source
from engine.scenario import Scenario
from engine.units import BILLION, MILLION, Float

FILE = "image_training_fit.toml"
FIT = Source("Constants fitted to published training on images (`modelworth calibrate`)")
COUNTED = Source("Layers counted one by one (`image_networks.csv`)")
DEVICE, FORMAT, SOFTWARE = "device", "format", "software"
USUAL_SOFTWARE = "timm"
"""PyTorch with channels last at 16 bits, as its training scripts offer it."""
ANYTHING = "anything"
WIDER_OUTSIDE = 1.3
"""Power of the range on an accelerator that the fit did not see."""
FLOP_PER_GMAC = 2.0 * BILLION


@dataclass(frozen=True, slots=True)
class ImageSpeed:
    """Share of peak, and whether the accelerator is one the fit never saw."""

    mfu: Estimate
    is_outside: bool


def mfu_of_images(
    images_per_s: Float, training_flop_per_item: Float, device_count: Float, peak_flop_per_s: Float
) -> Float:
    """Share of peak that so many images a second on all devices together amount to."""
    return images_per_s * training_flop_per_item / (device_count * peak_flop_per_s)


def speed(
    scenario: Scenario, model: Sized, device: Device, flop_per_item: Estimate, peak: Estimate
) -> ImageSpeed | None:
    """By the fit; None where the network's layers were not counted, or the device is not known."""
    name, found = model.known.counted_as, device.accelerator
    if name is None or found is None or peak.value is None or found.bandwidth_bytes_per_s is None:
        return None
    size_ratio, own = _size_ratio(model), network(name)
    if size_ratio is None:
        return None
    batch = memory.step_items(scenario, model, device, model.forward_flop_per_item)
    step = step_of(
        own,
        size_ratio,
        peak_flop_per_s=peak.value,
        bandwidth_bytes_per_s=found.bandwidth_bytes_per_s,
        is_wide=scenario.precision == "fp32",
        is_channels_last=scenario.precision != "fp32",
        uses_matrix_units=scenario.precision != "fp32" or found.tf32_dense_tflops is not None,
        batch_count=USUAL_BATCH_COUNT if batch.value is None else batch.value,
        device_count=scenario.training_device_count,
    )
    assert device.accelerator_id is not None
    fit = image_training_fit()
    rate = images_per_s(step, _efficiencies(device.accelerator_id, scenario.precision == "fp32"))
    is_outside = device.accelerator_id not in fit.known.get(DEVICE, ())
    wider, span = WIDER_OUTSIDE if is_outside else 1.0, fit.range_for(ANYTHING)
    mfu = derive(
        mfu_of_images,
        images_per_s=Estimate(plain(rate), "fitted", source=FIT),
        training_flop_per_item=flop_per_item,
        device_count=chosen(scenario.training_device_count),
        peak_flop_per_s=peak,
    )
    if mfu.value is None:
        return None
    low, high = span.low_ratio**wider, span.high_ratio**wider
    mfu = mfu._replace(kind="fitted", low=mfu.value * low, high=mfu.value * high, note=WITHIN)
    return ImageSpeed(mfu, is_outside)


WITHIN = "range from published rows that the fit did not see; at most 128 images a device at once"


def step_of(
    counts: Mapping[str, float],
    size_ratio: Float = 1.0,
    *,
    peak_flop_per_s: Float,
    bandwidth_bytes_per_s: Float,
    is_wide: bool,
    is_channels_last: bool,
    uses_matrix_units: bool,
    batch_count: Float,
    device_count: Float,
) -> ImageStep:
    """A counted network on a device; made larger by its width, it writes less than it computes."""
    written = size_ratio**0.5
    return ImageStep(
        dense_flop=counts["dense_gmacs"] * FLOP_PER_GMAC * size_ratio,
        linear_flop=counts["linear_gmacs"] * FLOP_PER_GMAC * size_ratio,
        grouped_flop=counts["grouped_gmacs"] * FLOP_PER_GMAC * size_ratio,
        depthwise_flop=counts["depthwise_gmacs"] * FLOP_PER_GMAC * written,
        attention_flop=counts["attention_gmacs"] * FLOP_PER_GMAC * written,
        product_output_count=counts["product_outputs_million"] * MILLION * written,
        convolution_output_count=counts["convolution_outputs_million"] * MILLION * written,
        depthwise_output_count=counts["depthwise_outputs_million"] * MILLION * written,
        output_count=counts["outputs_million"] * MILLION * written,
        operation_count=counts["operation_count"],
        parameter_count=counts["parameters_million"] * MILLION * size_ratio,
        bytes_per_value=4.0 if is_wide else 2.0,
        peak_flop_per_s=peak_flop_per_s,
        bandwidth_bytes_per_s=bandwidth_bytes_per_s,
        batch_count=batch_count,
        device_count=device_count,
        is_channels_last=float(is_channels_last),
        is_turned=float(uses_matrix_units and not is_channels_last),
    )


@cache
def image_training_fit() -> ServingFit:
    """The fit that ships with the catalogue."""
    return from_document(loading.toml_table(FILE)["images"])


@cache
def networks() -> Mapping[str, Mapping[str, str]]:
    """What the layers of every counted network add up to, by name."""
    return {row["name"]: row for row in loading.csv_rows("image_networks.csv")}


COUNTS = (
    "parameters_million", "dense_gmacs", "depthwise_gmacs", "attention_gmacs", "grouped_gmacs",
    "product_outputs_million", "outputs_million", "operation_count", "linear_gmacs",
    "convolution_outputs_million", "depthwise_outputs_million", "attention_outputs_million",
)  # fmt: skip


@cache
def network(name: str) -> Mapping[str, float]:
    """One of them, as numbers."""
    return {column: float(networks()[name][column]) for column in COUNTS}


@cache
def attention_output_share(name: str) -> float:
    """Of the numbers that a network's products write, those of all pairs."""
    counted = network(name)
    return counted["attention_outputs_million"] / counted["product_outputs_million"]


@lru_cache(maxsize=256)
def _efficiencies(accelerator_id: str, is_wide: bool) -> ImageEfficiencies:
    """On an accelerator with TF32, training at 32 bits uses it."""
    traits = {
        DEVICE: [accelerator_id],
        FORMAT: ["tf32" if is_wide else "16bit"],
        SOFTWARE: [USUAL_SOFTWARE],
    }
    found = image_training_fit().efficiencies(ImageEfficiencies, traits)
    return ImageEfficiencies(*(float(getattr(found, n)[0]) for n in found.__slots__))


def _size_ratio(model: Sized) -> Float | None:
    count = model.parameter_count.value
    return None if count is None else count / model.known.parameter_count
