"""How good a model is expected to be: published scores, published curves, or measured sizes."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from engine.projection import quality_curves, served_score
from engine.projection.accuracy_fit import AccuracyFit, fit_accuracy
from engine.projection.evidence import Evidence
from engine.projection.quality_known import (
    Scored,
    known_value,
    outside_note,
    published_score,
)
from engine.projection.quality_language import language_model
from engine.projection.quality_tasks import at_other_size
from engine.projection.score_curves import FEWEST_SIZES, ScoreCurve
from engine.projection.sized import Sized
from engine.projection.working import derive, unknown
from engine.records import Estimate, Note, Quality, Source
from engine.scenario import Scenario

METRICS = {
    ("decoder", "token"): "hellaswag-10-shot",
    ("encoder", "token"): "glue",
    ("encoder", "image"): "imagenet-top1",
    ("cnn", "image"): "imagenet-top1",
    ("detector", "image"): "coco-map-50-95",
}
"""Score that a curve predicts, by family and item."""
CLASSIFIER_METRIC = "accuracy"


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
        return language_model(scenario, model, scenario.language_metric)
    score = published_score(scenario, model, metric)
    if score is None:
        score = at_other_size(scenario, model, metric)
    return Scored(Quality(metric, score, unknown("no loss is published for this family")))


def _without_curve(scenario: Scenario, model: Sized) -> Scored:
    """The known model's own score at its own size; at another size nothing predicts it."""
    reason = f"no curve predicts the quality of a {model.known.family} from its size"
    for score in model.known.scores:
        if (found := published_score(scenario, model, score.metric)) is not None:
            return Scored(Quality(score.metric, found, unknown(reason)))
    refused = Quality("", unknown(reason), unknown(reason))
    return Scored(refused, (Note("quality-unpredictable", {"family": model.known.family}),))


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
        if fit.covers(known_value(model.parameter_count))
        else (outside_note("parameters", CLASSIFIER_METRIC),)
    )
    return Scored(Quality(CLASSIFIER_METRIC, score, no_loss), notes)


@cache
def _fit_of(curve: ScoreCurve) -> AccuracyFit | None:
    return fit_accuracy(curve.points, curve.reached)


def _on_fit(fit: AccuracyFit, parameter_count: Estimate) -> Estimate:
    count = known_value(parameter_count)
    low, high = fit.range_share(count)
    source = Source(f"Saturating power law through {fit.size_count} measured sizes")
    curve = Estimate(fit.accuracy_share(count), "fitted", source=source)
    return derive(
        quality_curves.measured_accuracy_share,
        parameter_count=parameter_count,
        fitted_accuracy_share=curve,
    )._replace(low=low, high=high)
