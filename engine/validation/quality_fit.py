"""Curves from size, data, work and year to published scores: fitted, applied, with their spread.

Each curve is linear in a few terms on a scale where errors are alike: log odds between floor and
ceiling for shares of right answers, the log of the error for images and detectors. The spread is
the 90th percentile of what curves missed on groups that they never saw.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from engine import catalogue
from engine.projection.quality_curves import USUAL_IMAGE_PX
from engine.validation.quality_rows import QualityReading

Array = npt.NDArray[np.float64]
Positions = npt.NDArray[np.int64]
Readings = Sequence[QualityReading]
LOSS = "pretraining-loss-nats"
UNKNOWN_YEAR = {"language": 2023.5, "image": 2020.0, "detector": 2022.0}
RANGE_PERCENTILE = 90.0
HUBER_SPREADS = 1.5
REWEIGHTED_COUNT = 20
TINY_RIDGE = 1e-6
"""For terms that no row of a part has."""
DETECTOR_PX = 640.0
IMAGE_SHIFTS = ("larger", "web", "distilled", "self-supervised")


def years(readings: Readings) -> Array:
    """The year of each recipe; a usual one where none is known."""
    return np.array([r.year or UNKNOWN_YEAR[r.subject] for r in readings])


def _values(readings: Readings, name: str) -> Array:
    return np.array([getattr(r, name) for r in readings], dtype=np.float64)


def loss_terms(readings: Readings) -> Array:
    """Constant, logarithm of the reducible loss, year."""
    c = catalogue.quality_curve(LOSS).constants
    by_size = c["A"] / (_values(readings, "parameter_million") * 1e6) ** c["alpha"]
    by_data = c["B"] / (_values(readings, "token_billion") * 1e9) ** c["beta"]
    return _stacked(np.log(by_size + by_data), years(readings) - 2023.0)


def size_and_data_terms(readings: Readings) -> Array:
    """Constant, decades of billions of parameters, decades of trillions of tokens."""
    return _stacked(
        np.log10(_values(readings, "parameter_million") / 1e3),
        np.log10(_values(readings, "token_billion") / 1e3),
    )


def image_terms(readings: Readings) -> Array:
    """Constant, decades of GMAC and of millions of parameters to the square, year, side, shifts."""
    work = np.log10(_values(readings, "gmac"))
    size = np.log10(_values(readings, "parameter_million"))
    side = np.log10(_values(readings, "image_px") / USUAL_IMAGE_PX)
    shifts = [[float(r.pretraining == s) for r in readings] for s in IMAGE_SHIFTS]
    year = years(readings) - 2020.0
    return _stacked(work, work**2, size, size**2, work * size, year, side, *map(np.array, shifts))


def activation_terms(readings: Readings) -> Array:
    """As `image_terms`, and decades of millions of activations to the square."""
    activations = np.log10(_values(readings, "activation_million"))
    return np.column_stack([image_terms(readings), activations, activations**2])


def detector_terms(readings: Readings) -> Array:
    """Constant, decades of millions of parameters, year."""
    size = np.log10(_values(readings, "parameter_million"))
    return _stacked(size, years(readings) - 2020.0)


def _stacked(*columns: Array) -> Array:
    return np.column_stack([np.ones(len(columns[0])), *columns])


@dataclass(frozen=True, slots=True)
class Shape:
    """How one score depends on the terms."""

    metric: str
    """Its curve in the catalogue."""
    names: tuple[str, ...]
    """Constants of that curve, in the order of the terms."""
    terms: Callable[[Readings], Array]
    floor_share: float
    ceiling_share: float
    odds: bool
    """Log odds between floor and ceiling; else the log of the percent missed below the ceiling."""
    noise_share: float = 0.0
    robust_share: float = 0.03
    """Errors beyond this pull less than their square."""
    linear: bool = False
    """Fitted on the scale of the curve; else in points of the score."""

    def share(self, place: Array) -> Array:
        """The score at a place on the scale of the curve."""
        if self.odds:
            span = self.ceiling_share - self.floor_share
            return np.asarray(self.floor_share + span / (1.0 + np.exp(-place)))
        return np.asarray(self.ceiling_share - np.exp(place) / 100.0)

    def place(self, share: Array) -> Array:
        """Where a score lies on the scale of the curve."""
        if not self.odds:
            return np.asarray(np.log(np.maximum(self.ceiling_share - share, 1e-3) * 100.0))
        inside = (share - self.floor_share) / (self.ceiling_share - self.floor_share)
        inside = np.clip(inside, 1e-3, 1.0 - 1e-3)
        return np.asarray(np.log(inside / (1.0 - inside)))


OF_LOSS = ("intercept", "slope", "per_year")
OF_IMAGES = (
    "intercept", "work", "work_square", "size", "size_square", "work_size", "per_year", "side",
    "larger_data", "web_data", "distilled", "self_supervised",
)  # fmt: skip
OF_ACTIVATIONS = (*OF_IMAGES, "activations", "activations_square")
SHAPES = {
    "mmlu": Shape(
        "mmlu-5-shot", ("intercept", "size", "data"), size_and_data_terms,
        0.25, 0.88, odds=True, noise_share=0.02,
    ),
    "hellaswag": Shape(
        "hellaswag-10-shot", OF_LOSS, loss_terms, 0.19, 0.905, odds=True, noise_share=0.015
    ),
    "arc_c": Shape(
        "arc-challenge-25-shot", OF_LOSS, loss_terms, 0.20, 0.80, odds=True, noise_share=0.015
    ),
    "top1": Shape(
        "imagenet-top1", OF_IMAGES, image_terms, 0.0, 1.0, odds=False, linear=True
    ),
    "top1-activations": Shape(
        "imagenet-top1-with-activations", OF_ACTIVATIONS, activation_terms,
        0.0, 1.0, odds=False, linear=True,
    ),
    "value": Shape(
        "coco-map-50-95", ("intercept", "slope", "per_year"), detector_terms,
        0.0, 0.65, odds=False, robust_share=0.01,
    ),
}  # fmt: skip
"""By the answer that a published table holds.

HellaSwag's ends are least squares too, 0.18 to 0.20 and 0.90 to 0.91 whichever family is left
out: scores leave what guessing gets (0.25) more steeply than log odds above 0.25 do.
"""


def kept(shape: Shape) -> CurveFit:
    """The curve as the catalogue holds it."""
    constants = catalogue.quality_curve(shape.metric).constants
    return CurveFit(shape, tuple(constants[name] for name in shape.names), constants["spread"])


@dataclass(frozen=True, slots=True)
class CurveFit:
    """One curve, and how far off it was on groups it never saw."""

    shape: Shape
    weights: tuple[float, ...]
    spread: float = 0.0
    """Half width of the 90 % range on the scale of the curve."""

    def place(self, readings: Readings) -> Array:
        """Where models lie on the scale of the curve."""
        return np.asarray(self.shape.terms(readings) @ np.array(self.weights))

    def wider(self, ratio: float) -> CurveFit:
        """The same curve, less sure."""
        return replace(self, spread=self.spread * ratio)

    def ranges(self, place: Array) -> tuple[Array, Array, Array]:
        """Score, low and high at places on the scale of the curve."""
        ends = [self.shape.share(place + sign * self.spread) for sign in (-1.0, 1.0)]
        low, high = np.minimum(*ends), np.maximum(*ends)
        noise = self.shape.noise_share
        return (
            self.shape.share(place),
            np.clip(low - noise, 0.0, 1.0),
            np.clip(high + noise, 0.0, 1.0),
        )


def fitted(shape: Shape, readings: Readings, scores: Array) -> tuple[float, ...]:
    """The weights of least robust error.

    Source: Huber 1964, "Robust Estimation of a Location Parameter", for the loss,
    https://doi.org/10.1214/aoms/1177703732
    """
    terms = shape.terms(readings)
    if shape.linear:
        return _weights(_reweighted(terms, shape.place(scores)))
    # scipy.optimize takes a third of a second to import; predicting needs none of it.
    from scipy.optimize import least_squares

    start = _reweighted(terms, shape.place(scores)) if not shape.odds else np.zeros(terms.shape[1])

    def missed(weights: Array) -> Array:
        return np.asarray(shape.share(terms @ weights) - scores)

    found = least_squares(missed, start, loss="soft_l1", f_scale=shape.robust_share)
    return _weights(found.x)


def _reweighted(terms: Array, places: Array) -> Array:
    """Huber's estimate by least squares, reweighted until it stays where it is."""
    weight: Array = np.ones(len(places))
    found: Array = np.zeros(terms.shape[1])
    tiny = TINY_RIDGE * np.eye(terms.shape[1])
    for _ in range(REWEIGHTED_COUNT):
        weighted = (terms * weight[:, None]).T
        found = np.asarray(
            np.linalg.solve(weighted @ terms + tiny, weighted @ places), dtype=np.float64
        )
        missed = np.abs(places - terms @ found)
        usual = 1.4826 * float(np.median(missed))
        weight = np.asarray(np.minimum(1.0, HUBER_SPREADS * usual / np.maximum(missed, 1e-9)))
    return np.asarray(found)


def _weights(found: Array) -> tuple[float, ...]:
    return tuple(float(f"{weight:.5g}") for weight in found)


def left_out(shape: Shape, readings: Readings, scores: Array) -> list[tuple[Positions, Array]]:
    """For each group: its positions, and their places by a fit of all others."""
    groups = np.array([r.group for r in readings])
    found = []
    for group in dict.fromkeys(groups.tolist()):
        own: Positions = np.flatnonzero(groups == group)
        others = np.flatnonzero(groups != group)
        weights = fitted(shape, [readings[int(i)] for i in others], scores[others])
        found.append((own, shape.terms([readings[int(i)] for i in own]) @ np.array(weights)))
    return found


def spread_of(shape: Shape, places: Array, scores: Array) -> float:
    """Half width, on the scale of the curve, that holds nine of ten scores with their noise."""
    needed = np.array([_needed(shape, p, s) for p, s in zip(places, scores, strict=True)])
    # One more than there are: the next row is as likely to lie beyond the widest.
    rank = min(RANGE_PERCENTILE * (1.0 + 1.0 / len(needed)), 100.0)
    return float(f"{np.percentile(needed, rank):.4g}")


def _needed(shape: Shape, place: float, score: float) -> float:
    noise = shape.noise_share
    nearest = np.clip(float(shape.share(np.array(place))), score - noise, score + noise)
    return abs(float(shape.place(np.array(nearest))) - place)


def calibrated(shape: Shape, readings: Readings, scores: Array) -> CurveFit:
    """The curve through all rows, with the spread of groups left out."""
    places = np.zeros(len(readings))
    for own, found in left_out(shape, readings, scores):
        places[own] = found
    return CurveFit(shape, fitted(shape, readings, scores), spread_of(shape, places, scores))
