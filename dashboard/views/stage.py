"""What a step of a story shows."""

from collections.abc import Callable, Mapping

import streamlit as st

from dashboard import data, i18n, readable, scores
from dashboard.headlines import scalar
from dashboard.i18n import t
from dashboard.telling import TASK, Told
from dashboard.views import outcome, pictures, value
from dashboard.views.metric import metric
from engine.records import BadInput
from engine.validation.stored import read

LARGEST_SAVINGS = 6


def cards(told: Told) -> None:
    """The numbers the step names."""
    with st.grid(min(4, len(told.step.numbers)), min_column_width=190):
        for name in told.step.numbers:
            card = told.cards[name]
            metric(card.label, card.text, card.estimate.kind, card.range, colour="gray")


def money(told: Told) -> None:
    """Where the money goes."""
    outcome.money(told.answer)


def tradeoff(told: Told) -> None:
    """Cost against accuracy over model sizes."""
    outcome.against(told.scenario, told.known, told.answer)


def over_time(told: Told) -> None:
    """Cash and carbon over the horizon."""
    outcome.over_time(told.scenario, told.answer)


def measured(told: Told) -> None:
    """Accuracy of models trained here; of the sample, marked, where none was."""
    found = told.measured
    curve = found.evidence.classifier_curve(TASK)
    if curve is None:
        st.info(t("measurements.quality_empty"), icon=":material/science:")
        return
    if found is not told.known:
        machine = found.measurements[0].machine
        st.info(t("lab.sample_short", device=machine.device_name), icon=":material/science:")
    pictures.scores_by_size(curve, t(f"task.{TASK}"))


def savings(told: Told) -> None:
    """The largest levers."""
    cost_usd = scalar(told.answer.total.cost_usd.value)
    found = told.savings[:LARGEST_SAVINGS]
    if cost_usd is None:
        st.info(t("savings.no_price"), icon=":material/help:")
        return
    if not found:
        st.info(t("savings.none"), icon=":material/task_alt:")
        return
    pictures.savings(cost_usd, found)


def changed(told: Told) -> None:
    """What each choice that changed with this step does to the bill."""
    try:
        found = data.difference(told.before, told.scenario, "total.cost_usd", told.known)
    except BadInput as error:
        st.info(i18n.reason(str(error)), icon=":material/info:")
        return
    ends = t("present.before"), t("present.after")
    pictures.causes(found, told.scenario, ends, ends[1], readable.money, "changed")


def right(_: Told) -> None:
    """How far off the predictions are, where one constant was tried as well."""
    pairs = [pair for pair in scores.claim_pairs(read()) if pair.constant_share is not None]
    pictures.error_pairs(pairs, t("how_right.all_alt"))


def nothing(_: Told) -> None:
    """Words only."""


SHOWS: Mapping[str, Callable[[Told], None]] = {
    "nothing": nothing,
    "cards": cards,
    "money": money,
    "tradeoff": tradeoff,
    "over_time": over_time,
    "measured": measured,
    "savings": savings,
    "changed": changed,
    "right": right,
    "cash": lambda told: value.cash(told.valued),
    "break_even": lambda told: value.accuracy(told.valued),
    "spread": lambda told: value.doubt(told.valued),
    "movers": lambda told: value.movers(told.valued),
    "ways": lambda told: value.ways(told.scenario, told.case, told.known),
}
"""Every picture, by the name a story's file gives."""
