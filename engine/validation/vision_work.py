"""How much work an item of a vision, encoder or diffusion row is: from columns, name or size."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from engine.projection.image_speed import networks
from engine.projection.serving_items import OPERATIONS_PER_ENCODER_LAYER, USUAL_OPERATION_COUNT
from engine.projection.serving_network import encoder_activation_count
from engine.units import BILLION, MILLION
from engine.validation.image_training_rows import counted_name
from engine.validation.rows import Row, number
from engine.validation.serving_shapes import plain_name

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


NETWORKS = (
    ("resnet-?18", 3.64, 11.7, 2.48),
    ("resnet-?34", 7.34, 21.8, 3.74),
    ("resnet-?101", 15.66, 44.5, 16.2),
    ("resnet-?152", 23.1, 60.2, 22.6),
    ("resnet", 8.22, 25.6, 11.1),
    ("vgg-?11", 15.2, 132.9, 7.4),
    ("vgg-?16", 30.9, 138.4, 13.6),
    ("retinanet", 402.0, 37.0, 250.0),
    ("3d-?unet", 68_000.0, 31.0, 30_000.0),
    ("^unet", 84.0, 31.0, 30.5),
    ("vit-base-patch16", 35.2, 86.6, 23.9),
    ("clip-vit-base-patch32", 14.8, 151.0, 10.0),
    ("clip-vit-large-patch14", 175.0, 428.0, 90.0),
)
"""Name, GFLOP an item (multiply-adds as two), parameters and activations in millions.

By counting layers: the first eight and UNet at 224 pixels, RetinaNet at 800 on ResNeXt-50 with
264 classes; 3D-UNet as its benchmark runs it, to two digits.
"""

ENCODERS = (
    ("bert-?large|roberta-large", 24, 1024, 16),
    ("distil", 6, 768, 12),
    ("bert|electra|roberta", 12, 768, 12),
)
"""Name, layers, width, heads."""


class Diffuser(NamedTuple):
    """A denoiser: a transformer's shape, or the arithmetic of a UNet's pass by its image tokens."""

    pattern: str
    layer_count: float
    width: float
    parameters_billion: float
    """Those that an image token passes: of a UNet, half its published FLOP for each token."""
    pixels_per_token: int = 16
    passes_per_step: float = 2.0
    """Guided by running with the prompt and without it; 1 where guidance is trained in."""
    is_linear: bool = False
    """Without products of all pairs of tokens, or with these among the published FLOP."""
    latents_per_token: int = 1
    """Latent frames that one token spans."""
    usual_steps: float = 50.0
    """Denoising steps where a row does not say: what its published pipeline takes."""


DIFFUSERS = (
    Diffuser("sana1.5-1.6b", 20, 2240, 1.35, 32, is_linear=True, usual_steps=20.0),
    Diffuser("sana1.5-4.8b", 60, 2240, 4.06, 32, is_linear=True, usual_steps=20.0),
    Diffuser("pixart", 28, 1152, 0.52, usual_steps=20.0),
    Diffuser("hunyuandit", 40, 1408, 1.15),
    Diffuser("stable-diffusion-3.5-medium", 24, 1536, 0.86, usual_steps=28.0),
    Diffuser("stable-diffusion-3.5-large", 38, 2432, 2.7, usual_steps=28.0),
    Diffuser("flux", 57, 3072, 6.45, passes_per_step=1.0, usual_steps=28.0),
    Diffuser("wan2.*1.3b", 30, 1536, 1.25),
    Diffuser("wan2.*14b", 40, 5120, 11.95),
    Diffuser("hunyuanvideo", 60, 3072, 6.8, passes_per_step=1.0),
    Diffuser("cogvideox1.5", 42, 3072, 4.76, latents_per_token=2),
    Diffuser("cogvideox-5b", 42, 3072, 4.76),
    Diffuser("cogvideox", 30, 1920, 1.33),
    Diffuser("stable-diffusion-xl", 70, 366, 0.73, is_linear=True),
    Diffuser("stable-diffusion-(1.5|2)", 16, 640, 0.35, is_linear=True),
)
"""Shapes from the published configurations; parameters by counting the products of a layer."""


def item_work(row: Row) -> ItemWork | None:
    """Work of one item; None where neither columns nor name tell it."""
    plain = plain_name(row.get("model", ""))
    known = _from_columns(row, plain) or _diffused(row, plain) or _encoded(row, plain)
    return known or _known(plain)


def _from_columns(row: Row, plain: str) -> ItemWork | None:
    multiply_adds, gflop = number(row.get("gmacs")), number(row.get("gflops"))
    parameters = (number(row.get("params_m")) or 0.0) * MILLION
    written = number(row.get("macts_m"))
    total = 2.0 * multiply_adds if multiply_adds else gflop
    if total is None or (written is None and gflop is None):
        return None
    total *= _counted_at(row, plain)
    narrow = 4.0 if re.search("efficientnet|mobilenet", plain) else 1.0
    usual = 2.2 * total**0.75 * narrow
    return _network(plain, total, parameters, written or usual)


def _network(plain: str, gflop: float, parameters: float, written_million: float) -> ItemWork:
    return ItemWork(
        NETWORK,
        gflop * BILLION,
        parameters,
        written_million * MILLION,
        operation_count=_operation_count(plain),
    )


def _operation_count(plain: str) -> float:
    found = networks().get(counted_name(plain.replace("-", "_")))
    return float(found["operation_count"]) if found else USUAL_OPERATION_COUNT


def _counted_at(row: Row, plain: str) -> float:
    """Arithmetic at the row's input over that at the input for which it is stated."""
    size = number(row.get("input_size"))
    return (size / DETECTOR_SIZE) ** 2 if size and "yolo" in plain and "cls" not in plain else 1.0


def _known(plain: str) -> ItemWork | None:
    for pattern, gflop, parameters, written in NETWORKS:
        if re.search(pattern, plain):
            return _network(plain, gflop, parameters * MILLION, written)
    return None


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
            return ItemWork(ENCODER, flop, parameters, written, operation_count=operations)
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
    size = [int(n) for n in re.findall(r"\d+", row.get("input_size", ""))] or [1024, 1024]
    sides = size[:2] if len(size) > 1 else [size[0], size[0]]
    frames = (size[2] - 1) // FRAMES_PER_LATENT + 1 if len(size) > 2 else 1
    deep = -(-frames // d.latents_per_token)
    return deep * sides[0] * sides[1] / d.pixels_per_token**2


def is_benchmark(row: Row) -> bool:
    """Whether a row is of MLPerf, whose submitters choose the batch."""
    return "mlperf" in row.get("source_key", "")
