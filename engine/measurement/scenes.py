"""Pictures of clothes put on an empty canvas, for finding them again.

Composed by us out of real pictures: one to three of them, each made smaller or left as
it is, at places drawn by a seed. A box is the smallest one around a picture's visible
pixels, so boxes are known exactly. Held-out scenes are made of held-out pictures only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.measurement.boxes import overlaps
from engine.measurement.images import IMAGE_SIZE, Pictures, Pixels

Floats = npt.NDArray[np.floating[Any]]

CANVAS_SIZE, GRID_SIZE = 56, 7
CELL_SIZE = CANVAS_SIZE // GRID_SIZE
MOST_OBJECTS = 3
SMALLEST_SCALE = 0.5
"""Of a picture's edge; the largest is 1."""
LARGEST_OVERLAP = 0.2
"""Intersection over union of two boxes; a picture that would overlap more is left out."""
VISIBLE = 16
"""Of 255: darker pixels do not widen a box."""
NO_OBJECT = -1


@dataclass(frozen=True, slots=True)
class Scenes:
    """Canvases, and what is on them."""

    pixels: Pixels
    """Scenes x CANVAS_SIZE x CANVAS_SIZE."""
    boxes: npt.NDArray[np.float32]
    """Scenes x MOST_OBJECTS x (left, top, right, bottom), in pixels; 0 where there is none."""
    classes: npt.NDArray[np.int8]
    """Scenes x MOST_OBJECTS; NO_OBJECT where there is none."""


def composed(pictures: Pictures, scene_count: int, seed: int) -> Scenes:
    """So many scenes out of these pictures, each picture on about as many as any other."""
    random = np.random.default_rng(seed)
    scenes = Scenes(
        np.zeros((scene_count, CANVAS_SIZE, CANVAS_SIZE), np.uint8),
        np.zeros((scene_count, MOST_OBJECTS, 4), np.float32),
        np.full((scene_count, MOST_OBJECTS), NO_OBJECT, np.int8),
    )
    rounds = -(-scene_count * MOST_OBJECTS // len(pictures.pixels))
    chosen = np.concatenate([random.permutation(len(pictures.pixels)) for _ in range(rounds)])
    for scene in range(scene_count):
        wanted_count = random.integers(1, MOST_OBJECTS, endpoint=True)
        for place in range(wanted_count):
            picture = chosen[scene * MOST_OBJECTS + place]
            _put(scenes, scene, place, pictures.pixels[picture], random)
            if scenes.boxes[scene, place].any():
                scenes.classes[scene, place] = pictures.classes[picture]
    return scenes


def _put(
    scenes: Scenes, scene: int, place: int, picture: Pixels, random: np.random.Generator
) -> None:
    """One picture on its scene, its box noted; nothing where it would hide another."""
    size = int(random.integers(round(SMALLEST_SCALE * IMAGE_SIZE), IMAGE_SIZE, endpoint=True))
    small = _resized(picture, size)
    left, top = random.integers(0, CANVAS_SIZE - size, 2, endpoint=True)
    box = _box_around(small) + np.array([left, top, left, top], np.float32)
    others = scenes.boxes[scene, :place]
    taken = {_cell(other) for other in others if other.any()}
    if _cell(box) in taken or (overlaps(box[None], others) > LARGEST_OVERLAP).any():
        return
    canvas = scenes.pixels[scene, top : top + size, left : left + size]
    np.maximum(canvas, small, out=canvas)
    scenes.boxes[scene, place] = box


def _cell(box: Floats) -> tuple[int, int]:
    """Row and column of the grid cell with the box's centre."""
    return int((box[1] + box[3]) / 2 // CELL_SIZE), int((box[0] + box[2]) / 2 // CELL_SIZE)


def _resized(picture: Pixels, size: int) -> Pixels:
    """Bilinear, pixel centres on pixel centres."""
    at = np.clip((np.arange(size) + 0.5) * len(picture) / size - 0.5, 0, len(picture) - 1)
    low = at.astype(int)
    high, part = np.minimum(low + 1, len(picture) - 1), at - low
    rows = picture[low] * (1 - part)[:, None] + picture[high] * part[:, None]
    smaller: Pixels = np.rint(rows[:, low] * (1 - part) + rows[:, high] * part).astype(np.uint8)
    return smaller


def _box_around(picture: Pixels) -> Floats:
    # Falls back to the whole picture where all of it is dark.
    visible = picture > VISIBLE if (picture > VISIBLE).any() else np.ones_like(picture, bool)
    rows, columns = np.flatnonzero(visible.any(1)), np.flatnonzero(visible.any(0))
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.float32)


def as_grid(scenes: Scenes) -> npt.NDArray[np.float32]:
    """What a detector should say: scenes x rows x columns x 6.

    Of each cell: 1 where an object has its centre in it; the centre's place in the cell,
    from 0 to 1; width and height as shares of the canvas; the class.
    """
    grid = np.zeros((len(scenes.pixels), GRID_SIZE, GRID_SIZE, 6), np.float32)
    scene, place = np.nonzero(scenes.classes != NO_OBJECT)
    box = scenes.boxes[scene, place]
    centre = (box[:, :2] + box[:, 2:]) / 2 / CELL_SIZE
    column, row = np.floor(centre).astype(int).T
    grid[scene, row, column, 0] = 1
    grid[scene, row, column, 1:3] = centre - np.floor(centre)
    grid[scene, row, column, 3:5] = (box[:, 2:] - box[:, :2]) / CANVAS_SIZE
    grid[scene, row, column, 5] = scenes.classes[scene, place]
    return grid
