"""How good a model is expected to be: published scores, published curves, or measured sizes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from engine import catalogue
from engine.catalogue.schema import QualityCurve, Score
from engine.elementwise import anywhere, clip, everywhere, maximum, minimum, where
from engine.projection import quality_curves, served_score
from engine.projection.accuracy_fit import AccuracyFit, fit_accuracy
from engine.projection.evidence import Evidence
from engine.projection.score_curves import FEWEST_SIZES, ScoreCurve
from engine.projection.sized import Sized, sized
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
NEAR_DECADES = float(np.log10(5.0))
"""Arithmetic per image that far apart is what another size of a recipe was scored at."""
CLASSIFIER_METRIC = "accuracy"


@dataclass(frozen=True, slots=True)
class Scored:
    """A quality, and what the reader must know about it."""

    quality: Quality
    notes: tuple[Note, ...] = ()


def quality(scenario: Scenario, model: Sized, evidence: Evidence) -> Scored:
    """The score expected of the scenario's model, at the precision it is served at."""
    trained = as_trained(scenario, model, evidence)
    change = served_score.change_share(scenario, model, evidence)
    if change is None or not trained.quality.score_share.known:
        return trained
    score = served_score.served(trained.quality.score_share, change)
    values = {"served": scenario.serving_precision, "family": model.known.family}
    unsaid = () if score.known else (Note("served-score-unknown", values),)
    return Scored(replace(trained.quality, score_share=score), (*trained.notes, *unsaid))


def as_trained(scenario: Scenario, model: Sized, evidence: Evidence) -> Scored:
    """The score expected of the scenario's model before it is made smaller for serving."""
    if model.known.family == "classifier":
        return _classifier(model, evidence)
    metric = METRICS.get((model.known.family, model.known.item))
    if metric is None:
        return _without_curve(scenario, model)
    if model.known.family == "decoder":
        return _language_model(scenario, model, scenario.language_metric)
    score = _published_score(scenario, model, metric)
    if score is None:
        score = _at_other_size(scenario, model, metric)
    return Scored(Quality(metric, score, unknown("no loss is published for this family")))


def _without_curve(scenario: Scenario, model: Sized) -> Scored:
    """The known model's own score at its own size; at another size nothing predicts it."""
    reason = f"no curve predicts the quality of a {model.known.family} from its size"
    for score in model.known.scores:
        if (found := _published_score(scenario, model, score.metric)) is not None:
            return Scored(Quality(score.metric, found, unknown(reason)))
    refused = Quality("", unknown(reason), unknown(reason))
    return Scored(refused, (Note("quality-unpredictable", {"family": model.known.family}),))


def _language_model(scenario: Scenario, model: Sized, metric: str) -> Scored:
    tokens = _tokens(scenario, model)
    loss = _loss(model, tokens)
    score = _published_score(scenario, model, metric)
    adapted = anywhere(scenario.training_run_count > 0) and scenario.tuning != "full"
    tuned = (Note("score-before-tuning", {}),) if adapted else ()
    if score is not None and scenario.anchor_score_share is None:
        return Scored(Quality(metric, score, loss), tuned)
    flop = _training_flop(model, tokens)
    curve = catalogue.quality_curve(metric)
    outside = derive(
        quality_curves.outside_decade_count,
        flop=flop,
        lowest_fitted_flop=_curve_number(metric, curve.fit_flop_low or 0.0),
        highest_fitted_flop=_curve_number(metric, curve.fit_flop_high or np.inf),
    )
    on_curve = _on_language_curve(model, tokens, loss, metric)
    found, spread = on_curve, _spread(outside, metric)
    anchor = _anchor(scenario, model, metric)
    if anchor is not None:
        own = _anchor_place(scenario, model, tokens, metric)
        apart = derive(
            quality_curves.apart_decade_count,
            flop=flop,
            anchor_flop=own.flop,
        )
        found = derive(
            quality_curves.nearby_anchored_share,
            anchored_share=_anchored(on_curve, own, anchor, metric),
            curve_share=on_curve,
            apart_decade_count=apart,
        )
        spread = _anchored_spread(apart, spread, metric)
    within = derive(
        quality_curves.score_share_in_range, score_share=found, outside_decade_count=outside
    )
    away = 0.0 if outside.value is None else outside.value
    notes = (_outside("training compute", metric),) if anywhere(away > 0) else ()
    return Scored(Quality(metric, _with_odds_band(within, metric, spread), loss), (*notes, *tuned))


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where on the curve a known model lies, as it was published."""

    on_curve: Estimate
    flop: Estimate


def _anchor(scenario: Scenario, model: Sized, metric: str) -> Estimate | None:
    """The user's own score, else the known model's where its training tokens are known."""
    if scenario.anchor_score_share is not None:
        return chosen(scenario.anchor_score_share)
    if model.known.trained_items_billion is None:
        return None
    return known_score(model, metric)


@cache
def _published_anchor(model_id: str, metric: str) -> Anchor | None:
    """The known model at its own size and training tokens; None where these are not known."""
    own = sized(Scenario(model=model_id), catalogue.model(model_id))
    if own.known.trained_items_billion is None:
        return None
    return _at(own, _tokens(Scenario(model=model_id, training_run_count=0.0), own), metric)


def _at(model: Sized, tokens: Estimate, metric: str) -> Anchor:
    on_curve = _on_language_curve(model, tokens, _loss(model, tokens), metric)
    return Anchor(on_curve, _training_flop(model, tokens))


def _anchor_place(scenario: Scenario, model: Sized, tokens: Estimate, metric: str) -> Anchor:
    """Where the score was measured: the known model's size, and its tokens where known."""
    published = _published_anchor(model.model_id, metric)
    if published is not None:
        return published
    own = sized(_as_known(scenario), model.known)
    return _at(own, tokens, metric)


def _anchored(on_curve: Estimate, own: Anchor, score: Estimate, metric: str) -> Estimate:
    return derive(
        quality_curves.anchored_share,
        curve_share=on_curve,
        own_curve_share=own.on_curve,
        own_score_share=score,
        **_constants(
            metric,
            floor_share="floor",
            ceiling_share="ceiling",
            recipe_spread_ratio="recipe_spread",
            noise_share="noise",
        ),
    )


def _spread(outside: Estimate, metric: str) -> Float:
    constants = catalogue.quality_curve(metric).constants
    return constants["spread"] * (1.0 + (0.0 if outside.value is None else outside.value))


def _anchored_spread(apart: Estimate, spread: Float, metric: str) -> Float:
    """As wide as between two sizes within ten times the compute, growing to the curve's own."""
    near = catalogue.quality_curve(metric).constants["anchored_spread"]
    decades = np.inf if apart.value is None else apart.value
    grown = minimum(near * maximum(decades, 1.0), spread)
    return where(decades <= quality_curves.REFUSED_DECADES, grown, spread)


def _with_odds_band(score: Estimate, metric: str, spread: Float) -> Estimate:
    if score.value is None:
        return score
    constants = catalogue.quality_curve(metric).constants
    between, noise = (constants["floor"], constants["ceiling"]), constants["noise"]
    low, high = (
        quality_curves.moved_share(score.value, *between, sign * spread) for sign in (-1.0, 1.0)
    )
    return score._replace(
        low=clip(minimum(low, score.value) - noise, 0.0, 1.0),
        high=clip(maximum(high, score.value) + noise, 0.0, 1.0),
    )


def _training_flop(model: Sized, tokens: Estimate) -> Estimate:
    return derive(
        quality_curves.compute_flop,
        active_parameter_count=model.active_parameter_count,
        token_count=tokens,
    )


def _on_language_curve(model: Sized, tokens: Estimate, loss: Estimate, metric: str) -> Estimate:
    limits = _constants(metric, floor_share="floor", ceiling_share="ceiling", intercept="intercept")
    if metric == "mmlu-5-shot":
        return derive(
            quality_curves.score_share_of_size_and_data,
            active_parameter_count=model.active_parameter_count,
            token_count=tokens,
            **limits,
            **_constants(metric, size_exponent="size", data_exponent="data"),
        )
    return derive(
        quality_curves.score_share_of_loss,
        loss_nats=loss,
        recipe_year=_year(model),
        **limits,
        **_constants(metric, slope="slope", change_per_year="per_year", irreducible_nats="E"),
    )


def _loss(model: Sized, tokens: Estimate) -> Estimate:
    return derive(
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


def _tokens(scenario: Scenario, model: Sized) -> Estimate:
    """Tokens the model has learned from: its own if it is taken as it is."""
    taken = not _learns_anew(scenario)
    if scenario.tuning != "full" and model.known.trained_items_billion is None:
        return unknown("how many tokens the model had learned from is not published")
    if taken and model.known.trained_items_billion is not None:
        own = known_fact(model.known.trained_items_billion, model.known.sources)
        return derive(item_count, dataset_items_billion=own, epoch_count=chosen(1.0))
    if everywhere(scenario.epoch_count <= 1):
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


def _as_known(scenario: Scenario) -> Scenario:
    if scenario.parameters_billion is None:
        return scenario
    return scenario.model_copy(update={"parameters_billion": None})


def _published_score(scenario: Scenario, model: Sized, metric: str) -> Estimate | None:
    """The known model's own score, where it is taken as published."""
    retrained = _learns_anew(scenario)
    if scenario.parameters_billion is not None or (retrained and model.generates):
        return None
    return known_score(model, metric)


def _learns_anew(scenario: Scenario) -> bool:
    """Whether the weights are learned here; an adapter leaves them as its model has them."""
    return scenario.tuning == "full" and anywhere(scenario.training_run_count > 0)


def known_score(model: Sized, metric: str) -> Estimate | None:
    """The published score of a known model."""
    return next((_published(model, s) for s in model.known.scores if s.metric == metric), None)


def _published(model: Sized, score: Score) -> Estimate:
    source = source_record(model.known.sources[score.source])
    return Estimate(score.value_share, "published", source=source, note=score.protocol)


def _at_other_size(scenario: Scenario, model: Sized, metric: str) -> Estimate:
    """On the curve; through the known model's own score where it has one."""
    curve = CURVE_BY_METRIC[metric]
    as_known = _as_known(scenario)
    published = _published_score(as_known, model, metric)
    constants = catalogue.quality_curve(metric).constants
    if published is None:
        return _with_error_band(curve(model, metric), metric, constants["spread"])
    own = sized(as_known, model.known)
    moved = derive(
        quality_curves.same_recipe_share,
        curve_share=curve(model, metric),
        own_curve_share=curve(own, metric),
        own_score_share=published,
        ceiling_share=_constants_of(metric)["ceiling"],
    )
    apart = np.abs(np.log10(_value(model.parameter_count) / _value(own.parameter_count)))
    near = constants["anchored_spread"] * np.maximum(apart / NEAR_DECADES, 1.0)
    return _with_error_band(moved, metric, np.minimum(near, constants["spread"]))


def _imagenet(model: Sized, metric: str) -> Estimate:
    return derive(
        quality_curves.imagenet_top1_share,
        forward_flop_per_item=model.forward_flop_per_item,
        parameter_count=model.parameter_count,
        recipe_year=_year(model),
        **_constants(
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
        recipe_year=_year(model),
        **_constants(
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
        **_constants(metric, ceiling_share="ceiling", intercept="intercept", slope="slope"),
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
    within = (model.known.released.month - 0.5) / 12.0 if model.known.family == "decoder" else 0.0
    return Estimate(model.known.released.year + within, "published", source=source_record(source))


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
    curve = evidence.classifier_curve(task)
    fit = None if curve is None else _fit_of(curve)
    no_loss = unknown("the classifier is judged by its accuracy")
    if fit is None:
        refused = unknown(f"accuracy needs {FEWEST_SIZES} measured sizes that rise with size")
        have = 0 if curve is None else len(curve.points)
        note = Note("too-few-sizes", {"task": task, "needed": FEWEST_SIZES, "have": have})
        return Scored(Quality(CLASSIFIER_METRIC, refused, no_loss), (note,))
    score = _on_fit(fit, model.parameter_count)
    notes = (
        ()
        if fit.covers(_value(model.parameter_count))
        else (_outside("parameters", CLASSIFIER_METRIC),)
    )
    return Scored(Quality(CLASSIFIER_METRIC, score, no_loss), notes)


@cache
def _fit_of(curve: ScoreCurve) -> AccuracyFit | None:
    return fit_accuracy(curve.points, curve.reached)


def _on_fit(fit: AccuracyFit, parameter_count: Estimate) -> Estimate:
    count = _value(parameter_count)
    low, high = fit.range_share(count)
    source = Source(f"Saturating power law through {fit.size_count} measured sizes")
    curve = Estimate(fit.accuracy_share(count), "fitted", source=source)
    return derive(
        quality_curves.measured_accuracy_share,
        parameter_count=parameter_count,
        fitted_accuracy_share=curve,
    )._replace(low=low, high=high)


def _value(estimate: Estimate) -> Float:
    assert estimate.value is not None
    return estimate.value


def _outside(quantity: str, metric: str) -> Note:
    return Note("outside-measured", {"quantity": quantity, "metric": metric})
