"""Measuring this machine from the page: start, watch, stop."""

import os
from datetime import UTC, datetime

import psutil
import streamlit as st

from dashboard import i18n, measuring, readable, runs, widgets
from dashboard.i18n import t
from dashboard.measuring import Run, Status
from engine.records import CannotContinue

LOOK_EVERY_S = 1.0
LOG_HEIGHT_PX = 260


def refused() -> None:
    """Why visitors cannot measure here, and how to measure without the page."""
    why = measuring.obstacle()
    with st.container(border=True):
        st.header(t("measure.refused_title"), anchor=False)
        st.markdown(t(f"measure.refused_{why}") if why else t("measure.refused_address"))
        st.code("modelworth measure --suite quick", language=None)
        if why is None:
            st.caption(t("measure.refused_switch", switch=f"{measuring.SWITCH}=on"))


def chooser(last: Status) -> None:
    """What to measure, and the button that starts it; what was cut short is proposed first."""
    unfinished = last.run.suite if last.run and last.state in ("stopped", "died") else None
    with st.container(border=True):
        suite = st.segmented_control(
            t("measure.suite"),
            measuring.SUITES,
            default=unfinished or "quick",
            required=True,
            format_func=lambda name: t(f"suite.{name}"),
            key="suite",
            persist_state="session",
        )
        st.caption(t(f"suite_about.{suite}"))
        with st.expander(t("measure.more"), icon=":material/tune:"):
            process_count = st.select_slider(
                t("measure.processes"),
                range(1, (psutil.cpu_count() or 1) + 1),
                help=t("measure.processes_help"),
                key="process_count",
                persist_state="session",
            )
            again = st.toggle(
                t("measure.again"),
                help=t("measure.again_help"),
                key="again",
                persist_state="session",
            )
        label = t("measure.go_on" if suite == unfinished else "measure.start")
        if st.button(label, type=widgets.main_button(), icon=":material/play_arrow:", key="start"):
            begin(suite, process_count, again)
        st.caption(t("measure.outlives"))


def begin(suite: str, process_count: int, again: bool) -> None:
    """Start, or say who was faster."""
    try:
        measuring.start(suite, process_count=process_count, again=again)
    except measuring.Busy:
        st.warning(t("measure.busy"), icon=":material/hourglass_top:")
    except CannotContinue as error:
        st.error(i18n.reason(str(error)), icon=":material/block:")
    else:
        st.rerun()


def headline(run: Run) -> str:
    """Which suite, since when, on how many processes."""
    return t(
        "measure.running" if run.process_count == 1 else "measure.running_many",
        suite=t(f"suite.{run.suite}"),
        started=f"{datetime.fromisoformat(run.started_at):%H:%M}",
        count=run.process_count,
    )


def under_way() -> None:
    """The run as it goes; when it is over, the whole page is drawn anew."""
    now = measuring.status()
    if now.state != "running" or now.run is None:
        st.rerun()
    with st.container(border=True):
        left, right = st.columns([4, 1], vertical_alignment="center")
        left.header(headline(now.run), anchor=False)
        if right.button(t("measure.stop"), icon=":material/stop:", key="stop", width="stretch"):
            with st.spinner(t("measure.stopping")):
                measuring.stop()
            st.rerun()
        bars(now)
    results(now)
    log(now)


def bars(now: Status) -> None:
    """How far the whole is, and the job under way."""
    progress, run = now.progress, now.run
    assert run is not None
    if progress.all_count is None:
        st.progress(0.0, t("measure.preparing"))
        return
    elapsed_s = (datetime.now(UTC) - datetime.fromisoformat(run.started_at)).total_seconds()
    left_s = progress.left_s(elapsed_s)
    words = t("measure.so_far", done=len(progress.jobs), count=progress.left_count)
    if left_s is not None:
        words += t("measure.time_left", time=readable.seconds(max(1.0, left_s)))
    st.progress(progress.done_share, words)
    if progress.workload is not None:
        job = runs.job_name(progress.workload, progress.settings or {})
        st.progress(min(1.0, progress.share), t("measure.now", job=job))


def results(now: Status) -> None:
    """What was measured so far, newest first."""
    if now.progress.jobs:
        st.header(t("measure.results"), anchor=False)
        st.dataframe(
            runs.jobs_table(now.progress.jobs), hide_index=True, alt=t("measure.results_alt")
        )


def log(now: Status) -> None:
    """The process's own words."""
    if now.log.strip():
        with st.expander(t("measure.log"), icon=":material/terminal:"):
            st.code(now.log, language=None, height=LOG_HEIGHT_PX, wrap_lines=True)


def over(last: Status) -> None:
    """What became of the last run."""
    run, progress = last.run, last.progress
    if run is None:
        return
    values = {
        "suite": t(f"suite.{run.suite}"),
        "measured": progress.measured_count,
        "failed": len(progress.failed),
        "held": (progress.all_count or 0) - progress.left_count,
    }
    words = t(f"measure.was_{last.state}", **values)
    if last.state == "done" and not progress.jobs:
        words = t("measure.was_held", **values)
    show = {"done": st.success, "stopped": st.info, "died": st.warning, "failed": st.error}
    show[last.state](words, icon=f":material/{ICONS[last.state]}:")
    if last.state == "failed" and progress.reason:
        st.caption(progress.reason)
    if progress.measured_count:
        st.page_link(
            "app_pages/measurements.py",
            label=t("measure.see"),
            icon=":material/arrow_forward:",
        )


ICONS = {
    "done": "check_circle",
    "stopped": "pause_circle",
    "died": "heart_broken",
    "failed": "error",
}

i18n.carry("suite", "process_count", "again")
st.markdown(t("measure.lead"))
may = measuring.allowed(
    st.get_option("server.address"), st.context.headers, os.environ.get(measuring.SWITCH)
)
if not may or measuring.obstacle():
    refused()
    st.stop()

seen = measuring.status()
if seen.state == "running":
    st.fragment(under_way, run_every=LOOK_EVERY_S)()
else:
    over(seen)
    chooser(seen)
    results(seen)
    log(seen)
