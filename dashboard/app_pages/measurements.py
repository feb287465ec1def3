"""What was measured: one machine and its limits, models' lives, levers, collectives, history."""

import streamlit as st

from dashboard import data, i18n, phrases, readable, runs
from dashboard.i18n import t
from dashboard.views import collectives, levers, lifecycle, machine, over_time

VIEWS = ("machine", "lifecycle", "levers", "collectives", "history", "runs")


def sample_card(known: data.Seen) -> None:
    """That these numbers are another machine's, and how to have one's own."""
    newest = max(known.measurements, key=lambda m: m.taken_at)
    st.warning(
        t(
            "lab.sample_lead",
            device=newest.machine.device_name,
            day=readable.day(newest.taken_at),
        ),
        title=t("lab.sample_title"),
        icon=":material/science:",
    )
    with st.container(border=True):
        st.markdown(t("measurements.empty_lead"))
        st.code("modelworth measure --suite quick", language=None)
        st.page_link(
            "app_pages/measure.py", label=t("lab.go_measure"), icon=":material/play_circle:"
        )


def lead(known: data.Seen) -> None:
    """How much was measured, where, and when last."""
    count = len(known.machines)
    st.markdown(
        t(
            "measurements.lead",
            count=readable.count(len(known.measurements)),
            machines=t("measurements.one_machine")
            if count == 1
            else t("measurements.many_machines", count=count),
            day=readable.day(max(m.taken_at for m in known.measurements)),
        )
    )


def picked_machine(known: data.Seen) -> str:
    """Which machine is looked at; the newest where there is no choice."""
    if len(known.machines) == 1:
        return next(iter(known.machines))
    return st.selectbox(
        t("measurements.machine_pick"),
        list(known.machines),
        format_func=known.machines.__getitem__,
        key="machine",
        persist_state="session",
    )


i18n.carry(
    "view", "machine", "learning_run", "quality_task", "family", "life_quantity",
    "lever_quantity", "history_workload",
)  # fmt: skip
known = data.seen()
is_sample = not known.measurements
if is_sample:
    known = data.sample()
    sample_card(known)
else:
    lead(known)

view = st.segmented_control(
    t("lab.view"),
    VIEWS,
    default="machine",
    required=True,
    format_func=lambda name: t(f"lab_view.{name}"),
    key="view",
    persist_state="session",
    label_visibility="collapsed",
)
found = known.evidence.hardware[picked_machine(known)] if view != "history" else None
if is_sample:
    device = next(iter(known.machines.values()))
    st.badge(t("lab.sample_short", device=device), icon=":material/science:", color="orange")
if found is None:
    over_time.show(known.measurements, known.steady)
elif view == "machine":
    machine.show(found, known.evidence.score_curves)
elif view == "lifecycle":
    lifecycle.show(found.measurements)
elif view == "levers":
    levers.show(found.measurements)
elif view == "collectives":
    collectives.show(found.measurements)
else:
    st.dataframe(
        runs.runs_table(found.measurements),
        hide_index=True,
        height=600,
        column_config=runs.taken_column(),
        alt=t("measurements.runs_alt"),
    )
    st.caption(phrases.software(found.machine))
