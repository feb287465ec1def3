"""What would cut the bill from here: one choice (or a few that go together) changed at a time.

Every lever is the scenario with that change, projected again in full; the best setting of a
lever is found by projecting all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine import catalogue
from engine.projection import project, served_score
from engine.projection.decisions import planned
from engine.projection.evidence import NO_EVIDENCE, Evidence
from engine.projection.saving_levers import (
    BUY,
    LEVERS,
    Changes,
    Lever,
    Now,
    answer_time,
    changed,
    number,
)
from engine.projection.sized import sized
from engine.projection.working import chosen, unknown
from engine.records import BadInput, Estimate, Kind, Projection
from engine.scenario import Scenario

LEAST_SHARE = 0.001
"""Levers that save less of the bill are not told."""
MOST_TIME_RATIO = 4.0
"""A saving that makes training take so many times longer is none."""


@dataclass(frozen=True)
class Saving:
    """One lever: what it changes, what it saves, and what it costs elsewhere."""

    lever: str
    changes: Changes
    """By Scenario field."""
    saved_usd: float
    saved_share: float
    score_change_share: float | None
    """Of the expected score; None where nobody knows how it moves."""
    score_change_range_share: tuple[float, float] | None
    """90 % range of that change; None where none is known."""
    kind: Kind
    """How it is known what the change does, at best."""
    carbon_change_kgco2e: float | None
    training_time_ratio: float | None
    answer_time_ratio: float | None
    """Of one token, or of one answer where no tokens are written."""
    scenario: Scenario


def savings(scenario: Scenario, evidence: Evidence = NO_EVIDENCE) -> list[Saving]:
    """Every lever that cuts the bill, the largest saving first; empty where it is unknown.

    Raises:
        BadInput: the scenario holds arrays, or hardware that is not known.
    """
    if any(isinstance(value, np.ndarray) for value in scenario.model_dump().values()):
        raise BadInput("Savings are counted from one scenario, not from a range of them.")
    before = project(scenario, evidence)
    if not before.total.cost_usd.known:
        return []
    now = Now(scenario, before, evidence)
    found = [_saving(now, lever, how) for lever in LEVERS for how in lever.settings(now)]
    best: dict[str, Saving] = {}
    for saving in found:
        if saving is not None and _worth_telling(saving):
            held = best.get(saving.lever)
            if held is None or saving.saved_usd > held.saved_usd:
                best[saving.lever] = saving
    return sorted(best.values(), key=lambda saving: -saving.saved_usd)


def _worth_telling(saving: Saving) -> bool:
    slower_ratio = saving.training_time_ratio or 1.0
    return saving.saved_share >= LEAST_SHARE and slower_ratio <= MOST_TIME_RATIO


def _saving(now: Now, lever: Lever, changes: Changes) -> Saving | None:
    """The scenario with that change; None where its cost is not known or it does not fit."""
    try:
        after_scenario = planned(now.scenario, dict(changes))
        after = project(after_scenario, now.evidence)
    except BadInput:
        return None
    bought = lever.name == BUY
    cost = number(now.answer.total.cost_usd)
    then = number(after.deployment.api_usd if bought else after.total.cost_usd)
    fit = number(after.training.memory_fit_share)
    if cost is None or then is None or (now.trains and fit is not None and fit > 1):
        return None
    change = _score_change(lever, now, after, after_scenario)
    return Saving(
        lever=lever.name,
        changes=changed(now.scenario, after_scenario),
        saved_usd=cost - then,
        saved_share=(cost - then) / cost,
        score_change_share=number(change),
        score_change_range_share=_range(change),
        kind=lever.kind,
        carbon_change_kgco2e=None
        if bought
        else _difference(now.answer.total.carbon_kgco2e, after.total.carbon_kgco2e),
        training_time_ratio=_ratio(now.answer.training.time_h, after.training.time_h)
        if now.trains and not bought
        else None,
        answer_time_ratio=_answer_ratio(now.answer, after) if now.serves and not bought else None,
        scenario=after_scenario,
    )


NOTHING = chosen(0.0)


def _score_change(lever: Lever, now: Now, after: Projection, then: Scenario) -> Estimate:
    """Of the score, with its range where the change itself was published or measured."""
    if lever.score == "same":
        return NOTHING
    if lever.name == BUY:
        return unknown("how a seller serves the model, and that it was not trained for this")
    if lever.score == "served":
        return _served_change(now, then)
    before = now.answer.quality
    one, other = number(before.score_share), number(after.quality.score_share)
    unsure = lever.score == "unknown" or before.metric != after.quality.metric
    if unsure or one is None or other is None:
        return unknown("nothing tells how the score moves")
    return Estimate(other - one, after.quality.score_share.kind)


def _served_change(now: Now, then: Scenario) -> Estimate:
    """From the precision served at now to another one."""
    model = sized(then, catalogue.model(then.model))
    found = [served_score.change_share(at, model, now.evidence) for at in (now.scenario, then)]
    before, after = (NOTHING if change is None else change for change in found)
    if before.value is None or after.value is None:
        return unknown(before.note or after.note)
    if before.value == 0.0:
        return after
    change = Estimate(after.value - before.value, "fitted")
    return served_score.with_range(change, after.value - before.value, before, after)


def _range(estimate: Estimate) -> tuple[float, float] | None:
    if estimate.low is None or estimate.high is None:
        return None
    return float(np.asarray(estimate.low)), float(np.asarray(estimate.high))


def _answer_ratio(before: Projection, after: Projection) -> float | None:
    (path, one), (other_path, other) = answer_time(before), answer_time(after)
    return other / one if path == other_path and one and other else None


def _difference(before: Estimate, after: Estimate) -> float | None:
    one, other = number(before), number(after)
    return None if one is None or other is None else other - one


def _ratio(before: Estimate, after: Estimate) -> float | None:
    one, other = number(before), number(after)
    return other / one if one and other else None
