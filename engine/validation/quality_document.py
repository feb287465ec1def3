"""The constants of the curves of scores, fitted again to the bundled rows.

The catalogue holds what comes out here; a test keeps both alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from engine.validation import quality
from engine.validation.quality_fit import SHAPES, calibrated
from engine.validation.quality_scores import (
    FIVE_TIMES,
    ONE_DECADE,
    anchored_places,
    anchored_spread,
    folded,
)

ANCHORED_DECADES = {"language": ONE_DECADE, "image": FIVE_TIMES, "detector": FIVE_TIMES}
"""How far apart in arithmetic two models of one recipe lie whose scores are compared."""


def fitted_constants(curve: str) -> dict[str, float]:
    """Constants of one curve by name, with the spreads of models that no fit saw."""
    shape, (readings, scores) = SHAPES[curve], quality.fit_rows(curve)
    fit = calibrated(shape, readings, scores)
    found = dict(zip(shape.names, fit.weights, strict=True)) | {"spread": fit.spread}
    seen = folded(curve)
    _, places, moved_scores = anchored_places(seen, ANCHORED_DECADES[readings[0].subject])
    bare = replace(shape, noise_share=0.0)
    found["anchored_spread"] = anchored_spread(bare, places, moved_scores)
    return found | {"floor": shape.floor_share, "ceiling": shape.ceiling_share}


def as_toml(constants: Mapping[str, float]) -> Iterator[str]:
    """The lines that the facts file holds."""
    return (f"{name} = {value!r}" for name, value in constants.items())
