"""The estimates between bills and what they are worth in a use, each worked out once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from engine.projection import cash_flow, value
from engine.projection.working import assumed, chosen, derive
from engine.records import Estimate, Total

VOLUME = (
    "outcomes_per_day",
    "growth_share_per_year",
    "adoption_start_share",
    "adoption_full_share",
    "adoption_months",
)
"""What says how many outcomes there are, and when."""
ENDINGS = ("true_positive", "true_negative", "false_positive", "false_negative")


@dataclass(frozen=True)
class Books:
    """Costs of a scenario and choices of a case, and what follows from both."""

    costs: Mapping[str, Estimate]
    """Of each stage, by its name."""
    known: Mapping[str, Estimate]
    """Choices of the case, by name."""
    horizon: Estimate
    discount: Estimate

    @cached_property
    def volume(self) -> dict[str, Estimate]:
        """What says how many outcomes there are, and when."""
        return {name: self.known[name] for name in VOLUME} | {"horizon_months": self.horizon}

    @cached_property
    def outcome_count(self) -> Estimate:
        """Outcomes over the horizon."""
        return derive(cash_flow.outcome_count, **self.volume)

    @cached_property
    def present_count(self) -> Estimate:
        """Outcomes, each weighed by what a dollar then is worth now."""
        return derive(
            cash_flow.present_outcome_count,
            **self.volume,
            value_discount_share_per_year=self.discount,
        )

    @cached_property
    def busiest_outcomes_per_day(self) -> Estimate:
        """Outcomes decided by the model on a day of its busiest month."""
        return derive(cash_flow.busiest_outcomes_per_day, **self.volume)

    @cached_property
    def busiest_requests_per_day(self) -> Estimate:
        """Calls of the model in its busiest month."""
        return self._requests_per_day(self.busiest_outcomes_per_day)

    @cached_property
    def served_requests_per_day(self) -> Estimate:
        """Calls of the model a day that the computers are there for."""
        served = derive(
            cash_flow.served_outcomes_per_day,
            outcomes_per_day=self.volume["outcomes_per_day"],
            busiest_outcomes_per_day=self.busiest_outcomes_per_day,
        )
        return self._requests_per_day(served)

    def _requests_per_day(self, outcomes_per_day: Estimate) -> Estimate:
        return derive(
            value.requests_per_day,
            outcomes_per_day=outcomes_per_day,
            requests_per_outcome=self.known["requests_per_outcome"],
        )

    @cached_property
    def recall(self) -> Estimate:
        """Positives found once people have looked."""
        return self._reviewed("recall_share")

    @cached_property
    def specificity(self) -> Estimate:
        """Negatives left alone once people have looked."""
        return self._reviewed("specificity_share")

    @cached_property
    def model_right_share(self) -> Estimate:
        """Accuracy of the model alone."""
        return self._right(self.known["recall_share"], self.known["specificity_share"])

    @cached_property
    def right_share(self) -> Estimate:
        """Accuracy once people have looked."""
        return self._right(self.recall, self.specificity)

    @cached_property
    def gained(self) -> Estimate:
        """What the model adds to one outcome."""
        return self._gained(self.recall, self.specificity)

    @cached_property
    def upfront(self) -> Estimate:
        """Spent before the first answer."""
        return derive(
            cash_flow.upfront_usd,
            preparation_usd=self.costs["preparation"],
            training_usd=self.costs["training"],
            evaluation_usd=self.costs["evaluation"],
            build_usd=self.known["build_usd"],
        )

    @cached_property
    def running(self) -> Estimate:
        """Spent after it, over the horizon."""
        return derive(
            cash_flow.running_usd,
            storage_usd=self.costs["storage"],
            deployment_usd=self.costs["deployment"],
            operate_usd_per_month=self.known["operate_usd_per_month"],
            horizon_months=self.horizon,
        )

    @cached_property
    def cost(self) -> Estimate:
        """All of it."""
        return derive(cash_flow.whole_cost_usd, upfront_usd=self.upfront, running_usd=self.running)

    @cached_property
    def present_running(self) -> Estimate:
        """Running costs in money of now."""
        return derive(
            cash_flow.present_running_usd,
            running_usd=self.running,
            horizon_months=self.horizon,
            value_discount_share_per_year=self.discount,
        )

    @cached_property
    def npv(self) -> Estimate:
        """Net present value."""
        return self._npv(self.gained)

    @cached_property
    def npv_if_never_wrong(self) -> Estimate:
        """The same if the model were always right."""
        return self._npv(self._gained(chosen(1.0), chosen(1.0)))

    @cached_property
    def flow(self) -> dict[str, Estimate]:
        """What says which money comes when."""
        return self.volume | {
            "gained_usd_per_outcome": self.gained,
            "running_usd": self.running,
            "upfront_usd": self.upfront,
        }

    def irr_share_per_year(self) -> Estimate:
        """Internal rate of return."""
        return derive(cash_flow.irr_share_per_year, **self.flow)

    def payback_months(self) -> Estimate:
        """Months until gains make up for what was spent."""
        return derive(cash_flow.payback_months, **self.flow)

    def usd_per_right_outcome(self) -> Estimate:
        """Cost per successful outcome."""
        return derive(
            value.usd_per_right_outcome,
            cost_usd=self.cost,
            outcome_count=self.outcome_count,
            right_share=self.right_share,
            review_share=self.known["review_share"],
            review_usd_per_outcome=self.known["review_usd_per_outcome"],
        )

    def net_usd_per_year(self) -> Estimate:
        """Gains less costs of a mean year."""
        return derive(
            cash_flow.net_usd_per_year,
            outcome_count=self.outcome_count,
            gained_usd_per_outcome=self.gained,
            cost_usd=self.cost,
            horizon_months=self.horizon,
        )

    def break_even_outcomes_per_day(self) -> Estimate:
        """Volume at which nothing is left."""
        return derive(
            cash_flow.break_even_outcomes_per_day,
            outcomes_per_day=self.known["outcomes_per_day"],
            present_outcome_count=self.present_count,
            gained_usd_per_outcome=self.gained,
            upfront_usd=self.upfront,
            present_running_usd=self.present_running,
        )

    def break_even_right_share(self) -> Estimate:
        """Accuracy of the model at which nothing is left."""
        return derive(
            value.break_even_right_share,
            right_share=self.model_right_share,
            npv_usd=self.npv,
            never_wrong_npv_usd=self.npv_if_never_wrong,
        )

    def social_usd(self) -> Estimate:
        """Worth to others."""
        return derive(
            value.social_usd,
            outcome_count=self.outcome_count,
            right_share=self.right_share,
            social_usd_per_right=self.known["social_usd_per_right"],
        )

    def external_usd(self, total: Total) -> Estimate:
        """Carbon and water at what they cost others."""
        return derive(
            value.external_usd,
            carbon_kgco2e=total.carbon_kgco2e,
            social_usd_per_tonne_co2e=assumed("social_usd_per_tonne_co2e"),
            water_litres=total.water_litres,
            water_usd_per_litre=assumed("water_usd_per_litre"),
        )

    def _reviewed(self, name: str) -> Estimate:
        return derive(
            value.reviewed_share,
            right_share=self.known[name],
            review_share=self.known["review_share"],
            review_catch_share=self.known["review_catch_share"],
        )

    def _right(self, recall: Estimate, specificity: Estimate) -> Estimate:
        return derive(
            value.right_outcome_share,
            positive_share=self.known["positive_share"],
            recall_share=recall,
            specificity_share=specificity,
        )

    @cached_property
    def _before(self) -> Estimate:
        """Worth of one outcome without the model."""
        return self._each(
            self.known["baseline_recall_share"], self.known["baseline_specificity_share"]
        )

    def _each(self, recall: Estimate, specificity: Estimate) -> Estimate:
        return derive(
            value.usd_per_outcome,
            positive_share=self.known["positive_share"],
            recall_share=recall,
            specificity_share=specificity,
            **{f"usd_per_{name}": self.known[f"usd_per_{name}"] for name in ENDINGS},
        )

    def _gained(self, recall: Estimate, specificity: Estimate) -> Estimate:
        return derive(
            value.gained_usd_per_outcome,
            usd_per_outcome=self._each(recall, specificity),
            baseline_usd_per_outcome=self._before,
            baseline_work_usd_per_outcome=self.known["baseline_usd_per_outcome"],
            review_share=self.known["review_share"],
            review_usd_per_outcome=self.known["review_usd_per_outcome"],
        )

    def _npv(self, gained: Estimate) -> Estimate:
        return derive(
            cash_flow.npv_usd,
            present_outcome_count=self.present_count,
            gained_usd_per_outcome=gained,
            upfront_usd=self.upfront,
            present_running_usd=self.present_running,
        )
