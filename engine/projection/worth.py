"""Whether it is worth it: a projection's cost joined to what its answers are worth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from engine import catalogue
from engine.catalogue.schema import Guess
from engine.projection import project, value
from engine.projection.evidence import NO_EVIDENCE, Evidence
from engine.projection.working import assumed, chosen, derive
from engine.records import Estimate, Note, Projection, Quality, Source
from engine.scenario import Scenario
from engine.units import Float
from engine.value_case import GUESSED, ValueCase


@dataclass(frozen=True, slots=True)
class Worth:
    """What a scenario is worth in one use. Cash first; what others gain and pay is kept apart."""

    outcome_count: Estimate
    """Over the horizon."""
    right_share: Estimate
    """Of the outcomes, review included."""
    gained_usd_per_outcome: Estimate
    cost_usd: Estimate
    """Of the projection, and of the people around it."""
    usd_per_right_outcome: Estimate
    net_usd_per_year: Estimate
    npv_usd: Estimate
    irr_share_per_year: Estimate
    payback_months: Estimate
    break_even_outcomes_per_day: Estimate
    break_even_right_share: Estimate
    """Of the model alone, before review."""
    social_usd: Estimate
    external_usd: Estimate
    notes: tuple[Note, ...] = ()


def odds_transferred_share(
    reference_share: Float,
    score_share: Float,
    reference_score_share: Float,
    transfer_exponent: Float,
) -> Float:
    """Share right on the task of a model that scores otherwise on a benchmark.

    The odds of being right on the task move as those on the benchmark, to a power: 1 moves them
    in step, 0 not at all. Where the task is solved always or never, it stays so.
    """
    odds = _odds(score_share) / _odds(reference_score_share)
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = _odds(reference_share) * odds**transfer_exponent
        share = np.where(np.isinf(moved), 1.0, moved / (1.0 + moved))
    return np.where((reference_share <= 0.0) | (reference_share >= 1.0), reference_share, share)


def requests_per_day(outcomes_per_day: Float, requests_per_outcome: Float) -> Float:
    """Calls of the model on a day when every outcome goes through it."""
    return outcomes_per_day * requests_per_outcome


def upfront_usd(
    preparation_usd: Float, training_usd: Float, evaluation_usd: Float, build_usd: Float
) -> Float:
    """What is spent before the first answer, on computers and on people."""
    return preparation_usd + training_usd + evaluation_usd + build_usd


def running_usd(
    storage_usd: Float,
    deployment_usd: Float,
    operate_usd_per_month: Float,
    horizon_months: Float,
) -> Float:
    """What keeping, serving and people's work cost over the horizon."""
    return storage_usd + deployment_usd + operate_usd_per_month * horizon_months


def whole_cost_usd(upfront_usd: Float, running_usd: Float) -> Float:
    """All costs over the horizon: of the model, and of the people around it."""
    return upfront_usd + running_usd


def template_scenario(template: str, case: ValueCase | None = None) -> Scenario:
    """The scenario a use starts from, serving the load of the case.

    Raises:
        BadInput: no such template.
    """
    asked = case or ValueCase(template=template)
    found = catalogue.value_template(template)
    start = Scenario.model_validate(found.scenario)
    load = requests_per_day(
        _plain(asked.outcomes_per_day, found.outcomes_per_day),
        _plain(asked.requests_per_outcome, found.requests_per_outcome),
    )
    return start.replace(requests_per_day=load)


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
    known = {name: _guess(case, name) for name in GUESSED}
    known |= _right(case, known, answer.quality)
    return _Books(scenario, case, answer, known).closed()


@dataclass(frozen=True)
class _Books:
    """The estimates that go into the result."""

    scenario: Scenario
    case: ValueCase
    answer: Projection
    known: dict[str, Estimate]

    def closed(self) -> Worth:
        """All of it."""
        positive = self.known["positive_share"]
        recall, specificity = self.reviewed("recall_share"), self.reviewed("specificity_share")
        right = derive(
            value.right_outcome_share,
            positive_share=positive,
            recall_share=recall,
            specificity_share=specificity,
        )
        gained = self.gained(recall, specificity)
        count = derive(value.outcome_count, **self.volume())
        npv = self.npv(gained)
        cost = derive(whole_cost_usd, upfront_usd=self.upfront(), running_usd=self.running())
        flow = self.volume() | {
            "gained_usd_per_outcome": gained,
            "running_usd": self.running(),
            "upfront_usd": self.upfront(),
        }
        return Worth(
            outcome_count=count,
            right_share=right,
            gained_usd_per_outcome=gained,
            cost_usd=cost,
            usd_per_right_outcome=derive(
                value.usd_per_right_outcome,
                cost_usd=cost,
                outcome_count=count,
                right_share=right,
                review_share=self.known["review_share"],
                review_usd_per_outcome=self.known["review_usd_per_outcome"],
            ),
            net_usd_per_year=derive(
                value.net_usd_per_year,
                outcome_count=count,
                gained_usd_per_outcome=gained,
                cost_usd=cost,
                horizon_months=self.horizon(),
            ),
            npv_usd=npv,
            irr_share_per_year=derive(value.irr_share_per_year, **flow),
            payback_months=derive(value.payback_months, **flow),
            break_even_outcomes_per_day=derive(
                value.break_even_outcomes_per_day,
                outcomes_per_day=self.known["outcomes_per_day"],
                present_outcome_count=self.present_count(),
                gained_usd_per_outcome=gained,
                upfront_usd=self.upfront(),
                present_running_usd=self.present_running(),
            ),
            break_even_right_share=derive(
                value.break_even_right_share,
                recall_share=self.known["recall_share"],
                specificity_share=self.known["specificity_share"],
                npv_usd=npv,
                never_wrong_npv_usd=self.npv(self.gained(chosen(1.0), chosen(1.0))),
            ),
            social_usd=derive(
                value.social_usd,
                outcome_count=count,
                right_share=right,
                social_usd_per_right=self.known["social_usd_per_right"],
            ),
            external_usd=derive(
                value.external_usd,
                carbon_kgco2e=self.answer.total.carbon_kgco2e,
                social_usd_per_tonne_co2e=assumed("social_usd_per_tonne_co2e"),
                water_litres=self.answer.total.water_litres,
                water_usd_per_litre=assumed("water_usd_per_litre"),
            ),
            notes=self.notes(),
        )

    def reviewed(self, name: str) -> Estimate:
        """Recall or specificity once people have looked."""
        return derive(
            value.reviewed_share,
            right_share=self.known[name],
            review_share=self.known["review_share"],
            review_catch_share=self.known["review_catch_share"],
        )

    def each(self, recall: Estimate, specificity: Estimate) -> Estimate:
        """Worth of one outcome at that recall and specificity."""
        names = ("true_positive", "true_negative", "false_positive", "false_negative")
        return derive(
            value.usd_per_outcome,
            positive_share=self.known["positive_share"],
            recall_share=recall,
            specificity_share=specificity,
            **{f"usd_per_{name}": self.known[f"usd_per_{name}"] for name in names},
        )

    def gained(self, recall: Estimate, specificity: Estimate) -> Estimate:
        """What the model adds to one outcome."""
        known = self.known
        before = self.each(known["baseline_recall_share"], known["baseline_specificity_share"])
        return derive(
            value.gained_usd_per_outcome,
            usd_per_outcome=self.each(recall, specificity),
            baseline_usd_per_outcome=before,
            baseline_work_usd_per_outcome=known["baseline_usd_per_outcome"],
            review_share=known["review_share"],
            review_usd_per_outcome=known["review_usd_per_outcome"],
        )

    def volume(self) -> dict[str, Estimate]:
        """What says how many outcomes there are, and when."""
        names = (
            "outcomes_per_day",
            "growth_share_per_year",
            "adoption_start_share",
            "adoption_full_share",
            "adoption_months",
        )
        return {name: self.known[name] for name in names} | {"horizon_months": self.horizon()}

    def horizon(self) -> Estimate:
        """Months of use."""
        return chosen(self.scenario.horizon_months)

    def discount(self) -> Estimate:
        """Of money that comes later."""
        return chosen(self.case.value_discount_share_per_year)

    def present_count(self) -> Estimate:
        """Outcomes in money of now."""
        return derive(
            value.present_outcome_count,
            **self.volume(),
            value_discount_share_per_year=self.discount(),
        )

    def upfront(self) -> Estimate:
        """Before the first answer."""
        answer = self.answer
        return derive(
            upfront_usd,
            preparation_usd=answer.preparation.bill.cost_usd,
            training_usd=answer.training.bill.cost_usd,
            evaluation_usd=answer.evaluation.bill.cost_usd,
            build_usd=self.known["build_usd"],
        )

    def running(self) -> Estimate:
        """After it."""
        return derive(
            running_usd,
            storage_usd=self.answer.storage.bill.cost_usd,
            deployment_usd=self.answer.deployment.bill.cost_usd,
            operate_usd_per_month=self.known["operate_usd_per_month"],
            horizon_months=self.horizon(),
        )

    def present_running(self) -> Estimate:
        """Running costs in money of now."""
        return derive(
            value.present_running_usd,
            running_usd=self.running(),
            horizon_months=self.horizon(),
            value_discount_share_per_year=self.discount(),
        )

    def npv(self, gained: Estimate) -> Estimate:
        """Net present value at that gain per outcome."""
        return derive(
            value.npv_usd,
            present_outcome_count=self.present_count(),
            gained_usd_per_outcome=gained,
            upfront_usd=self.upfront(),
            present_running_usd=self.present_running(),
        )

    def notes(self) -> tuple[Note, ...]:
        """Where cost and use do not fit together."""
        wanted = derive(
            requests_per_day,
            outcomes_per_day=self.known["outcomes_per_day"],
            requests_per_outcome=self.known["requests_per_outcome"],
        )
        served = np.asarray(self.scenario.requests_per_day)
        if wanted.value is None or np.all(served >= np.asarray(wanted.value) * 0.999):
            return ()
        return (
            Note(
                "serves-too-little",
                {"served": float(np.min(served)), "wanted": float(np.max(wanted.value))},
            ),
        )


def _guess(case: ValueCase, name: str) -> Estimate:
    own = getattr(case, name)
    if own is not None:
        return chosen(own)
    return _from_guess(case.template, name)


@lru_cache(maxsize=1024)
def _from_guess(template: str, name: str) -> Estimate:
    found: Guess = getattr(catalogue.value_template(template), name)
    source = Source(f"Template {template}: a guess to replace by your own number")
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
    """Recall and specificity where the user gave none: moved as the benchmark score moves."""
    reference = _reference_quality(case.template)
    same = reference.metric == quality.metric and quality.metric
    if not same or not quality.score_share.known or not reference.score_share.known:
        return {}
    return {
        name: derive(
            odds_transferred_share,
            reference_share=known[name],
            score_share=quality.score_share,
            reference_score_share=reference.score_share,
            transfer_exponent=assumed("benchmark_transfer_exponent"),
        )
        for name in ("recall_share", "specificity_share")
        if getattr(case, name) is None
    }


@lru_cache(maxsize=64)
def _reference_quality(template: str) -> Quality:
    return project(template_scenario(template)).quality


def _odds(share: Float) -> Float:
    share = np.clip(share, 1e-6, 1.0 - 1e-6)
    return share / (1.0 - share)


def _plain(own: Float | None, guess: Guess) -> Float:
    return guess.value if own is None else own
