"""Rows of image-network training as arrays: which network, which device, which batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from engine.catalogue.schema import Accelerator
from engine.projection.image_speed import DEVICE, FORMAT, SOFTWARE, network, step_of
from engine.projection.image_step import USUAL_BATCH_COUNT, ImageStep
from engine.validation.accelerator_names import accelerator_of
from engine.validation.image_names import counted_network
from engine.validation.rows import Row, is_nvidia_example, number
from engine.validation.training_devices import speed_of
from engine.validation.training_models import ImpossibleError
from engine.validation.training_plans import stated_device_count
from engine.validation.training_software import precision_of

DOMAINS = ("vision", "other")
SOFTWARE_NAMES = (
    ("timm", "timm"),
    ("ngc", "ngc"),
    ("mxnet", "mxnet"),
    ("tensorflow", "tensorflow"),
    ("paddle", "paddle"),
)
CONTAINER = "ngc"
"""PyTorch as NVIDIA builds it, in which its own examples run too."""
CHANNELS_LAST = ("mxnet", "tensorflow", "paddle")
"""Software whose benchmarks keep channels last at 16 bits, as matrix units want them."""
JOINING = ("mxnet", "paddle")
"""Of these, the ones whose benchmarks add and activate within the kernel that normalises.

Source: `fuse_bn_relu` and `fuse_bn_add_relu`, on at 16 bits, in
https://github.com/NVIDIA/DeepLearningExamples/tree/master/MxNet/Classification/RN50v1.5;
`fuse_bn_add_act_ops` in its Paddle twin.
"""
JOINED_OUTPUTS_PER_PRODUCT = 2.0
"""Numbers written for each that a convolution writes: by it, and by that kernel."""
OTHER_NETWORKS = frozenset({("ssd300_resnet50", "tensorflow")})
"""What software means another network by: here SSD320 with a feature pyramid, not counted.

Source: https://github.com/NVIDIA/DeepLearningExamples/tree/master/TensorFlow/Detection/SSD
"""


@dataclass(frozen=True, slots=True)
class ImageReading:
    """One row understood."""

    values: Mapping[str, float]
    traits: Mapping[str, str]
    global_batch_count: float


def read(row: Row) -> ImageReading | str:
    """The row understood, or why it cannot be."""
    name = counted_network(row.get("model", ""))
    if name is None or (name, _software(row)) in OTHER_NETWORKS:
        return f"the layers of the network '{row.get('model', '')}' are not counted"
    found = accelerator_of(row)
    if found is None:
        return "no accelerator of the catalogue is named"
    accelerator_id, accelerator = found
    precision = precision_of(row)
    number_format = _format(precision, accelerator)
    try:
        speed = speed_of(accelerator_id, accelerator, precision)
    except ImpossibleError as reason:
        return str(reason)
    devices = max(stated_device_count(row) or 1.0, 1.0)
    batch = _batch_count(row, devices)
    step = step_of(
        network(name),
        peak_flop_per_s=speed["peak_flop_per_s"],
        bandwidth_bytes_per_s=speed["bandwidth_bytes_per_s"],
        is_wide=precision in ("tf32", "fp32"),
        is_channels_last=_is_channels_last(row, precision),
        uses_matrix_units=number_format != "fp32",
        batch_count=batch,
        device_count=devices,
    )
    values = {f.name: float(getattr(step, f.name)) for f in fields(step)}
    if values["is_channels_last"] and _software(row) in JOINING:
        written = JOINED_OUTPUTS_PER_PRODUCT * values["product_output_count"]
        values["output_count"] = min(values["output_count"], written)
    traits = {
        DEVICE: accelerator_id,
        FORMAT: number_format,
        SOFTWARE: _software(row),
    }
    return ImageReading(values, traits, batch * devices)


def _format(precision: str, accelerator: Accelerator) -> str:
    """Of what rows call FP32, and some call TF32, whichever the device multiplies."""
    if precision not in ("tf32", "fp32"):
        return precision
    return "fp32" if accelerator.tf32_dense_tflops is None else "tf32"


def _software(row: Row) -> str:
    text = row.get("framework", "").lower()
    usual = CONTAINER if is_nvidia_example(row) else "other"
    return next((name for word, name in SOFTWARE_NAMES if word in text), usual)


def _batch_count(row: Row, devices: float) -> float:
    each = number(row.get("micro_batch"))
    together = number(row.get("global_batch"))
    return each or (together / devices if together else USUAL_BATCH_COUNT)


def _is_channels_last(row: Row, precision: str) -> bool:
    text = row.get("precision", "").lower()
    said = "nhwc" in text or "channels_last" in text
    kept = _software(row) in CHANNELS_LAST or is_nvidia_example(row)
    return said or (kept and precision == "16bit")


def arrays(readings: Sequence[ImageReading]) -> tuple[ImageStep, dict[str, list[str]]]:
    """Many rows as one step of arrays, and the trait of each."""
    columns = {f.name: np.array([r.values[f.name] for r in readings]) for f in fields(ImageStep)}
    kinds = readings[0].traits if readings else {}
    return ImageStep(**columns), {kind: [r.traits[kind] for r in readings] for kind in kinds}


def is_device_count_known(row: Row) -> bool:
    """Whether what all devices do together can be told."""
    return stated_device_count(row) is not None
