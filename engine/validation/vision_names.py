"""What publishers call networks, encoders and denoisers, and what each does for an item."""

from __future__ import annotations

import re
from typing import NamedTuple

NETWORKS = (
    ("detr-?r(esnet-?)?101|detr-resnet-101", 304.0, 60.0, 160.0),
    ("^(.*/)?detr", 172.0, 41.0, 110.0),
    ("fasterrcnn.*resnet-?50|maskrcnn.*resnet-?50|(faster|mask)-r-?cnn", 268.8, 44.4, 170.0),
    ("deeplabv3.*resnet-?50", 357.4, 42.0, 200.0),
    ("fcn.*resnet-?50", 305.4, 35.3, 170.0),
    ("ssd300", 69.7, 35.6, 40.0),
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

By counting layers: ResNets, VGG and UNet at 224 pixels, RetinaNet at 800 on ResNeXt-50 with
264 classes; 3D-UNet as its benchmark runs it, to two digits. Detectors as torchvision
and DETR print their arithmetic, activations in the ratio of their backbone.
Source: https://pytorch.org/vision/stable/models.html; https://arxiv.org/abs/2005.12872 table 1
"""
CLASSIFIES = re.compile("^$|class|^vision$")
"""Domains whose models are networks as counted; elsewhere they are parts of something larger."""
DETECTORS = {
    "yolov?5": "n 4.5 1.9, s 16.5 7.2, m 49.0 21.2, l 109.1 46.5, x 205.7 86.7",
    "yolov?8": "n 8.7 3.2, s 28.6 11.2, m 78.9 25.9, l 165.2 43.7, x 257.8 68.2",
    "yolov?10": "n 6.7 2.3, s 21.6 7.2, m 59.1 15.4, b 92.0 19.1, l 120.3 24.4, x 160.4 29.5",
    "yolov?11": "n 6.5 2.6, s 21.5 9.4, m 68.0 20.1, l 86.9 25.3, x 194.9 56.9",
}
"""By the beginning of a name: each size, its GFLOP at 640 pixels and millions of parameters.

Source: https://docs.ultralytics.com/models/
"""

ENCODERS = (
    ("minilm-?l-?6|minilm-l6", 6, 384, 12),
    ("minilm|(bge|e5|gte)-small|arctic-embed-s", 12, 384, 12),
    ("tiny-?bert|bert-?tiny", 4, 312, 12),
    ("electra-small", 12, 256, 4),
    ("modernbert-large", 28, 1024, 16),
    ("modernbert", 22, 768, 12),
    (
        "bert-?large|roberta-?large|electra-large|deberta.*large|bge-(large|m3)|e5-large|gte-large"
        "|arctic-embed-l|xlm-roberta-large|mxbai-embed-large",
        24,
        1024,
        16,
    ),
    ("distil", 6, 768, 12),
    ("bert|electra|roberta|mpnet|deberta|bge|e5-base|gte|nomic-embed|jina-embed", 12, 768, 12),
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
    usual_side: int = 1024
    """Pixels of a picture's side where a row does not say."""


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
    Diffuser(
        "(sdxl|stable-diffusion-xl).*(turbo|lightning)",
        70,
        366,
        0.73,
        passes_per_step=1.0,
        is_linear=True,
        usual_steps=4.0,
    ),
    Diffuser("stable-diffusion-xl|sdxl", 70, 366, 0.73, is_linear=True),
    Diffuser("stable-diffusion-?3|sd-?3", 24, 1536, 2.03, usual_steps=28.0),
    Diffuser(
        r"stable-diffusion(-v?[12]\b|$)|^sd-?v?[12]\b",
        16,
        640,
        0.35,
        is_linear=True,
        usual_side=512,
    ),
)
"""Shapes from the published configurations; parameters by counting the products of a layer."""
