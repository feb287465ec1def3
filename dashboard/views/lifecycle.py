"""A model's life, stage by stage."""

from collections.abc import Callable, Sequence

import streamlit as st

from dashboard import lifecycle, phrases, readable, runs
from dashboard.charts import lifecycle as charts
from dashboard.i18n import t
from dashboard.lifecycle import Reading, Stage
from engine.records import Measurement

SAYS: dict[str, Callable[[float | None], str]] = {
    "time_s": readable.seconds,
    "energy_j": readable.joules,
    "made_bytes": readable.data,
    "memory_bytes": readable.data,
}


def show(measurements: Sequence[Measurement]) -> None:
    """Pick a family and a quantity; one chart and its table."""
    lives = lifecycle.lives(measurements)
    if not lives:
        st.info(t("lab.lifecycle_empty"), icon=":material/timeline:")
        st.code("modelworth measure --suite standard", language=None)
        return
    left, right = st.columns([1, 1], vertical_alignment="bottom")
    family = left.selectbox(
        t("lab.family"), list(lives), format_func=runs.family, key="family", persist_state="session"
    )
    quantity = right.segmented_control(
        t("lab.quantity"),
        lifecycle.QUANTITIES,
        default="time_s",
        required=True,
        format_func=lambda name: t(f"lab_quantity.{name}"),
        key="life_quantity",
        persist_state="session",
    )
    stages = lives[family]
    st.caption(t(f"lab_quantity_about.{quantity}"))
    chart(stages, quantity)
    st.dataframe(table(stages), hide_index=True, alt=t("lab.lifecycle_table_alt"))


def chart(stages: Sequence[Stage], quantity: str) -> None:
    """Every stage at every size."""
    sizes = lifecycle.sizes(stages)
    marks = [
        charts.Mark(stage_name(s), size_name(s), r.value, r.low, r.high, r.is_estimate)
        for s in stages
        if (r := getattr(s, quantity)) is not None and r.value > 0
    ]
    if not marks:
        st.info(t("lab.quantity_unknown"))
        return
    shown = {m.stage for m in marks}
    rows = [name for name in dict.fromkeys(map(stage_name, stages)) if name in shown]
    names = [t("lab.all_sizes"), *(size_words(size, count) for size, count in sizes.items())]
    st.plotly_chart(
        charts.stages(marks, names, rows, SAYS[quantity], {"estimated": estimated()}),
        config=phrases.PLOTLY,
        alt=t("lab.lifecycle_alt", count=len(rows), sizes=len(sizes)),
    )


def stage_name(stage: Stage) -> str:
    """A stage and what tells it apart: Load · ONNX, cold."""
    own = dict(stage.own)
    parts = []
    if "step" in own:
        parts.append(t(f"lab_step.{own['step']}"))
    if "format" in own:
        parts.append(t(f"lab_format.{own['format']}"))
    if "cold" in own:
        parts.append(t("lab.cold" if own["cold"] else "lab.warm"))
    if "request_size" in own:
        parts += [f"{own['request_size']}×", t(f"lab_format.{own['runtime']}")]
    if "fold_count" in own:
        parts.append(f"{own['fold_count']}×")
    return (
        " · ".join([runs.workload(stage.name), " ".join(parts)])
        if parts
        else runs.workload(stage.name)
    )


def size_name(stage: Stage) -> str:
    """The size of a stage's model."""
    if stage.size is None:
        return t("lab.all_sizes")
    return size_words(stage.size, stage.parameter_count)


def size_words(size: int, parameter_count: float | None) -> str:
    """A size as people know it: by its parameters."""
    if parameter_count is None:
        return str(size)
    return t("lab.parameters", count=readable.count(parameter_count))


def table(stages: Sequence[Stage]) -> list[dict[str, str]]:
    """Every number of the life, with intervals and estimates marked."""
    return [
        {
            t("column.stage"): stage_name(s),
            t("column.size"): size_name(s),
            t("lab_quantity.time_s"): readable.seconds(s.time_s.value),
            t("column.interval"): interval(s.time_s),
            t("lab_quantity.energy_j"): energy(s.energy_j),
            t("lab_quantity.made_bytes"): data(s.made_bytes),
            t("lab_quantity.memory_bytes"): data(s.memory_bytes),
            t("column.disturbed"): t("lab.noisy") if s.is_noisy else "",
        }
        for s in stages
    ]


def interval(reading: Reading) -> str:
    """Its 95 % interval."""
    if reading.low is None or reading.high is None or reading.low == reading.high:
        return readable.DASH
    return readable.span(reading.low, reading.high, readable.seconds)


def energy(reading: Reading | None) -> str:
    """Energy, marked where no meter read it."""
    if reading is None:
        return readable.DASH
    return readable.joules(reading.value) + (estimated() if reading.is_estimate else "")


def data(reading: Reading | None) -> str:
    """Bytes; a dash where they are not known."""
    return readable.data(None if reading is None else reading.value)


def estimated() -> str:
    """The mark of an estimate."""
    return t("app.aside", told="", aside=t("energy_kind.estimated"))
