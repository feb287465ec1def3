"""What a use of a model is worth: over time, by accuracy, by luck, by what moves it most."""

import numpy as np
import streamlit as st

from dashboard import data, explain, readable, worth_words
from dashboard.charts import worth as charts
from dashboard.headlines import scalar
from dashboard.i18n import t
from dashboard.valued import Valued
from dashboard.views import drawn
from engine.scenario import Scenario
from engine.value_case import ValueCase


def cash(found: Valued) -> None:
    """Cash over time."""
    st.header(t("worth.cash_title"), anchor=False)
    if found.balance_usd is None:
        st.info(t("worth.unknown"), icon=":material/help:")
        return
    payback = scalar(found.worth.payback_months.value)
    end = readable.money(float(found.balance_usd[-1]))
    drawn.chart(
        charts.cash_over_time(found.balance_usd, payback, worth_words.chart(), readable.money),
        alt=t("worth.cash_alt", end=end, payback=worth_words.months(payback)),
    )


def accuracy(found: Valued) -> None:
    """Value against accuracy."""
    st.header(t("worth.even_title"), anchor=False)
    line = worth_words.accuracies(found)
    if line is None:
        st.info(t("worth.unknown"), icon=":material/help:")
        return
    told = worth_words.break_even_sentence(line)
    st.caption(readable.unbroken(told))
    drawn.chart(
        charts.break_even(line, worth_words.chart(), readable.money, readable.share),
        alt=told,
    )


def doubt(found: Valued) -> None:
    """How it may end."""
    st.header(t("worth.spread_title"), anchor=False)
    if found.npv_usd is None or found.risk is None or not np.isfinite(found.npv_usd).any():
        st.info(t("worth.unknown"), icon=":material/help:")
        return
    told = worth_words.risk_sentence(found.risk)
    st.caption(worth_words.escaped(told))
    drawn.chart(
        charts.distribution(found.npv_usd, worth_words.chart(), readable.money),
        alt=told,
    )


def movers(found: Valued) -> None:
    """What moves the value most, one input at a time."""
    st.header(t("worth.tornado_title"), anchor=False)
    middle = scalar(found.worth.npv_usd.value)
    if middle is None or not found.swings:
        st.info(t("worth.unknown"), icon=":material/help:")
        return
    st.caption(t("worth.tornado_lead"))
    bars = worth_words.bars(found)
    drawn.chart(
        charts.tornado(bars, middle, worth_words.chart(), readable.money),
        alt=t("worth.tornado_alt", first=bars[0].label),
    )


def ways(scenario: Scenario, case: ValueCase, known: data.Seen) -> None:
    """Cost of own hardware, rented hardware, and answers from a seller."""
    costs, told = worth_words.ways(scenario, case, known)
    if told:
        st.caption(worth_words.escaped(told))
    bars = {way.label: scalar(way.estimate.value) for way in costs if way.estimate.known}
    if len(bars) > 1:
        drawn.chart(
            charts.ways(bars, worth_words.chart(), readable.money),
            alt="; ".join(f"{name} {readable.money(cost)}" for name, cost in bars.items()),
        )
    explain.explain_menu(costs, "ways")
