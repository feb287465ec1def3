"""A small ResNet telling ten kinds of clothes apart.

Residual blocks of two 3 x 3 convolutions with batch normalisation and a shortcut around
them (K. He et al., "Deep Residual Learning for Image Recognition", CVPR 2016), one block
a stage, the stages `size`, 2 `size` and 4 `size` channels wide. The first convolution
halves the picture, as in the original.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import asdict
from typing import ClassVar

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from engine.measurement.arrays import Arrays
from engine.measurement.families.base import (
    ACTIVATIONS,
    Activation,
    Data,
    DataKind,
    Domain,
    PreparationStep,
    Split,
)
from engine.measurement.images import (
    CLASS_COUNT,
    FASHION_MNIST,
    IMAGE_SIZE,
    Pictures,
    PictureSets,
    augmented,
    cleaned,
    fashion_mnist_files,
    normalised,
)
from engine.measurement.published import kept_arrays
from engine.measurement.scores import scores

TRAIN_COUNT, HELD_OUT_COUNT = 10_000, 5_000
RECIPE = "classes-1"
SEED = 0
STRIDES = (1, 2, 2)
"""Of the stages; each is twice as wide as the one before."""


def convolution(in_count: int, out_count: int, kernel_size: int, stride: int) -> nn.Conv2d:
    """Without bias, for the batch normalisation after it has one; padded to keep the edges."""
    return nn.Conv2d(in_count, out_count, kernel_size, stride, padding=kernel_size // 2, bias=False)


class Block(nn.Module):
    """Two convolutions and a way around them."""

    def __init__(self, in_count: int, out_count: int, stride: int, activation: Activation) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            convolution(in_count, out_count, 3, stride),
            nn.BatchNorm2d(out_count),
            ACTIVATIONS[activation](),
            convolution(out_count, out_count, 3, 1),
            nn.BatchNorm2d(out_count),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or in_count != out_count:
            self.shortcut = nn.Sequential(
                convolution(in_count, out_count, 1, stride), nn.BatchNorm2d(out_count)
            )
        self.activation = ACTIVATIONS[activation]()

    def forward(self, maps: Tensor) -> Tensor:
        """Feature maps, smaller by the stride."""
        out: Tensor = self.activation(self.inner(maps) + self.shortcut(maps))
        return out


class ResNet(nn.Sequential):
    """Pictures (examples x 1 x 28 x 28) to logits (examples x 10)."""

    def __init__(self, size: int, activation: Activation) -> None:
        counts = [size << stage for stage in range(len(STRIDES))]
        blocks = [
            Block(before, after, stride, activation)
            for before, after, stride in zip([size, *counts], counts, STRIDES, strict=False)
        ]
        super().__init__(
            convolution(1, size, 3, 2),
            nn.BatchNorm2d(size),
            ACTIVATIONS[activation](),
            *blocks,
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(counts[-1], CLASS_COUNT),
        )


class ImageResNet:
    """Fashion-MNIST: 10,000 pictures and a changed copy of each to learn from, 5,000 held out."""

    name: ClassVar[str] = "image-resnet"
    domain: ClassVar[Domain] = "vision"
    data_name: ClassVar[str] = FASHION_MNIST.name
    data_kind: ClassVar[DataKind] = "real"
    sizes: ClassVar[tuple[int, ...]] = (1, 2, 4, 8, 16)
    batch_size: ClassVar[int] = 64
    epoch_count: ClassVar[int] = 2
    learning_rates: ClassVar[Mapping[str, float]] = {
        "sgd": 0.3,
        "momentum": 0.06,
        "adamw": 0.02,
        "adafactor": 0.06,
    }
    metric: ClassVar[str] = "accuracy_share"

    def raw(self) -> dict[str, bytes]:
        """The four files, gunzipped."""
        return fashion_mnist_files()

    def preparation(self) -> tuple[PreparationStep, ...]:
        """Equal and blank pictures out; mirrored and moved copies in; brightness scaled."""
        return (
            PreparationStep("clean", lambda files: cleaned(files, TRAIN_COUNT, HELD_OUT_COUNT)),
            PreparationStep("augment", _with_copies),
            PreparationStep("convert", _examples),
        )

    def data(self) -> Data:
        """Pictures are kept as bytes; brightness is scaled as they are read."""
        return _data()

    def build(self, size: int, activation: Activation) -> nn.Module:
        """A ResNet whose first stage is `size` channels wide."""
        return ResNet(size, activation)

    def loss(self, output: Tensor, targets: Tensor) -> Tensor:
        """Cross-entropy."""
        return F.cross_entropy(output, targets)

    def evaluate(self, output: Tensor, examples: Split) -> dict[str, float]:
        """Accuracy, and precision, recall and F1 as plain means over classes."""
        found = scores(examples.targets.cpu().numpy(), output.argmax(1).cpu().numpy(), CLASS_COUNT)
        return {
            "loss_nats": F.cross_entropy(output.float(), examples.targets).item(),
            **asdict(found),
        }

    def flop_per_example(self, size: int) -> float:
        """Convolutions and the last layer; normalisation, activations and sums are left out."""
        edge = -(-IMAGE_SIZE // 2)
        multiply_adds = edge**2 * 9 * size
        before = size
        for stage, stride in enumerate(STRIDES):
            edge, count = -(-edge // stride), size << stage
            shortcut = before if (stride, before) != (1, count) else 0
            multiply_adds += edge**2 * count * (9 * before + 9 * count + shortcut)
            before = count
        return 2.0 * (multiply_adds + before * CLASS_COUNT)


def _with_copies(sets: PictureSets) -> PictureSets:
    return PictureSets(augmented(sets.train, SEED), sets.held_out)


def _examples(sets: PictureSets) -> Data:
    return Data(_split(sets.train), _split(sets.held_out))


def _split(pictures: Pictures) -> Split:
    return Split(
        (torch.from_numpy(normalised(pictures.pixels)),),
        torch.from_numpy(pictures.classes.astype(np.int64)),
    )


@functools.cache
def _data() -> Data:
    kept = kept_arrays(FASHION_MNIST, RECIPE, _made)
    return _examples(
        PictureSets(
            Pictures(kept["train_pixels"], kept["train_classes"]),
            Pictures(kept["held_out_pixels"], kept["held_out_classes"]),
        )
    )


def _made() -> Arrays:
    sets = _with_copies(cleaned(fashion_mnist_files(), TRAIN_COUNT, HELD_OUT_COUNT))
    return {
        f"{side}_{part}": value
        for side, pictures in (("train", sets.train), ("held_out", sets.held_out))
        for part, value in asdict(pictures).items()
    }
