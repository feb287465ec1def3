"""How good a model is expected to be: published scores, published curves, or measured sizes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from engine import catalogue
from engine.catalogue.schema import QualityCurve
from engine.projection import quality_curves
from engine.projection.accuracy_fit import FEWEST_SIZES, AccuracyFit, fit_accuracy
from engine.projection.evidence import ClassifierPoint, Evidence
from engine.projection.sized import Sized, forward_flop, sized
from engine.projection.training import item_count
from engine.projection.working import assumed, chosen, derive, known_fact, source_record, unknown
from engine.records import Estimate, Note, Quality, Source
from engine.scenario import Scenario
from engine.units import Float

METRICS = {
    ("decoder", "token"): "hellaswag-10-shot",
    ("encoder", "token"): "glue",
    ("encoder", "image"): "imagenet-top1",
    ("cnn", "image"): "imagenet-top1",
    ("detector", "image"): "coco-map-50-95",
}
"""Score that a curve predicts, by family and item."""
CEILINGS = {"imagenet-top1": 1.0, "coco-map-50-95": 0.65, "glue": 1.0}
"""Score that each curve tends to."""
CLASSIFIER_METRIC = "accuracy"


@dataclass(frozen=True, slots=True)
class Scored:
    """A quality, and what the reader must know about it."""

    quality: Quality
    notes: tuple[Note, ...] = ()


def quality(scenario: Scenario, model: Sized, evidence: Evidence) -> Scored:
    """The score expected of the scenario's model."""
    if model.known.family == "classifier":
        return _classifier(model, evidence)
    metric = METRICS.get((model.known.family, model.known.item))
    if metric is None:
        reason = f"no curve predicts the quality of a {model.known.family} from its size"
        refused = Quality("", unknown(reason), unknown(reason))
        return Scored(refused, (Note("quality-unpredictable", {"family": model.known.family}),))
    if metric == "hellaswag-10-shot":
        return _language_model(scenario, model, metric)
    score = _published_score(scenario, model, metric)
    if score is None:
        score = _with_band(_at_other_size(scenario, model, metric), metric, 0.0)
    return Scored(Quality(metric, score, unknown("no loss is published for this family")))


def _language_model(scenario: Scenario, model: Sized, metric: str) -> Scored:
    tokens = _tokens(scenario, model)
    loss = derive(
        quality_curves.pretraining_loss_nats,
        active_parameter_count=model.active_parameter_count,
        effective_token_count=tokens,
        **_constants(
            "pretraining-loss-nats",
            irreducible_nats="E",
            size_nats="A",
            data_nats="B",
            size_exponent="alpha",
            data_exponent="beta",
        ),
    )
    curve = catalogue.quality_curve(metric)
    outside = derive(
        quality_curves.outside_decade_count,
        flop=derive(
            quality_curves.compute_flop,
            active_parameter_count=model.active_parameter_count,
            token_count=tokens,
        ),
        lowest_fitted_flop=_curve_number(metric, curve.fit_flop_low or 0.0),
        highest_fitted_flop=_curve_number(metric, curve.fit_flop_high or np.inf),
    )
    score = _published_score(scenario, model, metric)
    if score is not None:
        return Scored(Quality(metric, score, loss))
    on_curve = derive(
        quality_curves.score_share_of_loss,
        loss_nats=loss,
        **_constants(
            metric,
            floor_share="floor",
            ceiling_share="ceiling",
            intercept="intercept",
            slope="slope",
            irreducible_nats="E",
        ),
    )
    within = derive(
        quality_curves.score_share_in_range, score_share=on_curve, outside_decade_count=outside
    )
    away = 0.0 if outside.value is None else outside.value
    notes = (_outside("training compute", metric),) if np.any(np.asarray(away) > 0) else ()
    return Scored(Quality(metric, _with_band(within, metric, away), loss), notes)


def _tokens(scenario: Scenario, model: Sized) -> Estimate:
    """Tokens the model has learned from: its own if it is taken as it is."""
    taken = bool(np.all(np.asarray(scenario.training_run_count) == 0))
    if taken and model.known.trained_items_billion is not None:
        own = known_fact(model.known.trained_items_billion, model.known.sources)
        return derive(item_count, dataset_items_billion=own, epoch_count=chosen(1.0))
    if np.all(np.asarray(scenario.epoch_count) <= 1):
        return derive(
            item_count,
            dataset_items_billion=chosen(scenario.dataset_items_billion),
            epoch_count=chosen(scenario.epoch_count),
        )
    return derive(
        quality_curves.effective_token_count,
        dataset_items_billion=chosen(scenario.dataset_items_billion),
        epoch_count=chosen(scenario.epoch_count),
        repeat_worth_epoch_count=assumed("repeat_worth_epoch_count"),
    )


def _published_score(scenario: Scenario, model: Sized, metric: str) -> Estimate | None:
    """The known model's own score, where it is taken as published."""
    retrained = np.any(np.asarray(scenario.training_run_count) > 0)
    if scenario.parameters_billion is not None or (retrained and model.generates):
        return None
    for score in model.known.scores:
        if score.metric == metric:
            source = source_record(model.known.sources[score.source])
            return Estimate(score.value_share, "published", source=source, note=score.protocol)
    return None


def _at_other_size(scenario: Scenario, model: Sized, metric: str) -> Estimate:
    """On the curve; through the known model's own score where it has one."""
    curve = CURVE_BY_METRIC[metric]
    as_known = scenario.replace(parameters_billion=None)
    published = _published_score(as_known, model, metric)
    if published is None:
        return curve(model, metric)
    return derive(
        quality_curves.same_recipe_share,
        curve_share=curve(model, metric),
        own_curve_share=curve(sized(as_known, model.known), metric),
        own_score_share=published,
        ceiling_share=_curve_number(metric, CEILINGS[metric]),
    )


def _imagenet(model: Sized, metric: str) -> Estimate:
    return derive(
        quality_curves.imagenet_top1_share,
        forward_flop_per_item=forward_flop(model),
        recipe_year=_year(model),
        **_constants(
            metric,
            intercept="intercept",
            linear="linear",
            quadratic="quadratic",
            change_per_year="per_year",
        ),
    )


def _coco(model: Sized, metric: str) -> Estimate:
    return derive(
        quality_curves.coco_map_share,
        parameter_count=model.parameter_count,
        recipe_year=_year(model),
        **_constants(metric, intercept="intercept", slope="slope", change_per_year="per_year"),
    )


def _glue(model: Sized, metric: str) -> Estimate:
    return derive(
        quality_curves.glue_share,
        parameter_count=model.parameter_count,
        **_constants(metric, intercept="intercept", slope="slope"),
    )


CURVE_BY_METRIC: dict[str, Callable[[Sized, str], Estimate]] = {
    "imagenet-top1": _imagenet,
    "coco-map-50-95": _coco,
    "glue": _glue,
}


def _year(model: Sized) -> Estimate:
    if model.known.released is None:
        return assumed("recipe_year")
    source = model.known.sources[model.known.parameters_billion.source]
    return Estimate(float(model.known.released.year), "published", source=source_record(source))


def _with_band(score: Estimate, metric: str, decades: Float) -> Estimate:
    """The score with the range that held nine of ten models; wider outside what was fitted."""
    if score.value is None:
        return score
    error_share = (catalogue.quality_curve(metric).error_90_share or 0.0) * (1.0 + decades)
    return replace(
        score,
        low=np.clip(score.value - error_share, 0.0, 1.0),
        high=np.clip(score.value + error_share, 0.0, 1.0),
    )


@cache
def _constants_of(metric: str) -> dict[str, Estimate]:
    curve: QualityCurve = catalogue.quality_curve(metric)
    source = source_record(curve.source)
    return {k: Estimate(v, "fitted", source=source) for k, v in curve.constants.items()}


def _constants(metric: str, **names: str) -> dict[str, Estimate]:
    found = _constants_of(metric)
    return {argument: found[name] for argument, name in names.items()}


@cache
def _curve_number(metric: str, value: float) -> Estimate:
    return Estimate(value, "fitted", source=source_record(catalogue.quality_curve(metric).source))


def _classifier(model: Sized, evidence: Evidence) -> Scored:
    task = model.classifier_task
    points = evidence.classifier_points.get(task, ())
    fit = _fit_of(points)
    no_loss = unknown("the classifier is judged by its accuracy")
    if fit is None:
        refused = unknown(f"accuracy needs {FEWEST_SIZES} measured sizes that rise with size")
        note = Note("too-few-sizes", {"task": task, "needed": FEWEST_SIZES, "have": len(points)})
        return Scored(Quality(CLASSIFIER_METRIC, refused, no_loss), (note,))
    score = _on_fit(fit, model.parameter_count)
    notes = (
        ()
        if fit.covers(_value(model.parameter_count))
        else (_outside("parameters", CLASSIFIER_METRIC),)
    )
    return Scored(Quality(CLASSIFIER_METRIC, score, no_loss), notes)


@cache
def _fit_of(points: tuple[ClassifierPoint, ...]) -> AccuracyFit | None:
    return fit_accuracy(points)


def _on_fit(fit: AccuracyFit, parameter_count: Estimate) -> Estimate:
    count = _value(parameter_count)
    middle, half_width = fit.accuracy_share(count), fit.half_width_share(count)
    source = Source(f"Power law with a floor through {fit.size_count} measured sizes")
    curve = Estimate(middle, "fitted", source=source)
    return replace(
        derive(
            quality_curves.measured_accuracy_share,
            parameter_count=parameter_count,
            fitted_accuracy_share=curve,
        ),
        low=np.clip(middle - half_width, 0.0, 1.0),
        high=np.clip(middle + half_width, 0.0, 1.0),
    )


def _value(estimate: Estimate) -> Float:
    assert estimate.value is not None
    return estimate.value


def _outside(quantity: str, metric: str) -> Note:
    return Note("outside-measured", {"quantity": quantity, "metric": metric})
