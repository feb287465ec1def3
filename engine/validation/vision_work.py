"""How much work an item of a vision, encoder or diffusion row is: from columns, name or size."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.projection.image_speed import attention_output_share, network, networks
from engine.projection.serving_items import OPERATIONS_PER_ENCODER_LAYER, USUAL_OPERATION_COUNT
from engine.projection.serving_network import encoder_activation_count, encoder_attention_count
from engine.units import BILLION, MILLION
from engine.validation.image_names import counted_network
from engine.validation.rows import Row, number
from engine.validation.serving_shapes import plain_name
from engine.validation.vision_names import (
    CLASSIFIES,
    DETECTORS,
    DIFFUSERS,
    ENCODERS,
    NETWORKS,
    Diffuser,
)

NETWORK, ENCODER, DIFFUSION = "network", "encoder", "diffusion"
FRAMES_PER_LATENT = 4
"""Frames of a film that its encoder folds into one."""
DETECTOR_SIZE = 640.0
"""Pixels of a side for which tables of YOLO state the arithmetic, whatever the input."""
BENCHMARK_STEPS = 20.0
"""Of MLPerf's diffusion model: https://github.com/mlcommons/inference/tree/master/text_to_image"""
DEFAULT_SEQUENCE_TOKENS = 128.0


@dataclass(frozen=True, slots=True)
class ItemWork:
    """Work for one item."""

    kind: str
    flop: float
    parameter_count: float
    activations: float
    step_count: float = 1.0
    layer_count: float = 1.0
    """Layers of one denoising pass."""
    operation_count: float = 0.0
    """Operations launched for a batch; 0 where denoising pays by the layer."""
    attention_output_count: float = 0.0
    """Of the activations, by products of all pairs."""


def item_work(row: Row) -> ItemWork | None:
    """Work of one item; None where neither columns nor name tell it."""
    plain = plain_name(row.get("model", ""))
    known = _from_columns(row, plain) or _diffused(row, plain) or _encoded(row, plain)
    return known or _known(row, plain)


def _from_columns(row: Row, plain: str) -> ItemWork | None:
    multiply_adds, gflop = number(row.get("gmacs")), number(row.get("gflops"))
    parameters = (number(row.get("params_m")) or 0.0) * MILLION
    written = number(row.get("macts_m"))
    total = 2.0 * multiply_adds if multiply_adds else gflop
    if total is None:
        return None
    total *= _counted_at(row, plain)
    narrow = 4.0 if re.search("efficientnet|mobilenet", plain) else 1.0
    usual = usual_activations_million(total) * narrow
    return _network(plain, total, parameters, written or usual)


def _network(plain: str, gflop: float, parameters: float, written_million: float) -> ItemWork:
    counted = counted_network(plain)
    written = written_million * MILLION
    return ItemWork(
        NETWORK,
        gflop * BILLION,
        parameters,
        written,
        operation_count=network(counted)["operation_count"] if counted else USUAL_OPERATION_COUNT,
        attention_output_count=written * attention_output_share(counted) if counted else 0.0,
    )


def _counted_at(row: Row, plain: str) -> float:
    """Arithmetic at the row's input over that at the input for which it is stated."""
    size = number(row.get("input_size"))
    return (size / DETECTOR_SIZE) ** 2 if size and "yolo" in plain and "cls" not in plain else 1.0


def _known(row: Row, plain: str) -> ItemWork | None:
    if CLASSIFIES.search(row.get("domain", "")):
        counted = counted_network(plain)
        if counted:
            return _as_counted(row, counted)
    detector = _detector(row, plain)
    if detector:
        return detector
    for pattern, gflop, parameters, written in NETWORKS:
        if re.search(pattern, plain):
            return _network(plain, gflop, parameters * MILLION, written)
    return None


def _detector(row: Row, plain: str) -> ItemWork | None:
    for pattern, sizes in DETECTORS.items():
        for letter, gflop, parameters in (one.split() for one in sizes.split(", ")):
            if re.search(f"{pattern}-?{letter}(?![a-z])", plain) and "cls" not in plain:
                total = float(gflop) * _counted_at(row, plain)
                return _network(
                    plain, total, float(parameters) * MILLION, usual_activations_million(total)
                )
    return None


def usual_activations_million(gflop: float) -> float:
    """Numbers that a network of plain convolutions writes, where nobody printed them."""
    return float(2.2 * gflop**0.75)


def _as_counted(row: Row, name: str) -> ItemWork:
    """A network whose layers are counted, its arithmetic by the pixels of the row's input."""
    found, side = network(name), float(networks()[name]["image_size"])
    scale = ((number(row.get("input_size")) or side) / side) ** 2
    kinds = ("dense_gmacs", "depthwise_gmacs", "attention_gmacs", "grouped_gmacs")
    gflop = 2.0 * scale * sum(found[kind] for kind in kinds)
    written_million = scale * found["product_outputs_million"]
    return _network(name, gflop, found["parameters_million"] * MILLION, written_million)


def _encoded(row: Row, plain: str) -> ItemWork | None:
    if not row.get("domain", "nlp-encoder").startswith("nlp"):
        return None
    for pattern, layers, width, heads in ENCODERS:
        if re.search(pattern, plain):
            tokens = number(row.get("seq_len")) or DEFAULT_SEQUENCE_TOKENS
            parameters = 12.0 * layers * width**2
            flop = 2.0 * parameters * tokens + 4.0 * layers * width * tokens**2
            written = float(encoder_activation_count(layers, width, heads, tokens))
            operations = OPERATIONS_PER_ENCODER_LAYER * layers
            pairs = float(encoder_attention_count(layers, width, heads, tokens))
            return ItemWork(
                ENCODER,
                flop,
                parameters,
                written,
                operation_count=operations,
                attention_output_count=pairs,
            )
    return None


def _diffused(row: Row, plain: str) -> ItemWork | None:
    found = next((d for d in DIFFUSERS if re.search(d.pattern, plain)), None)
    return _denoised(row, found) if found else None


def _denoised(row: Row, d: Diffuser) -> ItemWork:
    tokens = _image_tokens(row, d)
    usual = BENCHMARK_STEPS if is_benchmark(row) else d.usual_steps
    steps = number(row.get("steps")) or usual
    pairs = 0.0 if d.is_linear else 4.0 * d.layer_count * d.width * tokens**2
    parameters = d.parameters_billion * BILLION
    passes = d.passes_per_step * steps
    flop = passes * (2.0 * parameters * tokens + pairs)
    written = tokens * d.layer_count * d.width * 20.0 * passes
    return ItemWork(DIFFUSION, flop, parameters, written, steps, d.layer_count)


def _image_tokens(row: Row, d: Diffuser) -> float:
    size = [int(n) for n in re.findall(r"\d+", row.get("input_size", ""))] or [d.usual_side]
    sides = size[:2] if len(size) > 1 else [size[0], size[0]]
    frames = (size[2] - 1) // FRAMES_PER_LATENT + 1 if len(size) > 2 else 1
    deep = -(-frames // d.latents_per_token)
    return deep * sides[0] * sides[1] / d.pixels_per_token**2


def is_benchmark(row: Row) -> bool:
    """Whether a row is of MLPerf, whose submitters choose the batch."""
    return "mlperf" in row.get("source_key", "")
