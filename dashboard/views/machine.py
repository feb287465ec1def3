"""One machine: what it is, its limits, how its models learned and how good they got."""

from collections.abc import Sequence

import streamlit as st

from dashboard import i18n, phrases, readable, runs
from dashboard.charts import learning, roofline
from dashboard.headlines import scalar
from dashboard.i18n import t
from dashboard.views import pictures
from engine.projection.accuracy_fit import Foreseen, foreseen
from engine.projection.evidence import HardwareEvidence
from engine.projection.score_curves import FEWEST_SIZES, ScoreCurve
from engine.records import Estimate, Measurement


def show(found: HardwareEvidence, curves: Sequence[ScoreCurve]) -> None:
    """The machine's card, its roofline, accuracy against size, and one run as it learned."""
    machine_card(found)
    with st.container(border=True):
        roofline_card(found)
    left, right = st.columns(2)
    with left.container(border=True, height="stretch"):
        quality_card([c for c in curves if len(c.points) >= FEWEST_SIZES])
    with right.container(border=True, height="stretch"):
        learning_card(runs.learning_runs(found.measurements))


def rate(value_per_s: float | None) -> str:
    """Arithmetic per second."""
    return readable.per_second(value_per_s, "FLOP")


def flow(value_per_s: float | None) -> str:
    """Bytes per second."""
    return readable.per_second(value_per_s, "B")


def peaks(found: HardwareEvidence) -> dict[str, Estimate]:
    """Best arithmetic of the machine, by the name of its precision."""
    ordered = sorted(found.peak_flop_per_s.items())
    return {t(f"option.precision.{precision}"): peak for precision, peak in ordered}


def machine_card(found: HardwareEvidence) -> None:
    """What the machine is, and what it reached."""
    best = t("measurements.peak")
    reached = [(f"{best}, {name}", peak, rate) for name, peak in peaks(found).items()] + [
        (t("measurements.bandwidth"), found.bandwidth_bytes_per_s, flow),
        (t("measurements.read"), found.storage_read_bytes_per_s, flow),
        (t("measurements.write"), found.storage_write_bytes_per_s, flow),
        (power_label(found.busy_power_w), found.busy_power_w, readable.power),
    ]
    known = [(label, e, say) for label, e, say in reached if e is not None]
    with st.container(border=True):
        st.markdown(f"**{found.machine.device_name}**")
        st.caption(" · ".join(phrases.machine_lines(found.machine)))
        with st.grid(phrases.even_columns(len(known)), min_column_width=140):
            for label, estimate, say in known:
                st.metric(label, say(scalar(estimate.value)))


def power_label(power: Estimate | None) -> str:
    """What the power is called: an estimate is never shown as if a meter had read it."""
    estimated = power is not None and power.kind != "measured"
    return t("measurements.power_estimated" if estimated else "measurements.power")


def roofline_card(found: HardwareEvidence) -> None:
    """This machine's points under its own roof."""
    st.header(t("measurements.roofline_title"), anchor=False)
    points = roofline.points(found.measurements)
    if not points:
        st.caption(t("measurements.roofline_empty"))
        return
    st.caption(t("measurements.roofline_lead"))
    roofs = {name: float(peak.value or 0.0) for name, peak in peaks(found).items()}
    bandwidth = found.bandwidth_bytes_per_s
    names = {point.workload: runs.workload(point.workload) for point in points}
    st.plotly_chart(
        roofline.roofline(
            points,
            roofs,
            scalar(bandwidth.value) if bandwidth else None,
            phrases.chart() | {"rate_only": t("lab.rate_only")} | names,
            rate,
            readable.number,
        ),
        config=phrases.PLOTLY,
        alt=t("measurements.roofline_alt", device=found.machine.device_name, count=len(points)),
    )


def learning_card(learned: Sequence[Measurement]) -> None:
    """Loss and accuracy per epoch of one run."""
    st.header(t("measurements.learning_title"), anchor=False)
    if not learned:
        st.caption(t("measurements.learning_empty"))
        return
    by_key = {m.key: m for m in learned}
    labels = {key: runs.run_name(m) for key, m in by_key.items()}
    key = st.selectbox(
        t("measurements.learning_pick"),
        list(labels),
        format_func=labels.__getitem__,
        key="learning_run",
        persist_state="session",
    )
    picked = by_key[key]
    st.plotly_chart(
        learning.by_epoch(picked.epochs, phrases.chart(), readable.number, readable.score),
        config=phrases.PLOTLY,
        alt=t(
            "measurements.learning_alt",
            accuracy=readable.score(picked.epochs[-1].held_out_accuracy_share),
        ),
    )


def curve_name(curve: ScoreCurve) -> str:
    """What was trained at several sizes: the family, or the task of the plain classifier."""
    key = f"task.{curve.name}"
    return t(key) if i18n.known(key) else runs.family(curve.name)


def quality_card(curves: Sequence[ScoreCurve]) -> None:
    """Score against size, with the curve fitted to it."""
    st.header(t("measurements.quality_title"), anchor=False)
    if not curves:
        st.caption(t("measurements.quality_empty"))
        return
    by_id = {f"{place} {curve.name}": curve for place, curve in enumerate(curves)}
    names = {key: curve_name(curve) for key, curve in by_id.items()}
    picked = st.selectbox(
        t("measurements.task_pick"),
        list(names),
        format_func=names.__getitem__,
        key="quality_task",
        persist_state="session",
    )
    curve = by_id[picked]
    st.caption(t("measurements.quality_lead"))
    pictures.scores_by_size(curve, names[picked])
    if (told := foreseen(curve)) is not None:
        st.caption(readable.unbroken(foreseen_words(told)))


def foreseen_words(found: Foreseen) -> str:
    """How near the largest size would have been predicted from the three smallest."""
    return t(
        "measurements.foreseen" if found.held else "measurements.foreseen_missed",
        predicted=readable.score(found.predicted_share),
        range=readable.score_range(found.low_share, found.high_share),
        measured=readable.score(found.measured_share),
    )
