"""Sentences and tables the pages show, put together from words and numbers."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from textwrap import shorten
from typing import Any

import streamlit as st

from dashboard import choosable, currency, i18n, readable, seen_ranges, widgets
from dashboard.charts import cost
from dashboard.explain import link_column
from dashboard.fact_rows import FactRow
from dashboard.headlines import scalar
from dashboard.i18n import t
from engine import catalogue
from engine.projection.evidence import MEASURED_PREFIX
from engine.records import Estimate, Machine, Note, Projection
from engine.scenario import Scenario
from engine.units import BILLION, DAYS_PER_MONTH

PLOTLY = {"displayModeBar": False}
"""Charts answer to the pointer only; their tool bar would cover the legend."""

CHART_WORDS = (
    "cost", "accuracy", "size", "curve", "range", "here", "loss", "epoch", "train", "held_out",
    "measured", "fit", "seeds", "intensity", "rate",
)  # fmt: skip


SPENT = cost.Says(readable.money, readable.part)
"""How the chart of costs writes its numbers."""


def chart() -> dict[str, str]:
    """Words on the charts."""
    return {name: t(f"chart.{name}") for name in CHART_WORDS}


def spending() -> dict[str, str]:
    """Words of the chart of costs."""
    stages = {f"stage.{stage}": t(f"stage.{stage}") for stage in (*cost.STAGES, cost.ALL)}
    drivers = {f"driver.{driver}": t(f"driver.{driver}") for driver in cost.DRIVERS}
    return stages | drivers | {"unknown": t("app.not_known")}


def sentence(scenario: Scenario, machines: Mapping[str, str]) -> str:
    """The scenario in one sentence."""
    model = catalogue.model(scenario.model)
    own = model.parameters_billion.value if scenario.parameters_billion is None else None
    size_billion = own if own is not None else scalar(scenario.parameters_billion)
    trained = scalar(scenario.training_run_count)
    served = scalar(scenario.requests_per_day)
    does = "taken" if not trained else "training" if scenario.tuning == "full" else "tuning"
    training = t(
        f"what_if.sentence_{does}",
        model=model.name,
        size=readable.count((size_billion or 0.0) * BILLION),
        data=readable.count((scalar(scenario.dataset_items_billion) or 0.0) * BILLION),
        items=t(f"items.{model.item}"),
        devices=readable.exact(scalar(scenario.training_device_count)),
        hardware=hardware_name(scenario.hardware, machines),
        ownership=t(f"what_if.{scenario.ownership}"),
        place=choosable.place_in_sentence(scenario.place),
    )
    return t(
        "what_if.sentence_serving" if served else "what_if.sentence_storing",
        training=training,
        requests=readable.count(served),
        months=readable.number(scalar(scenario.horizon_months)),
    )


def a_month(per_day: float) -> str:
    """So many a day, counted by the month."""
    return readable.count(per_day * DAYS_PER_MONTH)


def refused(name: str, text: str, scenario: Scenario) -> str:
    """What a link asks for and cannot have."""
    in_dollars = readable.is_money(name) and currency.shown() != currency.DEFAULT
    value = f"{text} {currency.DEFAULT}" if in_dollars else text
    return t("control.not_here", choice=field(name, scenario), value=value)


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
    "served": "option.serving_precision",
}
"""Values of notes that are themselves worded, and under which key."""


def _in_note(name: str, value: str | float) -> str:
    if not isinstance(value, str):
        return readable.share(value) if name == "share" else readable.count(value)
    if name == "place":
        return choosable.place_names()[value]
    if name == "date":
        return readable.day(date.fromisoformat(value))
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
    "purchase_usd": "usd_per_device",
    "bytes_per_item": "dataset_bytes_per_item",
    "grid_kgco2e_per_kwh": "carbon_kgco2e_per_kwh",
    "usd_per_kwh": "electricity_usd_per_kwh",
}
"""Inputs of formulas that stand for a choice of another name."""


def known(scenario: Scenario, answer: Projection) -> widgets.Known:
    """What is taken for open choices, what was seen of each, and which lie outside that."""
    quantities = {str(n.values.get("quantity")) for n in answer.notes if n.code in OUTSIDE}
    beyond = {name for quantity in quantities for name in SET_BY.get(quantity, ())}
    used, seen = taken(answer), seen_ranges.ranges(scenario, answer)
    for name, (low, high) in seen.items():
        own = getattr(scenario, name)
        value = used.get(name) if own is None else own
        if value is not None and not low <= value <= high:
            beyond.add(name)
    return widgets.Known(used, frozenset(beyond), seen)


OUTSIDE = ("outside-measured", "outside-fitted")
SET_BY = {
    "parameters": ("parameters_billion",),
    "parameter_count": ("parameters_billion",),
    "training compute": ("parameters_billion", "dataset_items_billion", "epoch_count"),
    "input_tokens": ("input_items_per_request",),
    "output_tokens": ("output_items_per_request",),
    "running_batch_count": ("serving_batch_count", "requests_per_day"),
    "device_count": ("serving_tensor_parallel_count",),
}
"""Choices that move a quantity named in a note."""
GRAVE = frozenset(
    {
        "does-not-fit", "price-unknown", "electricity-price-unknown", "carbon-unknown",
        "power-unknown", "memory-unknown", "latency-goal-missed", "quality-unpredictable",
        "too-few-sizes", "noisy-measurements", "served-score-unknown", "repeated-data",
        "serves-too-little", "batch-limited-by-memory", "too-few-devices",
        "weights-do-not-fit",
    }
)  # fmt: skip
"""Notes that say a number is missing, or a plan does not work."""


def over_time() -> dict[str, str]:
    """Words of the chart of cash and carbon over time."""
    names = ("cost", "carbon", "months", "api")
    return {name: t(f"chart.time_{name}") for name in names}


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


SOURCE_PX = 320
LETTERS_A_LINE = 38
"""Of the title of a source, at least."""
MOST_LETTERS = 42
"""Of one in Chinese tables: among wide letters the grid takes a Latin line for short, and cuts it.

The whole title stands below the table, once its row is ticked.
"""
LINE_PX = 20
LEAST_ROW_PX = 62
"""Words wrap from here on: what it is, of what, and how much all fit on a phone."""


def facts_row_px(rows: Sequence[FactRow]) -> int:
    """Height of a row of the facts in which every title of a source has its lines."""
    longest = max(len(_title(row)) for row in rows)
    return max(LEAST_ROW_PX, LINE_PX * -(-longest // LETTERS_A_LINE) + 2)


def _title(row: FactRow) -> str:
    """The title of a source as the table shows it."""
    is_cut = i18n.language() == "zh"
    return shorten(row.source, MOST_LETTERS, placeholder="…") if is_cut else row.source


def facts_columns() -> dict[str, Any]:
    """Column settings of the facts."""
    return {
        t("column.subject"): st.column_config.TextColumn(width=112),
        t("column.quantity"): st.column_config.TextColumn(width=118),
        t("column.value"): st.column_config.NumberColumn(width=80, format="%.6g"),
        t("column.unit"): st.column_config.TextColumn(width=90),
        t("column.low"): st.column_config.NumberColumn(width=64, format="%.6g"),
        t("column.high"): st.column_config.NumberColumn(width=64, format="%.6g"),
        t("column.source"): st.column_config.TextColumn(width=SOURCE_PX),
        t("column.link"): link_column(),
        t("column.checked"): st.column_config.DateColumn(width=100, format="YYYY-MM-DD"),
        t("column.as_of"): st.column_config.TextColumn(width=100),
        t("column.note"): st.column_config.TextColumn(width=220),
    }


def facts_table(rows: Sequence[FactRow]) -> dict[str, list[Any]]:
    """Facts as a table, by column; columns that are empty throughout are left out."""
    shown = [row._replace(source=_title(row)) for row in rows]
    columns = {
        t(f"column.{name}"): [getattr(row, name) for row in shown]
        for name in FactRow._fields
        if name not in ("searched", "line")
    }
    return {
        name: cells for name, cells in columns.items() if any(c not in (None, "") for c in cells)
    }


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
