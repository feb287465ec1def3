"""What each lever bought, and whether it was worth it."""

from collections.abc import Sequence

import streamlit as st

from dashboard import i18n, lever_reading, phrases, readable, runs
from dashboard.charts import levers as charts
from dashboard.i18n import t
from dashboard.lever_reading import GAINS, LeverReading
from dashboard.theme import Say
from engine.projection.lever_table import Change, LeverRow, lever_rows
from engine.records import Measurement, Setting

HIDDEN = ("runtime", "fine_tune_example_count")
ICONS = {"worth": "✓", "weigh": "⚖", "unsure": "?", "nothing": "–", "worse": "✗"}
ROW_PX = 62
"""Room for three lines: what is said in words wraps."""
SAID_COUNT = 2
"""So many gains and losses are said; the table holds all."""


def show(measurements: Sequence[Measurement]) -> None:
    """A chart of gains against accuracy, and every row before and after."""
    found = lever_rows(measurements)
    if not found:
        st.info(t("lab.levers_empty"), icon=":material/tune:")
        st.code("modelworth measure --suite standard", language=None)
        return
    readings = [lever_reading.read(row) for row in found]
    st.markdown(
        t(
            "lab.levers_lead",
            count=len(found),
            worth=sum(r.verdict == "worth" for r in readings),
            unsure=sum(r.verdict == "unsure" for r in readings),
        )
    )
    quantity = st.segmented_control(
        t("lab.lever_quantity"),
        list(GAINS),
        default="artefact_bytes",
        required=True,
        format_func=lambda name: t(f"lever_quantity.{name}"),
        key="lever_quantity",
        persist_state="session",
    )
    chart(found, readings, quantity)
    st.dataframe(
        [line(row, read) for row, read in zip(found, readings, strict=True)],
        hide_index=True,
        row_height=ROW_PX,
        alt=t("lab.levers_table_alt"),
        column_config={
            t("column.lever"): st.column_config.TextColumn(width=250),
            t("column.verdict"): st.column_config.TextColumn(width=130),
            t("column.reading"): st.column_config.TextColumn(width=380),
        },
    )
    st.caption(t("lab.levers_rule"))


def chart(found: Sequence[LeverRow], readings: Sequence[LeverReading], quantity: str) -> None:
    """One quantity against the score."""
    bought = [
        charts.Bought(
            runs.workload(row.lever),
            name(row),
            ratio,
            row.score_change_share,
            read.score_half_width_share,
        )
        for row, read in zip(found, readings, strict=True)
        if (ratio := getattr(row, quantity).ratio) is not None
    ]
    if not bought:
        st.info(t("lab.quantity_unknown"))
        return
    axis = t("lab.lever_axis", quantity=t(f"lever_quantity.{quantity}"))
    st.plotly_chart(
        charts.gains(bought, axis, t("lab.score_axis"), lambda v: f"{readable.number(v)}×"),
        config=phrases.PLOTLY,
        alt=t("lab.levers_alt", count=len(bought), quantity=t(f"lever_quantity.{quantity}")),
    )


def line(row: LeverRow, read: LeverReading) -> dict[str, str]:
    """One row before and after."""
    return {
        t("column.lever"): name(row),
        t("column.verdict"): f"{ICONS[read.verdict]} {t(f'verdict.{read.verdict}')}",
        t("column.reading"): sentence(row, read),
        t("column.score"): arrow(row.score, readable.score),
        t("column.score_change"): change(row, read),
        t("lever_quantity.artefact_bytes"): arrow(row.artefact_bytes, readable.data),
        t("lever_quantity.packed_bytes"): arrow(row.packed_bytes, readable.data),
        t("lever_quantity.latency_s"): arrow(row.latency_s, readable.seconds),
        t("lever_quantity.examples_per_s"): arrow(row.examples_per_s, readable.number),
        t("lever_quantity.energy_j"): arrow(row.energy_j, readable.joules) + estimated(row),
        t("lever_quantity.training_time_s"): arrow(row.training_time_s, readable.seconds),
    }


def name(row: LeverRow) -> str:
    """The lever, how it was set, and on which model."""
    own = " ".join(_set(k, v) for k, v in row.settings.items() if k not in HIDDEN)
    parts = (runs.workload(row.lever), own, runs.family(row.family))
    return " · ".join(part for part in parts if part)


def _set(name: str, value: Setting) -> str:
    if isinstance(value, str):
        return t(f"lever_way.{value}") if i18n.known(f"lever_way.{value}") else value
    if name == "share":
        return readable.share(float(value))
    return runs.setting(name, value)


def sentence(row: LeverRow, read: LeverReading) -> str:
    """What got better and worse, and what became of the score."""
    said = [
        score_words(row, read),
        *(t(f"lever_better.{n}", times=readable.number(x)) for n, x in read.better[:SAID_COUNT]),
        *(t(f"lever_worse.{n}", times=readable.number(x)) for n, x in read.worse[:SAID_COUNT]),
    ]
    return t("lab.joint").join(said) + t("lab.stop")


def score_words(row: LeverRow, read: LeverReading) -> str:
    """What became of the score, beyond what other seeds would have changed."""
    points = f"{abs(row.score_change_share) * 100:.1f}"
    if read.score_half_width_share is None:
        return t("lab.score_one_seed", points=points)
    if read.score_fell:
        return t("lab.score_fell", points=points)
    return t("lab.score_held", seeds=row.seed_count)


def change(row: LeverRow, read: LeverReading) -> str:
    """Change of the score in points, with its 95 % interval."""
    half = read.score_half_width_share
    around = "" if half is None else f" ± {half * 100:.1f}"
    return f"{readable.points(row.score_change_share)}{around}"


def arrow(found: Change, say: Say) -> str:
    """Before → after."""
    if found.after is None:
        return readable.DASH
    before = readable.DASH if found.before is None else say(found.before)
    return f"{before} → {say(found.after)}"


def estimated(row: LeverRow) -> str:
    """The mark of energies that no meter read."""
    if row.energy_j.after is None or row.energy_kind != "estimated":
        return ""
    return t("app.aside", told="", aside=t("energy_kind.estimated"))
