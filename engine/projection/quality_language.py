"""Scores of language models: on the curve of their loss or compute, or moved from a known score."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from engine import catalogue
from engine.elementwise import anywhere, clip, everywhere, maximum, minimum, where
from engine.projection import quality_curves
from engine.projection.quality_known import (
    Scored,
    as_known,
    curve_number,
    known_score,
    learns_anew,
    named_constants,
    outside_note,
    published_score,
    recipe_year,
)
from engine.projection.sized import Sized, sized
from engine.projection.training import item_count
from engine.projection.working import assumed, chosen, derive, known_fact, unknown
from engine.records import Estimate, Note, Quality
from engine.scenario import Scenario
from engine.units import Float


def language_model(scenario: Scenario, model: Sized, metric: str) -> Scored:
    """The score and loss expected of a language model, with what the reader must know."""
    tokens = _tokens(scenario, model)
    loss = _loss(model, tokens)
    score = published_score(scenario, model, metric)
    adapted = anywhere(scenario.training_run_count > 0) and scenario.tuning != "full"
    tuned = (Note("score-before-tuning", {}),) if adapted else ()
    if score is not None and scenario.anchor_score_share is None:
        return Scored(Quality(metric, score, loss), tuned)
    flop = _training_flop(model, tokens)
    curve = catalogue.quality_curve(metric)
    outside = derive(
        quality_curves.outside_decade_count,
        flop=flop,
        lowest_fitted_flop=curve_number(metric, curve.fit_flop_low or 0.0),
        highest_fitted_flop=curve_number(metric, curve.fit_flop_high or np.inf),
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
    notes = (outside_note("training compute", metric),) if anywhere(away > 0) else ()
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
    own = sized(as_known(scenario), model.known)
    return _at(own, tokens, metric)


def _anchored(on_curve: Estimate, own: Anchor, score: Estimate, metric: str) -> Estimate:
    return derive(
        quality_curves.anchored_share,
        curve_share=on_curve,
        own_curve_share=own.on_curve,
        own_score_share=score,
        **named_constants(
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
    limits = named_constants(
        metric, floor_share="floor", ceiling_share="ceiling", intercept="intercept"
    )
    if metric == "mmlu-5-shot":
        return derive(
            quality_curves.score_share_of_size_and_data,
            active_parameter_count=model.active_parameter_count,
            token_count=tokens,
            **limits,
            **named_constants(metric, size_exponent="size", data_exponent="data"),
        )
    return derive(
        quality_curves.score_share_of_loss,
        loss_nats=loss,
        recipe_year=recipe_year(model),
        **limits,
        **named_constants(metric, slope="slope", change_per_year="per_year", irreducible_nats="E"),
    )


def _loss(model: Sized, tokens: Estimate) -> Estimate:
    return derive(
        quality_curves.pretraining_loss_nats,
        active_parameter_count=model.active_parameter_count,
        effective_token_count=tokens,
        **named_constants(
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
    taken = not learns_anew(scenario)
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
