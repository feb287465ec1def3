"""Sentences and tables the pages show, put together from words and numbers."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import streamlit as st

from dashboard import controls, i18n, readable
from dashboard.charts import cost
from dashboard.explain import Row, quantity
from dashboard.fact_rows import FactRow
from dashboard.headlines import scalar
from dashboard.i18n import t
from engine import catalogue
from engine.projection.evidence import MEASURED_PREFIX
from engine.records import Estimate, Machine, Measurement, Note, Projection, Setting
from engine.scenario import Scenario
from engine.units import BILLION

PLOTLY = {"displayModeBar": False}
"""Charts answer to the pointer only; their tool bar would cover the legend."""

CHART_WORDS = (
    "cost", "accuracy", "size", "curve", "range", "here", "loss", "epoch", "train", "held_out",
    "measured", "fit", "seeds", "intensity", "rate",
)  # fmt: skip


def chart() -> dict[str, str]:
    """Words on the charts."""
    return {name: t(f"chart.{name}") for name in CHART_WORDS}


def spending() -> dict[str, str]:
    """Words of the chart of costs."""
    stages = {f"stage.{stage}": t(f"stage.{stage}") for stage in cost.STAGES}
    drivers = {f"driver.{driver}": t(f"driver.{driver}") for driver in cost.DRIVERS}
    return stages | drivers | {"unknown": t("app.not_known")}


def sentence(scenario: Scenario, machines: Mapping[str, str]) -> str:
    """The scenario in one sentence."""
    model = catalogue.model(scenario.model)
    own = model.parameters_billion.value if scenario.parameters_billion is None else None
    size_billion = own if own is not None else scalar(scenario.parameters_billion)
    trained = scalar(scenario.training_run_count)
    served = scalar(scenario.requests_per_day)
    training = t(
        "what_if.sentence_training" if trained else "what_if.sentence_taken",
        model=model.name,
        size=readable.count((size_billion or 0.0) * BILLION),
        data=readable.count((scalar(scenario.dataset_items_billion) or 0.0) * BILLION),
        items=t(f"items.{model.item}"),
        devices=readable.count(scalar(scenario.training_device_count)),
        hardware=hardware_name(scenario.hardware, machines),
        ownership=t(f"what_if.{scenario.ownership}"),
        place=controls.place_names()[scenario.place],
    )
    return t(
        "what_if.sentence_serving" if served else "what_if.sentence_storing",
        training=training,
        requests=readable.count(served),
        months=readable.number(scalar(scenario.horizon_months)),
    )


def refused(name: str, text: str, scenario: Scenario) -> str:
    """What a link asks for and cannot have."""
    return t("control.not_here", choice=field(name, scenario), value=text)


def field(name: str, scenario: Scenario) -> str:
    """What a choice is called."""
    item = catalogue.model(scenario.model).item
    return t(f"field.{name}", items=t(f"items.{item}"), item=t(f"item.{item}"))


def hardware_name(hardware: str, machines: Mapping[str, str]) -> str:
    """What a scenario's hardware is called."""
    if hardware.startswith(MEASURED_PREFIX):
        return machines.get(hardware, hardware)
    return catalogue.accelerator(hardware).name


def note(found: Note) -> str:
    """What the reader must know, in words; large numbers written as people read them."""
    return t(f"note.{found.code}", **{k: _in_note(k, v) for k, v in found.values.items()})


NOTE_WORDS = {
    "set": "field",
    "metric": "metric",
    "quantity": "range_of",
    "family": "family",
    "task": "task",
    "precision": "option.precision",
}
"""Values of notes that are themselves worded, and under which key."""


def _in_note(name: str, value: str | float) -> str:
    if not isinstance(value, str):
        return readable.share(value) if name == "share" else readable.count(value)
    if name == "place":
        return controls.place_names()[value]
    if name == "trait":
        return _trait(value)
    if name == "provider":
        return t(f"option.storage_provider.{value}")
    return t(f"{NOTE_WORDS[name]}.{value}") if name in NOTE_WORDS else value


TRAIT_WORDS = ("option.serving_engine", "family", "trait")


def _trait(value: str) -> str:
    """What sets a way of serving apart, in words where there are any: its engine, its model."""
    keys = (f"{kind}.{value}" for kind in TRAIT_WORDS)
    return next((t(key) for key in keys if i18n.known(key)), value)


OPEN_CHOICES = {
    "bytes_per_item": "dataset_bytes_per_item",
    "grid_kgco2e_per_kwh": "carbon_kgco2e_per_kwh",
    "usd_per_kwh": "electricity_usd_per_kwh",
}
"""Inputs of formulas that stand for a choice of another name."""


def taken(answer: Projection) -> dict[str, float | None]:
    """What was taken for the choices left open, by Scenario field."""
    totals = (answer.total.cost_usd, answer.total.carbon_kgco2e, answer.storage.kept_bytes)
    found: dict[str, float | None] = {}
    for estimate in totals:
        for name, part in _chain(estimate, set()):
            field = OPEN_CHOICES.get(name, name)
            if field in Scenario.model_fields:
                found.setdefault(field, scalar(part.value))
    return found


def _chain(estimate: Estimate, told: set[int]) -> Iterator[tuple[str, Estimate]]:
    for name, part in estimate.inputs:
        if id(part) not in told:
            told.add(id(part))
            yield name, part
            yield from _chain(part, told)


def working_table(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The chain of a number as a table."""
    return [
        {
            t("working.quantity"): row.name,
            t("working.value"): row.value,
            t("working.kind"): row.kind,
            t("working.origin"): row.origin,
            t("working.source"): row.link,
            t("working.note"): row.note,
        }
        for row in rows
    ]


def working_columns() -> dict[str, Any]:
    """Column settings of the chain of a number."""
    return {
        t("working.quantity"): st.column_config.TextColumn(width=340),
        t("working.value"): st.column_config.TextColumn(width=110),
        t("working.kind"): st.column_config.TextColumn(width=90),
        t("working.origin"): st.column_config.TextColumn(width=260),
        t("working.source"): _link(),
        t("working.note"): st.column_config.TextColumn(width=420),
    }


def facts_columns() -> dict[str, Any]:
    """Column settings of the facts."""
    return {
        t("column.subject"): st.column_config.TextColumn(width=200),
        t("column.quantity"): st.column_config.TextColumn(width=230),
        t("column.value"): st.column_config.NumberColumn(width=90, format="%.6g"),
        t("column.low"): st.column_config.NumberColumn(width=80, format="%.6g"),
        t("column.high"): st.column_config.NumberColumn(width=80, format="%.6g"),
        t("column.unit"): st.column_config.TextColumn(width=110),
        t("column.source"): st.column_config.TextColumn(width=240),
        t("column.link"): _link(),
        t("column.checked"): st.column_config.DateColumn(width=100, format="YYYY-MM-DD"),
        t("column.as_of"): st.column_config.TextColumn(width=100),
        t("column.note"): st.column_config.TextColumn(width=420),
    }


def _link() -> Any:
    return st.column_config.LinkColumn(width=60, display_text=":material/open_in_new:")


def facts_table(rows: Sequence[FactRow]) -> dict[str, list[Any]]:
    """Facts as a table, by column; columns that are empty throughout are left out."""
    columns = {
        t(f"column.{name}"): [getattr(row, name) for row in rows]
        for name in FactRow._fields
        if name != "searched"
    }
    return {
        name: cells for name, cells in columns.items() if any(c not in (None, "") for c in cells)
    }


SETTING_WORDS = {"task": "task", "precision": "option.precision", "optimiser": "option.optimiser"}
"""Settings whose values are worded, and under which key."""


def runs_table(found: Sequence[Measurement]) -> list[dict[str, Any]]:
    """Measurements as a table, newest first."""
    newest = sorted(found, key=lambda m: m.taken_at, reverse=True)
    return [
        {
            t("column.workload"): workloads().get(f"workload.{m.workload}", m.workload),
            t("column.settings"): settings(m),
            t("column.time"): readable.seconds(m.time_s),
            t("column.spread"): spread(m),
            t("column.rate"): rate(m),
            t("column.memory"): readable.data(m.peak_memory_bytes),
            t("column.energy"): energy(m),
            t("column.accuracy"): readable.score(m.metrics.get("accuracy_share")),
            t("column.device"): m.machine.device_name,
            t("column.taken"): m.taken_at,
        }
        for m in newest
    ]


def settings(m: Measurement) -> str:
    """What was set, in short."""
    return ", ".join(f"{quantity(name)} {_set(name, value)}" for name, value in m.settings.items())


def _set(name: str, value: Setting) -> str:
    if isinstance(value, str):
        key = f"{SETTING_WORDS.get(name, name)}.{value}"
        return t(key) if i18n.known(key) else value
    return readable.data(value) if name == "size_bytes" else f"{value:,}"


def spread(m: Measurement) -> str:
    """The middle half of the repeats."""
    low, high = readable.seconds(m.time_low_s), readable.seconds(m.time_high_s)
    return readable.between(low, high)


def rate(m: Measurement) -> str:
    """Arithmetic per second, or bytes where there is no arithmetic."""
    if m.flop:
        return readable.per_second(m.flop / m.time_s, "FLOP")
    if m.moved_bytes:
        return readable.per_second(m.moved_bytes / m.time_s, "B")
    return readable.DASH


def energy(m: Measurement) -> str:
    """Energy of a step, and whether a meter read it."""
    if m.energy_j is None or m.energy_kind is None:
        return readable.DASH
    return f"{readable.joules(m.energy_j)} ({t(f'energy_kind.{m.energy_kind}')})"


def machine_lines(machine: Machine) -> list[str]:
    """What a machine is, line by line."""
    lines = [
        t(
            "measurements.cores",
            physical=machine.physical_core_count,
            logical=machine.logical_core_count,
            used=machine.thread_count,
        ),
        t("measurements.memory", size=readable.data(machine.memory_bytes)),
    ]
    if machine.gpu_memory_bytes is not None:
        lines.append(t("measurements.gpu_memory", size=readable.data(machine.gpu_memory_bytes)))
    if machine.gpu_power_cap_w is not None:
        lines.append(t("measurements.power_cap", power=readable.power(machine.gpu_power_cap_w)))
    if machine.gpu_driver_version is not None:
        lines.append(t("measurements.driver", version=machine.gpu_driver_version))
    return [*lines, software(machine)]


def even_columns(count: int, most: int = 6) -> int:
    """Columns that fill their rows evenly."""
    row_count = -(-count // most)
    return max(1, -(-count // max(1, row_count)))


def software(machine: Machine) -> str:
    """What the machine runs."""
    return t(
        "measurements.software",
        system=machine.operating_system,
        python=machine.python_version,
        torch=machine.torch_version,
    )


def learning_runs(found: Sequence[Measurement]) -> list[Measurement]:
    """Runs that learned, task by task, the largest model first."""
    return sorted(
        (m for m in found if m.epochs),
        key=lambda m: (
            str(m.settings["task"]),
            -m.metrics.get("parameter_count", 0.0),
            m.settings["seed"],
        ),
    )


def run_name(m: Measurement) -> str:
    """One learning run."""
    return t(
        "measurements.run_name",
        task=t(f"task.{m.settings['task']}"),
        size=readable.count(m.metrics.get("parameter_count")),
        seed=m.settings["seed"],
    )


def workloads() -> dict[str, str]:
    """Names of the workloads, by key; one of a newer version is not among them."""
    spoken = i18n.words(i18n.language())
    return {key: word for key, word in spoken.items() if key.startswith("workload.")}
