"""Boxes in pictures: how much two overlap, and how well a detector finds them.

A box is (left, top, right, bottom).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Integers = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True)
class Found:
    """Objects in pictures, as marked or as detected; one row an object."""

    pictures: Integers
    boxes: Floats
    classes: Integers
    scores: Floats
    """How sure the detector is; of marked objects without meaning."""

    def at(self, index: Any) -> Found:
        """The objects at those places."""
        return Found(
            self.pictures[index], self.boxes[index], self.classes[index], self.scores[index]
        )


def overlaps(boxes: Floats, others: Floats) -> Floats:
    """Intersection over union of each box with each other one; 0 where both are empty."""
    low = np.maximum(boxes[..., :, None, :2], others[..., None, :, :2])
    high = np.minimum(boxes[..., :, None, 2:], others[..., None, :, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=-1)
    either = _areas(boxes)[..., :, None] + _areas(others)[..., None, :] - shared
    overlap: Floats = shared / np.where(either > 0, either, 1)
    return overlap


def _areas(boxes: Floats) -> Floats:
    area: Floats = np.prod(boxes[..., 2:] - boxes[..., :2], axis=-1)
    return area


def without_doubles(found: Found, overlap_share: float) -> Found:
    """Non-maximum suppression: of detections of one class that overlap more, the surest stays."""
    kept: list[Integers] = []
    keys = np.lexsort((-found.scores, found.classes, found.pictures))
    groups = np.stack([found.pictures[keys], found.classes[keys]])
    edges = np.flatnonzero((groups[:, 1:] != groups[:, :-1]).any(0)) + 1
    for group in np.split(keys, edges):
        overlap = overlaps(found.boxes[group], found.boxes[group])
        alive = np.ones(len(group), bool)
        for rank in range(len(group)):
            if alive[rank]:
                alive[rank + 1 :] &= overlap[rank, rank + 1 :] <= overlap_share
        kept.append(group[alive])
    return found.at(np.concatenate(kept))


def mean_average_precision_share(marked: Found, detected: Found, overlap_share: float) -> float:
    """Average precision, averaged over the classes that are marked at all.

    Area under the whole precision-recall curve, precision made to fall with recall
    ("all-point", as PASCAL VOC from 2010: M. Everingham et al., IJCV 111, 2015). The
    surest detection first takes the marked box it overlaps most, if by `overlap_share`
    or more; a box taken already makes it a false alarm.

    Raises:
        ValueError: nothing is marked.
    """
    classes = np.unique(marked.classes)
    if not len(classes):
        raise ValueError("There are no marked objects to find.")
    return float(
        np.mean(
            [
                _average_precision(
                    marked.at(marked.classes == which),
                    detected.at(detected.classes == which),
                    overlap_share,
                )
                for which in classes
            ]
        )
    )


def _average_precision(marked: Found, detected: Found, overlap_share: float) -> float:
    is_hit = _hits(marked, detected.at(np.argsort(-detected.scores, kind="stable")), overlap_share)
    hit_count = np.cumsum(is_hit)
    precision = hit_count / np.arange(1, len(is_hit) + 1)
    falling = np.maximum.accumulate(precision[::-1])[::-1]
    # Recall rises by one marked object at each hit and nowhere else.
    return float(falling[is_hit].sum() / len(marked.classes))


def _hits(marked: Found, detected: Found, overlap_share: float) -> npt.NDArray[np.bool_]:
    of_picture: dict[int, list[int]] = {}
    for place, picture in enumerate(marked.pictures):
        of_picture.setdefault(int(picture), []).append(place)
    taken = np.zeros(len(marked.classes), bool)
    is_hit = np.zeros(len(detected.classes), bool)
    for place, picture in enumerate(detected.pictures):
        here = of_picture.get(int(picture))
        if here is None:
            continue
        overlap = overlaps(detected.boxes[place, None], marked.boxes[here])[0]
        best = here[int(overlap.argmax())]
        if overlap.max() >= overlap_share and not taken[best]:
            taken[best] = is_hit[place] = True
    return is_hit
