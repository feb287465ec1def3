"""Whether it is worth it: a projection's cost joined to what its answers are worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from engine import catalogue
from engine.catalogue.schema import Guess
from engine.projection import project, value
from engine.projection.evidence import NO_EVIDENCE, Evidence
from engine.projection.ranges import rebuilt
from engine.projection.working import assumed, chosen, derive, estimates
from engine.projection.worth_books import Books
from engine.records import Estimate, Note, Projection, Quality, Source
from engine.scenario import Scenario
from engine.units import Float
from engine.value_case import GUESSED, ValueCase

LOAD = "requests_per_day"
STAGES = ("preparation", "training", "evaluation", "storage", "deployment")
SERVED_SHARE = 0.999
"""Load served over load wanted: less than this is told."""


@dataclass(frozen=True, slots=True)
class Worth:
    """What a scenario is worth in one use. Cash first; what others gain and pay is kept apart."""

    outcome_count: Estimate
    """Over the horizon."""
    model_right_share: Estimate
    """Of the outcomes, by the model alone."""
    right_share: Estimate
    """Of the outcomes, review included."""
    gained_usd_per_outcome: Estimate
    model_cost_usd: Estimate
    """Of the projection alone: what computers, storage and traffic cost."""
    cost_usd: Estimate
    """Of the projection, and of the people around it."""
    usd_per_right_outcome: Estimate
    net_usd_per_year: Estimate
    npv_usd: Estimate
    npv_if_never_wrong_usd: Estimate
    irr_share_per_year: Estimate
    payback_months: Estimate
    break_even_outcomes_per_day: Estimate
    break_even_right_share: Estimate
    """Of the model alone, before review."""
    social_usd: Estimate
    external_usd: Estimate
    notes: tuple[Note, ...] = ()
    known: Mapping[str, Estimate] = field(default_factory=dict)
    """What was taken for each choice of the case, by its name; recall and specificity as guessed
    for the template's own model."""


def template_scenario(template: str, case: ValueCase | None = None) -> Scenario:
    """The scenario a use starts from, serving the load of the case.

    Raises:
        BadInput: no such template.
    """
    found = catalogue.value_template(template)
    return serving_all(
        Scenario.model_validate(found.scenario), case or ValueCase(template=template)
    )


def serving_all(scenario: Scenario, case: ValueCase) -> Scenario:
    """The same scenario with the load of the case: through the model goes all that comes."""
    load = _load(case, taken(case), scenario.horizon_months)
    return scenario.replace(requests_per_day=load.value)


def worth(
    scenario: Scenario,
    case: ValueCase,
    projection: Projection | None = None,
    evidence: Evidence = NO_EVIDENCE,
) -> Worth:
    """What the scenario is worth when used as in the case.

    `projection` saves working it out again where it is known.
    """
    answer = projection or project(scenario, evidence)
    known = taken(case)
    load = _load(case, known, scenario.horizon_months)
    answer = _serving_the_case(answer, load, scenario.requests_per_day)
    costs = {stage: getattr(answer, stage).bill.cost_usd for stage in STAGES}
    books = books_of(case, known, answer.quality, costs, scenario.horizon_months)
    return Worth(
        outcome_count=books.outcome_count,
        model_right_share=books.model_right_share,
        right_share=books.right_share,
        gained_usd_per_outcome=books.gained,
        model_cost_usd=answer.total.cost_usd,
        cost_usd=books.cost,
        usd_per_right_outcome=books.usd_per_right_outcome(),
        net_usd_per_year=books.net_usd_per_year(),
        npv_usd=books.npv,
        npv_if_never_wrong_usd=books.npv_if_never_wrong,
        irr_share_per_year=books.irr_share_per_year(),
        payback_months=books.payback_months(),
        break_even_outcomes_per_day=books.break_even_outcomes_per_day(),
        break_even_right_share=books.break_even_right_share(),
        social_usd=books.social_usd(),
        external_usd=books.external_usd(answer.total),
        notes=_notes(scenario, books),
        known=known,
    )


def taken(case: ValueCase) -> dict[str, Estimate]:
    """What is taken for each choice of a case: one's own number, or the template's guess."""
    return {name: _guess(case, name) for name in GUESSED}


def books_of(
    case: ValueCase,
    known: dict[str, Estimate],
    quality: Quality,
    costs: Mapping[str, Estimate],
    horizon_months: Float,
) -> Books:
    """Costs of the stages joined to what is `taken` of a case; right answers follow the score."""
    moved = _right(case, known, quality)
    return Books(costs, known | moved, chosen(horizon_months), _discount(case))


def _load(case: ValueCase, known: Mapping[str, Estimate], horizon_months: Float) -> Estimate:
    """Requests a day of the case; what the model costs has no part in it."""
    books = Books({}, known, chosen(horizon_months), _discount(case))
    return books.served_requests_per_day


def _serving_the_case(answer: Projection, load: Estimate, served: Float) -> Projection:
    """The same projection, its load worked out from the case where it is the case's.

    The bill then follows the doubt about the volume.
    """
    if load.value is None or not np.allclose(np.asarray(load.value), served, rtol=1e-9):
        return answer
    again: dict[int, Estimate] = {}
    found = {id(e): _linked(e, load, again) for _, e in estimates(answer)}
    linked: Projection = rebuilt(answer, found)
    return linked


def _linked(estimate: Estimate, load: Estimate, again: dict[int, Estimate]) -> Estimate:
    key = id(estimate)
    if key not in again:
        inputs = tuple(
            (name, load if name == LOAD and not part.inputs else _linked(part, load, again))
            for name, part in estimate.inputs
        )
        same = all(new is old for (_, new), (_, old) in zip(inputs, estimate.inputs, strict=True))
        again[key] = estimate if same else estimate._replace(inputs=inputs)
    return again[key]


def _discount(case: ValueCase) -> Estimate:
    return chosen(case.value_discount_share_per_year)


def _notes(scenario: Scenario, books: Books) -> tuple[Note, ...]:
    """Where cost and use do not fit together."""
    wanted = books.busiest_requests_per_day.value
    served = np.asarray(scenario.requests_per_day)
    if wanted is None or np.all(served >= np.asarray(wanted) * SERVED_SHARE):
        return ()
    values = {"served": float(np.min(served)), "wanted": float(np.max(wanted))}
    return (Note("serves-too-little", values),)


def _guess(case: ValueCase, name: str) -> Estimate:
    own = getattr(case, name)
    if own is not None:
        return chosen(own)
    return _from_guess(case.template, name)


@lru_cache(maxsize=1024)
def _from_guess(template: str, name: str) -> Estimate:
    found: Guess = getattr(catalogue.value_template(template), name)
    source = Source(f"Template {template}, {name}: a guess to replace by your own number")
    spread = found.low < found.high
    return Estimate(
        found.value,
        "assumed",
        source=source,
        note=found.reason,
        low=found.low if spread else None,
        high=found.high if spread else None,
    )


def _right(case: ValueCase, known: dict[str, Estimate], quality: Quality) -> dict[str, Estimate]:
    """Recall and specificity where the user gave none: moved as the benchmark score moves.

    The guess already holds the doubt about the template's own model, so the scores count without
    theirs: what is left is how far the task follows the benchmark.
    """
    if not follows_score(case, quality):
        return {}
    reference = _reference_quality(case.template)
    return {
        name: derive(
            value.odds_transferred_share,
            reference_share=known[name],
            score_share=_without_doubt(quality.score_share),
            reference_score_share=_without_doubt(reference.score_share),
            transfer_exponent=assumed("benchmark_transfer_exponent"),
        )
        for name in ("recall_share", "specificity_share")
        if getattr(case, name) is None
    }


def follows_score(case: ValueCase, quality: Quality) -> bool:
    """Whether a model's right answers in a use can be told from its score."""
    reference = _reference_quality(case.template)
    known = quality.score_share.known and reference.score_share.known
    return bool(quality.metric) and reference.metric == quality.metric and known


def _without_doubt(score: Estimate) -> Estimate:
    return score._replace(low=score.value, high=score.value)


@lru_cache(maxsize=64)
def _reference_quality(template: str) -> Quality:
    return project(template_scenario(template)).quality
