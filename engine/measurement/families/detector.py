"""A single-shot detector: one look at a canvas, one answer a grid cell.

J. Redmon et al., "You Only Look Once: Unified, Real-Time Object Detection" (CVPR 2016),
made small: of each cell of a 7 x 7 grid, whether an object has its centre in it, where
its box lies, and which of ten classes it is. One box a cell, and losses as in later
versions: logistic for the object and its place, cross-entropy for the class.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import asdict
from typing import ClassVar

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from engine.measurement.arrays import Arrays
from engine.measurement.boxes import Found, mean_average_precision_share, without_doubles
from engine.measurement.families.base import (
    ACTIVATIONS,
    Activation,
    Data,
    DataKind,
    Domain,
    PreparationStep,
    Split,
)
from engine.measurement.families.resnet import convolution
from engine.measurement.images import (
    CLASS_COUNT,
    FASHION_MNIST,
    PictureSets,
    cleaned,
    fashion_mnist_files,
    normalised,
)
from engine.measurement.published import kept_arrays
from engine.measurement.scenes import (
    CANVAS_SIZE,
    CELL_SIZE,
    Scenes,
    as_grid,
    composed,
)

TRAIN_COUNT, HELD_OUT_COUNT = 10_000, 2_000
"""Scenes."""
RECIPE = "scenes-2"
SEED = 0
STRIDES = (2, 2, 2, 1)
"""Of the convolutions; each stride of 2 doubles the channels of the next."""
WIDENINGS = (1, 2, 4, 4)
OUTPUT_COUNT = 5 + CLASS_COUNT
OBJECT, BOX, CLASS = slice(0, 1), slice(1, 5), slice(5, None)
BOX_WEIGHT = 10.0
"""Puts the box's squared errors on a level with the logarithms of the rest."""
OVERLAP_SHARE = 0.5
"""For a box to count as found (AP50), and for two detections to count as one."""
LEAST_SCORE = 0.01


class DetectorModel(nn.Module):
    """Canvases (scenes x 1 x 56 x 56) to a grid (scenes x 7 x 7 x 15) of logits."""

    def __init__(self, size: int, activation: Activation) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 1
        for widening, stride in zip(WIDENINGS, STRIDES, strict=True):
            count = size * widening
            layers += [
                convolution(before, count, 3, stride),
                nn.BatchNorm2d(count),
                ACTIVATIONS[activation](),
            ]
            before = count
        self.layers = nn.Sequential(*layers)
        self.head = nn.Conv2d(before, OUTPUT_COUNT, 1)

    def forward(self, canvases: Tensor) -> Tensor:
        """Of each cell: object, centre in the cell, width and height, classes."""
        grid: Tensor = self.head(self.layers(canvases))
        return grid.permute(0, 2, 3, 1)


class ImageDetector:
    """Scenes composed of Fashion-MNIST pictures: 10,000 to learn from, 2,000 held out."""

    name: ClassVar[str] = "image-detector"
    domain: ClassVar[Domain] = "vision"
    data_name: ClassVar[str] = FASHION_MNIST.name
    data_kind: ClassVar[DataKind] = "composed"
    sizes: ClassVar[tuple[int, ...]] = (4, 8, 16, 20, 24)
    batch_size: ClassVar[int] = 32
    epoch_count: ClassVar[int] = 3
    learning_rates: ClassVar[Mapping[str, float]] = {
        "sgd": 0.1,
        "momentum": 0.01,
        "adamw": 0.03,
        "adafactor": 0.06,
    }
    metric: ClassVar[str] = "average_precision_share"

    def raw(self) -> dict[str, bytes]:
        """The four files, gunzipped."""
        return fashion_mnist_files()

    def preparation(self) -> tuple[PreparationStep, ...]:
        """Equal and blank pictures out; scenes composed; brightness scaled, boxes to cells."""
        return (
            PreparationStep(
                "clean", lambda files: cleaned(files, 2 * TRAIN_COUNT, 2 * HELD_OUT_COUNT)
            ),
            PreparationStep("augment", _scenes),
            PreparationStep("convert", lambda sides: Data(*(_split(side) for side in sides))),
        )

    def data(self) -> Data:
        """Scenes are kept as bytes; brightness is scaled as they are read."""
        return _data()

    def build(self, size: int, activation: Activation) -> nn.Module:
        """A detector whose first convolution has `size` channels."""
        return DetectorModel(size, activation)

    def loss(self, output: Tensor, targets: Tensor) -> Tensor:
        """Object and class in nats, plus ten times the box's squared error, per scene.

        Square roots of width and height are compared, as in the original: an error of a
        pixel matters more to a small box.
        """
        is_object = targets[..., 0] > 0
        found = F.binary_cross_entropy_with_logits(
            output[..., 0], targets[..., 0], reduction="none"
        )
        weight = is_object.float()
        box = output[..., BOX].sigmoid(), targets[..., 1:5]
        error = (box[0][..., :2] - box[1][..., :2]).square().sum(-1)
        error = error + (box[0][..., 2:] - box[1][..., 2:].sqrt()).square().sum(-1)
        kind = F.cross_entropy(
            output[..., CLASS].flatten(0, 2), targets[..., 5].long().flatten(), reduction="none"
        ).view_as(weight)
        return (found + weight * (BOX_WEIGHT * error + kind)).sum() / len(output)

    def evaluate(self, output: Tensor, examples: Split) -> dict[str, float]:
        """Mean average precision at an overlap of one half; `loss_nats` is the whole `loss`."""
        output, targets = output.float().cpu(), examples.targets.cpu()
        detected = without_doubles(detections(output), OVERLAP_SHARE)
        return {
            "loss_nats": self.loss(output, targets).item(),
            "average_precision_share": mean_average_precision_share(
                objects(targets), detected, OVERLAP_SHARE
            ),
        }

    def flop_per_example(self, size: int) -> float:
        """Convolutions; the head's bias, normalisation and activations are left out."""
        edge, before, multiply_adds = CANVAS_SIZE, 1, 0
        for widening, stride in zip(WIDENINGS, STRIDES, strict=True):
            edge, count = edge // stride, size * widening
            multiply_adds += edge**2 * 9 * before * count
            before = count
        return 2.0 * (multiply_adds + edge**2 * before * OUTPUT_COUNT)


def detections(output: Tensor) -> Found:
    """The likeliest class of each cell, its score (object x class) and box in pixels.

    Cells that are all but sure to be empty are left out, but of all cells the surest.
    """
    kind_share, kind = output[..., CLASS].softmax(-1).max(-1)
    score = output[..., 0].sigmoid() * kind_share
    box = output[..., BOX].sigmoid()
    box = torch.cat([box[..., :2], box[..., 2:].square()], -1)
    chosen = score >= min(LEAST_SCORE, score.max().item())
    return _found(chosen, box, kind, score)


def objects(targets: Tensor) -> Found:
    """What is marked in a grid of targets."""
    return _found(targets[..., 0] > 0, targets[..., 1:5], targets[..., 5].long(), targets[..., 0])


def _found(chosen: Tensor, box: Tensor, kind: Tensor, score: Tensor) -> Found:
    """Chosen cells as objects; boxes given as place in the cell and shares of the canvas."""
    picture, row, column = chosen.nonzero(as_tuple=True)
    centre = (box[chosen][:, :2] + torch.stack([column, row], 1)) * CELL_SIZE
    half = box[chosen][:, 2:] * (CANVAS_SIZE / 2)
    return Found(
        pictures=picture.numpy(),
        boxes=torch.cat([centre - half, centre + half], 1).numpy(),
        classes=kind[chosen].numpy(),
        scores=score[chosen].numpy(),
    )


def _scenes(sets: PictureSets) -> tuple[Scenes, Scenes]:
    return (
        composed(sets.train, TRAIN_COUNT, SEED),
        composed(sets.held_out, HELD_OUT_COUNT, SEED + 1),
    )


def _split(scenes: Scenes) -> Split:
    return Split((torch.from_numpy(normalised(scenes.pixels)),), torch.from_numpy(as_grid(scenes)))


@functools.cache
def _data() -> Data:
    kept = kept_arrays(FASHION_MNIST, RECIPE, _made)
    sides = ("train", "held_out")
    parts = ("pixels", "boxes", "classes")
    return Data(*(_split(Scenes(*(kept[f"{side}_{part}"] for part in parts))) for side in sides))


def _made() -> Arrays:
    sets = cleaned(fashion_mnist_files(), 2 * TRAIN_COUNT, 2 * HELD_OUT_COUNT)
    return {
        f"{side}_{part}": value
        for side, scenes in zip(("train", "held_out"), _scenes(sets), strict=True)
        for part, value in asdict(scenes).items()
    }
