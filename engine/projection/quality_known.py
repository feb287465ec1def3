"""What is known of a model and of the curves that foretell its score."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from engine import catalogue
from engine.catalogue.schema import QualityCurve, Score
from engine.elementwise import anywhere
from engine.projection.sized import Sized
from engine.projection.working import assumed, source_record
from engine.records import Estimate, Note, Quality
from engine.scenario import Scenario
from engine.units import Float


@dataclass(frozen=True, slots=True)
class Scored:
    """A quality, and what the reader must know about it."""

    quality: Quality
    notes: tuple[Note, ...] = ()


def known_score(model: Sized, metric: str) -> Estimate | None:
    """The published score of a known model."""
    return next((_published(model, s) for s in model.known.scores if s.metric == metric), None)


def _published(model: Sized, score: Score) -> Estimate:
    source = source_record(model.known.sources[score.source])
    return Estimate(score.value_share, "published", source=source, note=score.protocol)


def published_score(scenario: Scenario, model: Sized, metric: str) -> Estimate | None:
    """The known model's own score, where it is taken as published."""
    retrained = learns_anew(scenario)
    if scenario.parameters_billion is not None or (retrained and model.generates):
        return None
    return known_score(model, metric)


def as_known(scenario: Scenario) -> Scenario:
    """The scenario with the model at the size it was published at."""
    if scenario.parameters_billion is None:
        return scenario
    return scenario.model_copy(update={"parameters_billion": None})


def learns_anew(scenario: Scenario) -> bool:
    """Whether the weights are learned here; an adapter leaves them as its model has them."""
    return scenario.tuning == "full" and anywhere(scenario.training_run_count > 0)


def recipe_year(model: Sized) -> Estimate:
    """When the model came out: recipes get better. Of language models to the month."""
    if model.known.released is None:
        return assumed("recipe_year")
    source = model.known.sources[model.known.parameters_billion.source]
    within = (model.known.released.month - 0.5) / 12.0 if model.known.family == "decoder" else 0.0
    return Estimate(model.known.released.year + within, "published", source=source_record(source))


@cache
def constants_of(metric: str) -> dict[str, Estimate]:
    """Fitted constants of a curve, by name."""
    curve: QualityCurve = catalogue.quality_curve(metric)
    source = source_record(curve.source)
    return {k: Estimate(v, "fitted", source=source) for k, v in curve.constants.items()}


def named_constants(metric: str, **names: str) -> dict[str, Estimate]:
    """Some of them, by the names that a formula gives them."""
    found = constants_of(metric)
    return {argument: found[name] for argument, name in names.items()}


@cache
def curve_number(metric: str, value: float) -> Estimate:
    """A number that comes with a curve."""
    return Estimate(value, "fitted", source=source_record(catalogue.quality_curve(metric).source))


def known_value(estimate: Estimate) -> Float:
    """The number of an estimate that has one."""
    assert estimate.value is not None
    return estimate.value


def outside_note(quantity: str, metric: str) -> Note:
    """That a score lies outside what its curve was fitted to."""
    return Note("outside-measured", {"quantity": quantity, "metric": metric})
