"""How much work an item of a vision, encoder or diffusion row is: from columns, name or size."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.units import BILLION, MILLION
from engine.validation.rows import Row, number
from engine.validation.serving_shapes import plain_name

NETWORK, ENCODER, DIFFUSION = "network", "encoder", "diffusion"
GUIDANCE_PASSES = 2.0
"""Classifier-free guidance runs a model with the prompt and without it."""
DEFAULT_STEPS = 20.0
DEFAULT_SEQUENCE_TOKENS = 128.0


@dataclass(frozen=True, slots=True)
class ItemWork:
    """Work for one item."""

    kind: str
    flop: float
    parameter_count: float
    activations: float
    step_count: float = 1.0


NETWORKS = (
    ("resnet-?18", 3.64, 11.7, 2.48),
    ("resnet-?34", 7.34, 21.8, 3.74),
    ("resnet-?101", 15.66, 44.5, 16.2),
    ("resnet-?152", 23.1, 60.2, 22.6),
    ("resnet", 8.22, 25.6, 11.1),
    ("vgg-?11", 15.2, 132.9, 7.4),
    ("vgg-?16", 30.9, 138.4, 13.6),
    ("retinanet", 300.0, 37.0, 260.0),
    ("3d-?unet", 68_000.0, 31.0, 30_000.0),
    ("^unet", 110.0, 31.0, 300.0),
    ("vit-base-patch16", 35.2, 86.6, 23.9),
    ("clip-vit-base-patch32", 14.8, 151.0, 10.0),
    ("clip-vit-large-patch14", 175.0, 428.0, 90.0),
)
"""Name, GFLOP an item (multiply-adds as two), parameters and activations in millions.

The first eight by counting layers at 224 pixels; RetinaNet, 3D-UNet and UNet as their
benchmarks run them, to two digits.
"""

ENCODERS = (
    ("bert-?large|roberta-large", 24, 1024, 16),
    ("distil", 6, 768, 12),
    ("bert|electra|roberta", 12, 768, 12),
)
"""Name, layers, width, heads."""

DIFFUSERS = (
    ("sana1.5-1.6b", 1.6, 32),
    ("sana1.5-4.8b", 4.8, 32),
    ("pixart", 0.6, 16),
    ("hunyuandit", 1.5, 16),
    ("stable-diffusion-3.5-medium", 1.4, 16),
    ("wan2.1-t2v-1.3b", 1.3, 16),
    ("hunyuanvideo", 13.0, 16),
    ("cogvideox1.5", 5.0, 16),
    ("cogvideox-2b", 2.0, 16),
    ("stable-diffusion-xl", 0.73, 16),
    ("stable-diffusion-(1.5|2)", 0.35, 16),
)
"""Name, billions of parameters an image token passes, pixels a token is wide.

For UNets the parameters that give the published FLOP of a pass at these tokens.
"""


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
    narrow = 4.0 if re.search("efficientnet|mobilenet", plain) else 1.0
    usual = 2.2 * total**0.75 * narrow
    return ItemWork(NETWORK, total * BILLION, parameters, (written or usual) * MILLION)


def _known(plain: str) -> ItemWork | None:
    for pattern, gflop, parameters, written in NETWORKS:
        if re.search(pattern, plain):
            return ItemWork(NETWORK, gflop * BILLION, parameters * MILLION, written * MILLION)
    return None


def _encoded(row: Row, plain: str) -> ItemWork | None:
    if not row.get("domain", "nlp-encoder").startswith("nlp"):
        return None
    for pattern, layers, width, heads in ENCODERS:
        if re.search(pattern, plain):
            tokens = number(row.get("seq_len")) or DEFAULT_SEQUENCE_TOKENS
            parameters = 12.0 * layers * width**2
            flop = 2.0 * parameters * tokens + 4.0 * layers * width * tokens**2
            written = layers * tokens * (16.0 * width + 2.0 * heads * tokens)
            return ItemWork(ENCODER, flop, parameters, written)
    return None


def _diffused(row: Row, plain: str) -> ItemWork | None:
    for pattern, billions, pixels in DIFFUSERS:
        if re.search(pattern, plain):
            return _denoised(row, billions * BILLION, pixels, linear="sana" in plain)
    return None


def _denoised(row: Row, parameters: float, pixels_per_token: int, *, linear: bool) -> ItemWork:
    size = [int(n) for n in re.findall(r"\d+", row.get("input_size", ""))] or [1024, 1024]
    frames = (size[2] - 1) // 4 + 1 if len(size) > 2 else 1
    tokens = frames * size[0] * size[-1 if len(size) == 1 else 1] / pixels_per_token**2
    steps = number(row.get("steps")) or DEFAULT_STEPS
    width = 64.0 * round((parameters / 12.0 / 28.0) ** 0.5 / 64.0)
    layers = parameters / 12.0 / width**2
    attended = 0.0 if linear else 4.0 * layers * width * tokens**2
    passes = GUIDANCE_PASSES * steps
    written = tokens * layers * width * 20.0 * passes
    flop = passes * (2.0 * parameters * tokens + attended)
    return ItemWork(DIFFUSION, flop, parameters, written, steps)
