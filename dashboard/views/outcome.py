"""What a scenario comes to: where the money goes, what accuracy costs, how both grow over time."""

import streamlit as st

from dashboard import data, phrases, readable
from dashboard.charts import cost, frontier, timeline
from dashboard.headlines import scalar
from dashboard.i18n import t
from dashboard.views import drawn
from engine.records import Projection
from engine.scenario import Scenario


def money(answer: Projection) -> None:
    """Where the money goes."""
    spent = cost.spending(answer)
    totals = {
        stage: readable.money(scalar(getattr(answer, stage).bill.cost_usd.value))
        for stage in cost.STAGES
    }
    st.header(t("what_if.money_title"), anchor=False)
    drawn.chart(
        cost.where_money_goes(spent, phrases.spending(), phrases.SPENT),
        alt=t("what_if.money_alt", **totals),
    )


def against(scenario: Scenario, known: data.Seen, answer: Projection) -> None:
    """Cost against accuracy over model sizes; over size alone where only one of them is known."""
    sizes_billion, many = data.frontier(scenario, known)
    curve = frontier.curve(sizes_billion, many)
    here = frontier.here(data.parameter_count(scenario), answer)
    shown = frontier.view(curve, here)
    texts = {
        "smallest": readable.count(curve.parameter_count[0]),
        "largest": readable.count(curve.parameter_count[-1]),
        "cost": readable.money(here.cost_usd),
        "score": readable.score(here.score_share),
    }
    st.header(t(f"what_if.{shown}_title"), anchor=False)
    st.caption(t(f"what_if.{shown}_lead", **texts))
    if shown != "nothing":
        says = frontier.Says(readable.money, readable.count, readable.share)
        drawn.chart(
            frontier.over_sizes(curve, here, phrases.chart(), says),
            alt=t(f"what_if.{shown}_alt", **texts),
        )


def over_time(scenario: Scenario, answer: Projection) -> None:
    """Cash and carbon over the horizon."""
    months, runs = scalar(scenario.horizon_months), scalar(scenario.training_run_count)
    found = timeline.timeline(answer, months or 0.0, runs or 0.0)
    texts = {
        "built": readable.money(found.cost_usd.built),
        "months": readable.number(found.horizon_months),
        "cost": readable.money(found.cost_usd.at_end),
        "carbon": readable.carbon(found.carbon_kgco2e.at_end),
    }
    st.header(t("what_if.time_title"), anchor=False)
    st.caption(t("what_if.time_lead", **texts))
    drawn.chart(
        timeline.over_time(found, phrases.over_time(), readable.money, _carbon, readable.number),
        alt=t("what_if.time_alt", **texts),
    )


def _carbon(value_kgco2e: float) -> str:
    """Nothing yet is written without a unit: beside tonnes it would be in kilograms."""
    return readable.carbon(value_kgco2e) if value_kgco2e else "0"
