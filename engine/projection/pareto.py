"""Which of many points no other point beats: the Pareto front, by dividing and conquering.

Source: Kung, Luccio, Preparata 1975, "On Finding the Maxima of a Set of Vectors",
https://doi.org/10.1145/321906.321910
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

FEW_PAIRS = 250_000
"""Up to so many pairs are compared outright: quicker than dividing further."""


def front(points: Array) -> npt.NDArray[np.intp]:
    """Positions of the points that no other is at least as good as everywhere, and better once.

    Args:
        points: shape (points, quantities); of every quantity, less is better. A point with an
            unknown (NaN) is on no front. Equal points stand or fall together.

    Returns:
        Positions in rising order of the first quantity, then of the next.
    """
    known = np.flatnonzero(~np.isnan(points).any(axis=1))
    if known.size == 0:
        return known
    distinct, members = np.unique(points[known], axis=0, return_inverse=True)
    kept = _kept(distinct)
    chosen = kept[members.ravel()]
    found = known[chosen]
    order = np.lexsort(points[found].T[::-1])
    return np.asarray(found[order])


def _kept(points: Array) -> Mask:
    """Of distinct points in lexicographic order, those that none before them beats."""
    count = len(points)
    if points.shape[1] == 1:
        return np.asarray(np.arange(count) == 0)
    if points.shape[1] == 2:
        lowest: Array = np.minimum.accumulate(points[:, 1])
        better: Mask = points[1:, 1] < lowest[:-1]
        return np.append(np.array([True]), better)
    if count * count <= FEW_PAIRS:
        return ~_beaten_outright(points, points, itself=True)
    half = count // 2
    first, second = _kept(points[:half]), _kept(points[half:])
    # The first half is never worse in the first quantity, so that one needs no comparing.
    second[second] = ~_beaten(points[:half][first][:, 1:], points[half:][second][:, 1:])
    return np.concatenate([first, second])


def _beaten(by: Array, points: Array) -> Mask:
    """Which points some of `by` is at least as good as, in every quantity."""
    if len(by) == 0 or len(points) == 0:
        return np.zeros(len(points), dtype=bool)
    if points.shape[1] == 1:
        return np.asarray(by.min() <= points[:, 0])
    if points.shape[1] == 2:
        return _beaten_in_two(by, points)
    if len(by) * len(points) <= FEW_PAIRS:
        return _beaten_outright(by, points)
    middle = float(np.median(points[:, 0]))
    low_by, low = by[:, 0] < middle, points[:, 0] < middle
    if low_by.all() and not low.any():
        return _beaten(by[:, 1:], points[:, 1:])
    if not (low.any() and low_by.any()) and (low_by.any() or not low.any()):
        return _beaten_in_parts(by, points)
    beaten = np.zeros(len(points), dtype=bool)
    beaten[low] = _beaten(by[low_by], points[low])
    beaten[~low] = _beaten(by[~low_by], points[~low])
    left = np.flatnonzero(~low & ~beaten)
    beaten[left] = _beaten(by[low_by][:, 1:], points[left][:, 1:])
    return beaten


def _beaten_in_two(by: Array, points: Array) -> Mask:
    order = np.argsort(by[:, 0], kind="stable")
    lowest = np.minimum.accumulate(by[order, 1])
    last = np.searchsorted(by[order, 0], points[:, 0], side="right") - 1
    return np.asarray((last >= 0) & (lowest[np.maximum(last, 0)] <= points[:, 1]))


def _beaten_outright(by: Array, points: Array, *, itself: bool = False) -> Mask:
    better = np.asarray((by[:, None, :] <= points[None, :, :]).all(axis=2))
    if itself:
        np.fill_diagonal(better, val=False)
    return np.asarray(better.any(axis=0))


def _beaten_in_parts(by: Array, points: Array) -> Mask:
    """Where one value is so common that no middle divides the points."""
    step = max(FEW_PAIRS // len(by), 1)
    parts = range(0, len(points), step)
    return np.concatenate([_beaten_outright(by, points[i : i + step]) for i in parts])
