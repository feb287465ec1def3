"""What landmark models took to train, and where the scenario stands among them."""

import streamlit as st

from dashboard import data, explain, i18n, landmarks, link, phrases, readable
from dashboard.charts import history
from dashboard.i18n import t
from engine.scenario import Scenario

scenario = Scenario.model_validate(link.choices()[0])
known = data.seen()

st.markdown(t("history.lead"))
i18n.carry("history_measure")
labels = {name: t(f"history.{name}") for name in landmarks.MEASURES}
measure = st.pills(
    t("history.measure"),
    list(labels),
    default="flop",
    required=True,
    key="history_measure",
    persist_state="session",
    format_func=labels.__getitem__,
    label_visibility="collapsed",
)
marks = landmarks.marks(scenario, known, measure)
here = landmarks.ours(scenario, known, measure)
words = {group: t(f"history.{group}") for group in history.GROUPS} | {"ours": t("history.ours")}
if measure == "cost":
    words["catalogue"] = t("history.catalogue_today")
first, largest = min(marks, key=lambda m: m.published), max(marks, key=lambda m: m.number)
st.plotly_chart(
    history.over_time(marks, here, words, labels[measure], landmarks.say(measure)),
    config=phrases.PLOTLY,
    alt=t(
        "history.alt",
        measure=labels[measure],
        count=readable.count(len(marks)),
        first=str(first.published.year),
        name=largest.name,
        most=largest.says,
        ours=here.says if here else t("app.not_known"),
    ),
)
if here is not None:
    smaller = sum(m.number < here.number for m in marks)
    with st.container(horizontal=True, vertical_alignment="center"):
        told = t("history.place", says=here.says, smaller=str(smaller), count=str(len(marks)))
        st.markdown(told.replace("$", "\\$"), width="content")
        explain.explain_button(
            labels[measure],
            landmarks.training(scenario, known, measure),
            readable.flop if measure == "flop" else readable.money,
            "ours",
        )
st.caption(t(f"history.{measure}_source"))
