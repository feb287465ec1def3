"""Rows of serving measurements as arrays the formulas take, with their traits."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np

from engine.projection.serving_sizes import Serving
from engine.units import BILLION
from engine.validation import serving_words as words
from engine.validation.accelerator_names import named_count
from engine.validation.rows import Row, number
from engine.validation.serving_hardware import ServingDevice, aws_chip_count, serving_device
from engine.validation.serving_shapes import ModelShape, model_shape, plain_name

COLUMNS = (
    *("model", "params_b", "active_params_b", "layers", "hidden", "heads", "kv_heads", "head_dim"),
    *("n_experts", "experts_per_tok", "hardware", "n_devices", "tp", "pp", "ep", "dp"),
    *("engine", "scenario", "precision_weights", "precision_kv", "source_date"),
    *("input_len", "output_len", "batch_or_concurrency"),
)
"""All that a prediction may depend on: no answer and no note is among them."""
MOST_KEPT_ROWS = 30_000
MOST_OF_MEMORY = 0.98
SHARE_FOR_WEIGHTS = 0.6
DEFAULT_OUTPUT_TOKENS = 256.0
DEFAULT_INPUT_TOKENS = 512.0
SINGLE_INPUT_TOKENS = 64.0
DEFAULT_YEAR = 2025.0
USUAL_CONCURRENCY = 64.0
"""Middle, by the logarithm, of one user and the 4,096 that the largest tests ask with."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One row understood: the setting as numbers, its traits, what to say of it."""

    values: Mapping[str, float]
    traits: Mapping[str, str]
    device_count: float
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """How the devices of a row share the work."""

    replica_count: float
    group_device_count: float
    memory_device_count: float
    attention_group_count: float
    device_count: float


def read(row: Row) -> Reading | str:
    """The row understood, or why it cannot be."""
    return _read(tuple(row.get(column, "") for column in COLUMNS))


@lru_cache(maxsize=MOST_KEPT_ROWS)
def _read(cells: tuple[str, ...]) -> Reading | str:
    row = dict(zip(COLUMNS, cells, strict=True))
    device = serving_device(row.get("hardware", ""))
    if device is None:
        return f"no data sheet for the hardware '{row.get('hardware', '')}'"
    found = model_shape(row)
    if found is None:
        return f"no size is known for the model '{row.get('model', '')}'"
    shape, scaled = found
    engine = words.engine_class(row.get("engine", ""))
    bits, weights = words.weight_format(
        row.get("precision_weights", ""), row.get("model", ""), row.get("engine", "")
    )
    layout = _layout(row, shape, device, engine, bits)
    spilled = (
        shape.parameters_billion
        * BILLION
        * bits
        / 8
        / (MOST_OF_MEMORY * device.memory_bytes * layout.memory_device_count)
    )
    if spilled > 1 and engine not in words.LAYERS_SPREAD:
        return f"the weights do not fit: {spilled:.1f} times the memory of the devices named"
    values = _values(row, shape, device, layout, engine, bits, weights)
    flags = _flags(scaled, spilled > 1, engine, device)
    return Reading(values, _traits(row, engine, device, weights), layout.device_count, flags)


def arrays(readings: Sequence[Reading]) -> tuple[Serving, dict[str, list[str]]]:
    """Many rows as one setting of arrays, and the trait of each."""
    columns = {
        name: np.array([r.values[name] for r in readings], dtype=np.float64)
        for name in Serving._fields
    }
    kinds = readings[0].traits if readings else {}
    return Serving(**columns), {kind: [r.traits[kind] for r in readings] for kind in kinds}


def _flags(scaled: bool, spilled: bool, engine: str, device: ServingDevice) -> tuple[str, ...]:
    said = {
        "shape-scaled-from-size": scaled,
        "weights-spill-to-host": spilled,
        "engine-not-known": engine == "other",
        "processor": device.generation == "cpu",
    }
    return tuple(flag for flag, true in said.items() if true)


def _traits(row: Row, engine: str, device: ServingDevice, weights: str) -> dict[str, str]:
    engine = words.at_the_time(engine, _year(row))
    plain = {words.INT8: words.WEIGHT_ONLY, words.FULL: words.SIXTEEN}.get(weights, weights)
    said = row.get("precision_weights", "") + row.get("engine", "") + row.get("model", "")
    if plain == words.WEIGHT_ONLY and words.is_converted_each_time(engine, said):
        plain = words.CONVERTED
    return {
        "engine": engine,
        "generation": device.generation,
        "weights": plain,
        "engine_weights": f"{engine}/{plain}",
        "engine_generation": f"{engine}/{device.generation}",
        "setting": _setting(row),
    }


def _setting(row: Row) -> str:
    concurrency = number(row.get("batch_or_concurrency"))
    engine = words.engine_class(row.get("engine", ""))
    return words.setting(row.get("scenario", ""), concurrency, engine)


def _is_disaggregated(row: Row) -> bool:
    return "disagg" in (row.get("scenario", "") + row.get("engine", "")).lower()


def _layout(row: Row, shape: ModelShape, device: ServingDevice, engine: str, bits: float) -> Layout:
    total, tensor, expert, data = _counts(row, device)
    if engine in words.LAYERS_SPREAD:
        return Layout(1.0, 1.0, total, 1.0, total)
    if _is_disaggregated(row):
        return Layout(1.0, total, total, 1.0, total)
    if tensor is None:
        group = total
        if "mlperf" in row.get("scenario", "").lower():
            group = min(total, _smallest_group(shape, device, bits))
        return Layout(max(total / group, 1.0), group, group, 1.0, total)
    return _with_experts(total, tensor, expert, data)


def _counts(row: Row, device: ServingDevice) -> tuple[float, float | None, float, float]:
    """Devices, and how many share tensors, experts and sequences."""
    chips = aws_chip_count(row.get("hardware", ""))
    if chips is not None:
        return float(chips), float(chips), 1.0, 1.0
    usual = 2.0 if device.generation == "cpu" else 8.0
    many = "mlperf" in row.get("scenario", "").lower()
    stated = number(row.get("n_devices")) or named_count(row.get("hardware", ""))
    total = stated or (usual if many else 1.0)
    tensor = number(row.get("tp"))
    pipeline = number(row.get("pp")) or 1.0
    expert = number(row.get("ep")) or 1.0
    data = number(row.get("dp")) or 1.0
    # Expert groups beside one copy of the attention: its heads are shared out instead.
    if tensor == 1.0 and expert > 1 and number(row.get("dp")) == 1.0:
        return total, min(expert, total), expert, data
    # Some tables list tensor times expert groups as devices: 64 for eight that do both.
    if total == expert * expert and expert > 2 and tensor in (total, 1.0):
        return expert, 1.0 if tensor == 1.0 else expert, expert, min(data, expert)
    return total, None if tensor is None else tensor * pipeline, expert, data


def _smallest_group(shape: ModelShape, device: ServingDevice, bits: float) -> float:
    weights = shape.parameters_billion * BILLION * bits / 8
    least = max(weights / (SHARE_FOR_WEIGHTS * device.memory_bytes), 1.0)
    return float(2 ** math.ceil(math.log2(least)))


def _with_experts(total: float, tensor: float, expert: float, data: float) -> Layout:
    group, attention = tensor, 1.0
    if expert > tensor or data > 1:
        attention = max(1.0, min(total / tensor, data if data > 1 else expert / tensor))
        joined = max(expert, tensor * data if expert > 1 else tensor)
        group = max(tensor, min(total, joined))
    return Layout(max(total / group, 1.0), group, group, attention, total)


def _peak_flop_per_s(device: ServingDevice, weights: str) -> float:
    eight = device.fp8_flop_per_s or device.fp16_flop_per_s
    by_format = {
        words.FP8: eight,
        words.FP4: device.fp4_flop_per_s or eight,
        words.MXFP4: device.fp4_flop_per_s or device.fp16_flop_per_s,
        words.FULL: device.fp16_flop_per_s / 2,
    }
    return by_format.get(weights, device.fp16_flop_per_s)


def _lengths(row: Row, setting: str) -> tuple[float, float]:
    """Input and output tokens: stated, else those of the task, else usual ones."""
    scenario = row.get("scenario", "").lower()
    if "mlperf" in scenario:
        plain = plain_name(row.get("model", ""))
        for pattern, given, written in words.MLPERF_TOKENS:
            if re.search(pattern, plain):
                return given, written
    usual, usual_written = DEFAULT_INPUT_TOKENS, DEFAULT_OUTPUT_TOKENS
    for pattern, of_text, of_answer in words.DATA_SET_TOKENS:
        if pattern in scenario:
            usual, usual_written = of_text, of_answer
    usual = words.TASK_INPUT_TOKENS.get(scenario.split("task ")[-1], usual)
    usual = SINGLE_INPUT_TOKENS if setting == words.SINGLE else usual
    given = number(row.get("input_len")) or usual
    written = number(row.get("output_len")) or usual_written
    return given, 1.0 if setting == "prompt" else written


def _year(row: Row) -> float:
    found = re.match(r"(\d{4})(?:-(\d{2}))?", row.get("source_date", ""))
    if found is None:
        return DEFAULT_YEAR
    return float(found[1]) + ((float(found[2]) - 0.5) / 12 if found[2] else 0.5)


def _values(
    row: Row,
    shape: ModelShape,
    device: ServingDevice,
    layout: Layout,
    engine: str,
    bits: float,
    weights: str,
) -> dict[str, float]:
    setting = _setting(row)
    given, written = _lengths(row, setting)
    looping = setting == words.CLOSED
    asked = number(row.get("batch_or_concurrency"))
    if setting == words.SINGLE and not words.is_decoding_alone(row.get("scenario", "")):
        asked = 1.0
    asked = USUAL_CONCURRENCY if looping and asked is None else asked
    asked = 1.0 if setting == words.SINGLE and asked is None else asked
    return {
        **_shape_values(shape),
        "bytes_per_weight": bits / 8,
        "bytes_per_cache_value": words.cache_bits(row.get("precision_kv", ""), weights, engine) / 8,
        "is_four_bit": float(weights == words.FP4),
        "peak_flop_per_s": _peak_flop_per_s(device, weights),
        "bandwidth_bytes_per_s": device.bandwidth_bytes_per_s,
        "link_bytes_per_s": device.link_bytes_per_s,
        "memory_bytes": device.memory_bytes,
        "tdp_w": device.tdp_w or math.nan,
        "group_device_count": layout.group_device_count,
        "memory_device_count": layout.memory_device_count,
        "replica_count": layout.replica_count,
        "attention_group_count": layout.attention_group_count,
        "input_tokens": given,
        "output_tokens": written,
        "concurrency": math.nan if asked is None else asked,
        "year": _year(row),
        "is_closed_loop": float(looping),
        "is_steady": float(setting == "steady"),
        "is_single": float(setting == words.SINGLE),
        "is_prompt_only": float(setting == "prompt"),
        "is_disaggregated": float(_is_disaggregated(row)),
        "is_nominal_length": float(words.asks_in_nominal_lengths(row.get("scenario", ""))),
    }


def _shape_values(shape: ModelShape) -> dict[str, float]:
    kept = {
        f.name: getattr(shape, f.name) for f in fields(shape) if not f.name.endswith("_billion")
    }
    return kept | {
        "parameter_count": shape.parameters_billion * BILLION,
        "active_parameter_count": shape.active_parameters_billion * BILLION,
    }
