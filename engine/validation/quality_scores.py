"""How far off scores are predicted, in points: groups left out, alone and from one known score."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from engine.projection.quality_curves import anchored_share
from engine.validation import quality
from engine.validation.quality_fit import (
    SHAPES,
    Array,
    CurveFit,
    Positions,
    Readings,
    Shape,
    left_out,
    spread_of,
)
from engine.validation.quality_points import QualityScore
from engine.validation.quality_rows import ANSWERS, QualityReading, published_share
from engine.validation.rows import Prediction, Row

POINTS = 100.0
RECIPE_SPREAD_RATIO = 0.7
ANCHOR_NOISE_SHARE = 0.02
ONE_DECADE, FIVE_TIMES = 1.0, float(np.log10(5.0))


@dataclass(frozen=True, slots=True)
class Folded:
    """Places of all models on a curve by fits that never saw their group."""

    curve: str
    readings: Readings
    scores: Array
    folds: tuple[tuple[Positions, Array], ...]

    @property
    def places(self) -> Array:
        """One place a model."""
        found = np.zeros(len(self.scores))
        for own, places in self.folds:
            found[own] = places
        return found


def folded(curve: str) -> Folded:
    """Every group of a curve's models predicted by a fit of the others."""
    readings, scores = quality.fit_rows(curve)
    return Folded(curve, readings, scores, tuple(left_out(SHAPES[curve], readings, scores)))


def alone(
    found: Folded, key: str, what: str, kept: Callable[[QualityReading], bool]
) -> QualityScore:
    """Models predicted from what they are; ranges from the groups that are not scored."""
    shape, ranges = SHAPES[found.curve], np.zeros((3, len(found.scores)))
    places = found.places
    for own, at in found.folds:
        others = np.setdiff1d(np.arange(len(places)), own)
        spread = spread_of(shape, places[others], found.scores[others])
        ranges[:, own] = CurveFit(shape, (), spread).ranges(at)
    rows = [i for i, one in enumerate(found.readings) if kept(one)]
    return scored(key, what, ranges[:, rows], found.scores[rows])


def scored(key: str, what: str, ranges: Array, scores: Array) -> QualityScore:
    """Errors of predicted scores, all from 0 to 1, in points."""
    missed = POINTS * (ranges[0] - scores)
    held = (ranges[1] <= scores) & (scores <= ranges[2])
    return QualityScore(
        key,
        what,
        len(scores),
        float(np.sqrt(np.mean(missed**2))),
        float(np.median(np.abs(missed))),
        float(np.percentile(np.abs(missed), 90.0)),
        float(np.mean(missed)),
        float(np.mean(held)),
    )


def pairs(readings: Readings, most_decades: float) -> npt.NDArray[np.int64]:
    """Both ways, all pairs of one recipe that lie that near in arithmetic: from, to."""
    work = np.log10([_work(r) for r in readings])
    recipes = np.array([f"{r.group}/{r.recipe}" for r in readings])
    near = np.abs(work[:, None] - work[None, :]) <= most_decades + 1e-9
    same = recipes[:, None] == recipes[None, :]
    apart = work[:, None] != work[None, :]
    both = near & same & apart
    if readings[0].subject == "language":
        both = near & same & ~np.eye(len(readings), dtype=bool)
    return np.argwhere(both)


def _work(found: QualityReading) -> float:
    if found.subject == "language":
        return float(found.parameter_million or 0.0) * float(found.token_billion or 0.0)
    return float(found.gmac or found.parameter_million or 0.0)


def moved(shape: Shape, start: Array, target: Array, scores: Array) -> Array:
    """Scores at target places, from the scores at their start places."""
    if not shape.odds:
        return shape.share(target + shape.place(scores) - start)
    return np.asarray(
        anchored_share(
            shape.share(target),
            shape.share(start),
            scores,
            shape.floor_share,
            shape.ceiling_share,
            RECIPE_SPREAD_RATIO,
            ANCHOR_NOISE_SHARE,
        )
    )


def from_known(found: Folded, key: str, what: str, most_decades: float) -> QualityScore:
    """Models predicted from the score of another of their recipe, by slopes of other groups."""
    shape = replace(SHAPES[found.curve], noise_share=0.0)
    groups, at, scores = anchored_places(found, most_decades)
    middle = shape.share(at)
    ranges = np.stack([middle, middle, middle])
    for group in set(groups.tolist()):
        own = groups == group
        spread = anchored_spread(shape, at[~own], scores[~own])
        ranges[:, own] = anchored_ranges(shape, at[own], spread)
    return scored(key, what, ranges, scores)


def anchored_places(
    found: Folded, most_decades: float
) -> tuple[npt.NDArray[np.str_], Array, Array]:
    """Of every pair of one recipe: group, place by the score of the other, and own score."""
    shape, places = replace(SHAPES[found.curve], noise_share=0.0), found.places
    start, end = pairs(found.readings, most_decades).T
    middle = moved(shape, places[start], places[end], found.scores[start])
    groups = np.array([found.readings[i].group for i in end])
    return groups, shape.place(middle), found.scores[end]


def anchored_spread(shape: Shape, places: Array, scores: Array) -> float:
    """Half width on the curve's scale around anchored scores, with the noise of an anchor."""
    return spread_of(replace(shape, noise_share=_anchor_noise(shape)), places, scores)


def anchored_ranges(shape: Shape, places: Array, spread: float) -> Array:
    """Score, low and high."""
    noisy = replace(shape, noise_share=_anchor_noise(shape))
    return np.stack(CurveFit(noisy, (), spread).ranges(places))


def _anchor_noise(shape: Shape) -> float:
    return 0.01 if shape.odds else 0.0


def _all(_: QualityReading) -> bool:
    return True


def _plain(found: QualityReading) -> bool:
    return found.pretraining == "imagenet"


def lines() -> Iterator[QualityScore]:
    """Every claim about scores, each by fits that never saw the group."""
    names = {"mmlu": "MMLU", "hellaswag": "HellaSwag", "arc_c": "ARC-c"}
    for curve, name in names.items():
        found = folded(curve)
        yield alone(found, curve, f"{name}, from size, tokens and year", _all)
        what = f"{name}, from another size of the recipe, within 10x compute"
        yield from_known(found, f"{curve}-anchored", what, ONE_DECADE)
    network = folded(quality.ACTIVATIONS)
    yield alone(network, "top1", "ImageNet top-1, trained on ImageNet-1k", _plain)
    yield alone(network, "top1-any-data", "the same, with any data before", _all)
    what = "ImageNet top-1, from another of the recipe, within 5x compute"
    yield from_known(network, "top1-anchored", what, FIVE_TIMES)
    coarse = folded("top1")
    yield alone(coarse, "top1-no-activations", "ImageNet top-1, activations unknown", _plain)
    yield alone(folded("value"), "yolo", "YOLO mAP 50-95 at 640 px", _all)


def of_file(rows: Sequence[Row], predictions: Sequence[Prediction]) -> Iterator[QualityScore]:
    """How far off a file's own answers are from what the shipped fit says of them."""
    for answer in ANSWERS:
        both = [
            (found.answers[answer], score)
            for row, found in zip(rows, predictions, strict=True)
            if answer in found.answers and (score := published_share(row, answer)) is not None
        ]
        if both:
            parts = [[r.value, r.low or 0.0, r.high or POINTS] for r, _ in both]
            ranges = np.array(parts).T / POINTS
            yield scored(answer, answer, ranges, np.array([score for _, score in both]))
