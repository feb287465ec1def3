"""Rows of vision, encoder and diffusion measurements as arrays, with their traits."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from engine.projection.serving_items import ItemServing
from engine.projection.serving_setting import running_style
from engine.validation.rows import Row, is_nvidia_example, number
from engine.validation.serving_hardware import ServingDevice, serving_device
from engine.validation.vision_work import DIFFUSION, ItemWork, is_benchmark, item_work

CHANNELS_LAST = "channels-last"
OFFLINE_BATCH = 64.0
"""Items a device takes at once where a benchmark leaves that to the submitter."""
BYTES = {"fp8": 1.5, "int8": 1.0, "fp32": 4.0, "tf32": 4.0, "16-bit": 2.0}
ENGINES = (
    ("compile", "compiled"),
    ("tensorrt", "tensorrt"),
    ("neuron", "neuron"),
    ("onnx|tf v2", "onnx"),
    ("tensorflow", "tensorflow"),
    ("xdit", "xdit"),
    ("nhwc", CHANNELS_LAST),
)
CORE_COUNT = {"inferentia1": 4.0, "inferentia2": 2.0, "trainium1": 2.0, "trainium2": 8.0}
"""Of a chip whose cores serve batches of their own, unless they share a picture.

Source: https://awsdocs-neuron.readthedocs-hosted.com/en/latest/about-neuron/arch/
"""
FUSED = re.compile(r"pt[23]\d\d|pytorch v?[23]\.|tensorrt")
"""Software that multiplies all pairs without writing them down: PyTorch from 2.0 on, TensorRT.

Source: Dao et al. 2022, "FlashAttention", https://arxiv.org/abs/2205.14135;
https://pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html
"""
CASTING = "neuron"
"""The generation whose compiler multiplies 32-bit models at 16 bits unless told otherwise."""
PER_IMAGE_DOMAINS = frozenset({"object-detection", "instance-segmentation"})
"""Their tables give milliseconds of one image, whatever the batch."""
KIND, ENGINE, GENERATION, FORMAT, DEVICE = "kind", "engine", "generation", "format", "device"
STYLE = "style"
"""Of the engine: what an engine never seen shares with those that run models its way."""


@dataclass(frozen=True, slots=True)
class ItemReading:
    """One row understood."""

    values: Mapping[str, float]
    traits: Mapping[str, str]
    memory_bytes: float
    is_benchmark: bool
    """Whether rates are of large batches and latencies of single queries."""
    latency_item_count: float
    """Items a published latency is of: a batch, or one image, as detectors are quoted."""


def read(row: Row) -> ItemReading | str:
    """The row understood, or why it cannot be."""
    device = serving_device(row.get("hardware", ""))
    if device is None:
        return f"no data sheet for the hardware '{row.get('hardware', '')}'"
    work = item_work(row)
    if work is None:
        return f"the work of an item is not known for the model '{row.get('model', '')}'"
    engine = _engine(row)
    number_format = _format(row.get("precision", ""))
    if device.generation == CASTING and number_format == "fp32":
        number_format = "16-bit"
    values = _values(row, work, device, engine, number_format)
    traits = {
        KIND: work.kind,
        ENGINE: engine,
        STYLE: running_style(engine),
        GENERATION: device.generation,
        FORMAT: number_format,
        DEVICE: device.id,
    }
    return ItemReading(
        values,
        traits,
        _memory_bytes(values),
        is_benchmark(row),
        _latency_item_count(row, values),
    )


def _latency_item_count(row: Row, values: Mapping[str, float]) -> float:
    per_image = row.get("domain", "") in PER_IMAGE_DOMAINS
    return 1.0 if per_image else values["batch_count"]


def _engine(row: Row) -> str:
    text = row.get("engine", "").lower()
    found = next((name for pattern, name in ENGINES if re.search(pattern, text)), "eager")
    last = found == "eager" and is_nvidia_example(row)
    return CHANNELS_LAST if last and _format(row.get("precision", "")) == "16-bit" else found


def _format(text: str) -> str:
    lower = text.lower()
    if "int8" in lower and "float16" not in lower and "{" not in lower:
        return "int8"
    if "fp8" in lower or "unet" in lower:
        return "fp8"
    if "tf32" in lower:
        return "tf32"
    wide = lower == "float32" or ("fp32" in lower and "bf16" not in lower)
    return "fp32" if wide else "16-bit"


def _peak_flop_per_s(device: ServingDevice, number_format: str) -> float:
    half = device.fp16_flop_per_s
    eight = device.fp8_flop_per_s or half
    by_format = {
        "fp8": eight,
        "int8": device.int8_op_per_s,
        "tf32": half / 2,
        "fp32": device.fp32_flop_per_s,
    }
    return by_format.get(number_format, half)


def _values(
    row: Row, work: ItemWork, device: ServingDevice, engine: str, number_format: str
) -> dict[str, float]:
    offline = is_benchmark(row)
    sockets = 2.0 if "xeon(r) 6" in row.get("hardware", "").lower() else 1.0
    devices = number(row.get("n_devices")) or sockets
    cores = 1.0 if work.kind == DIFFUSION else CORE_COUNT.get(device.id, 1.0)
    at_work = 1.0 if _is_of_one_copy(row) else cores
    fused = FUSED.search(row.get("engine", "").lower()) is not None
    batch = number(row.get("batch_size")) or (OFFLINE_BATCH if offline else 1.0)
    return {
        "flop_per_item": work.flop,
        "parameter_count": work.parameter_count,
        "activations_per_item": work.activations - (work.attention_output_count if fused else 0.0),
        "bytes_per_value": BYTES[number_format],
        "peak_flop_per_s": _peak_flop_per_s(device, number_format) / cores,
        "bandwidth_bytes_per_s": device.bandwidth_bytes_per_s / cores,
        "batch_count": batch,
        "device_count": devices * at_work,
        "step_count": work.step_count,
        "layer_count": work.layer_count,
        "operation_count": work.operation_count,
        "shares_one_item": float(engine == "xdit" and work.kind == DIFFUSION),
        "tdp_w": (device.tdp_w or math.nan) / cores,
    }


def _is_of_one_copy(row: Row) -> bool:
    """Whether all cores but one wait.

    AWS's latency tables of image networks are of one copy on one core: their rates are one over
    their latencies, where those of texts are two over them.
    """
    return "latency_data_vision" in row.get("source_title", "")


def _memory_bytes(values: Mapping[str, float]) -> float:
    weights = values["parameter_count"] * values["bytes_per_value"]
    written = values["activations_per_item"] / values["step_count"] * values["batch_count"]
    return weights + 0.1 * written * values["bytes_per_value"] + 1e9


def arrays(readings: Sequence[ItemReading]) -> tuple[ItemServing, dict[str, list[str]]]:
    """Many rows as one setting of arrays, and the trait of each."""
    columns = {f.name: np.array([r.values[f.name] for r in readings]) for f in fields(ItemServing)}
    kinds = readings[0].traits if readings else {}
    return ItemServing(**columns), {kind: [r.traits[kind] for r in readings] for kind in kinds}
