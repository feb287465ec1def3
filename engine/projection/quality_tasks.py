"""Scores of image models, detectors and encoders at another size than was published."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine import catalogue
from engine.projection import quality_curves
from engine.projection.quality_known import (
    as_known,
    constants_of,
    known_value,
    named_constants,
    published_score,
    recipe_year,
)
from engine.projection.sized import Sized, sized
from engine.projection.working import derive
from engine.records import Estimate
from engine.scenario import Scenario
from engine.units import Float

NEAR_DECADES = float(np.log10(5.0))
"""Arithmetic per image that far apart is what another size of a recipe was scored at."""


def at_other_size(scenario: Scenario, model: Sized, metric: str) -> Estimate:
    """On the curve; through the known model's own score where it has one."""
    curve = CURVE_BY_METRIC[metric]
    known = as_known(scenario)
    published = published_score(known, model, metric)
    constants = catalogue.quality_curve(metric).constants
    if published is None:
        return _with_error_band(curve(model, metric), metric, constants["spread"])
    own = sized(known, model.known)
    moved = derive(
        quality_curves.same_recipe_share,
        curve_share=curve(model, metric),
        own_curve_share=curve(own, metric),
        own_score_share=published,
        ceiling_share=constants_of(metric)["ceiling"],
    )
    apart = np.abs(np.log10(known_value(model.parameter_count) / known_value(own.parameter_count)))
    near = constants["anchored_spread"] * np.maximum(apart / NEAR_DECADES, 1.0)
    return _with_error_band(moved, metric, np.minimum(near, constants["spread"]))


def _imagenet(model: Sized, metric: str) -> Estimate:
    return derive(
        quality_curves.imagenet_top1_share,
        forward_flop_per_item=model.forward_flop_per_item,
        parameter_count=model.parameter_count,
        recipe_year=recipe_year(model),
        **named_constants(
            metric,
            ceiling_share="ceiling",
            intercept="intercept",
            work_slope="work",
            work_square_slope="work_square",
            size_slope="size",
            size_square_slope="size_square",
            work_size_slope="work_size",
            change_per_year="per_year",
        ),
    )


def _coco(model: Sized, metric: str) -> Estimate:
    return derive(
        quality_curves.coco_map_share,
        parameter_count=model.parameter_count,
        recipe_year=recipe_year(model),
        **named_constants(
            metric,
            ceiling_share="ceiling",
            intercept="intercept",
            slope="slope",
            change_per_year="per_year",
        ),
    )


def _glue(model: Sized, metric: str) -> Estimate:
    return derive(
        quality_curves.glue_share,
        parameter_count=model.parameter_count,
        **named_constants(metric, ceiling_share="ceiling", intercept="intercept", slope="slope"),
    )


CURVE_BY_METRIC: dict[str, Callable[[Sized, str], Estimate]] = {
    "imagenet-top1": _imagenet,
    "coco-map-50-95": _coco,
    "glue": _glue,
}


def _with_error_band(score: Estimate, metric: str, spread: Float) -> Estimate:
    """The score with the range that held nine of ten models left out of the fit."""
    if score.value is None:
        return score
    ceiling = catalogue.quality_curve(metric).constants["ceiling"]
    low, high = (
        quality_curves.moved_error_share(score.value, ceiling, sign * spread)
        for sign in (1.0, -1.0)
    )
    return score._replace(low=low, high=high)
