"""Measurements in words: what was measured, with which settings, and how it came out."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from dashboard import i18n, readable
from dashboard.explain import quantity
from dashboard.i18n import t
from dashboard.measuring_progress import Job
from engine.records import Measurement, Setting

MODEL = ("family", "size")
"""Settings said first, and as one thing."""
IMPLIED = frozenset({"domain", "data", "data_kind", "metric"})
"""Settings that the family already says."""


def workload(name: str) -> str:
    """What a workload is called; one of a newer version keeps its own name."""
    return t(f"workload.{name}") if i18n.known(f"workload.{name}") else name.replace("_", " ")


def family(name: str) -> str:
    """What a model family is called."""
    key = f"measured_family.{name}"
    return t(key) if i18n.known(key) else name.replace("-", " ")


def job_name(name: str, settings: Mapping[str, Setting]) -> str:
    """A workload and what sets this one apart."""
    return " · ".join(part for part in (workload(name), settings_in_short(settings)) if part)


def settings_in_short(settings: Mapping[str, Setting]) -> str:
    """Settings in one line, the model first, what goes without saying left out."""
    model = [family(str(settings["family"]))] if "family" in settings else []
    left = {k: v for k, v in settings.items() if k not in IMPLIED and k != "family"}
    return t("app.comma").join([*model, *(setting(name, value) for name, value in left.items())])


def jobs_table(jobs: Sequence[Job]) -> list[dict[str, Any]]:
    """Jobs that are over as a table, newest first."""
    return [
        {
            t("column.workload"): workload(job.workload),
            t("column.settings"): settings_in_short(job.settings),
            t("column.time"): readable.seconds(job.time_s),
            t("column.rate"): rate(job),
            t("column.energy"): energy(job),
            t("column.note"): job.reason or "",
        }
        for job in reversed(jobs)
    ]


SETTING_WORDS = {
    "task": "task",
    "precision": "option.precision",
    "optimiser": "option.optimiser",
    "of": "workload",
}
"""Settings whose values are worded, and under which key."""


def runs_table(found: Sequence[Measurement]) -> list[dict[str, Any]]:
    """Measurements as a table, newest first."""
    newest = sorted(found, key=lambda m: m.taken_at, reverse=True)
    return [
        {
            t("column.workload"): workload(m.workload),
            t("column.settings"): settings_of(m),
            t("column.time"): readable.seconds(m.time_s),
            t("column.spread"): spread(m),
            t("column.rate"): rate(m),
            t("column.memory"): readable.data(m.peak_memory_bytes),
            t("column.energy"): energy(m),
            t("column.score"): score(m),
            t("column.device"): m.machine.device_name,
            t("column.taken"): m.taken_at,
        }
        for m in newest
    ]


def settings_of(m: Measurement) -> str:
    """What was set, in short."""
    return settings_in_short(m.settings)


def setting(name: str, value: Setting) -> str:
    """One setting and its value."""
    words = t(f"setting.{name}") if i18n.known(f"setting.{name}") else quantity(name)
    if isinstance(value, bool):
        return t("app.pair", name=words, value=t("app.yes" if value else "app.no"))
    return f"{words} {_set(name, value)}"


def taken_column() -> dict[str, Any]:
    """How the time of a measurement is written: to the minute."""
    return {t("column.taken"): st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm")}


def _set(name: str, value: Setting) -> str:
    if isinstance(value, str):
        key = f"{SETTING_WORDS.get(name, name)}.{value}"
        return t(key) if i18n.known(key) else value
    return readable.data(value) if name == "size_bytes" else f"{value:,}"


def spread(m: Measurement) -> str:
    """The middle half of the repeats."""
    return readable.span(m.time_low_s, m.time_high_s, readable.seconds)


def rate(m: Measurement | Job) -> str:
    """Arithmetic per second, or bytes where there is no arithmetic."""
    if m.flop and m.time_s:
        return readable.per_second(m.flop / m.time_s, "FLOP")
    if m.moved_bytes and m.time_s:
        return readable.per_second(m.moved_bytes / m.time_s, "B")
    return readable.DASH


def energy(m: Measurement | Job) -> str:
    """Energy of a step, and whether a meter read it."""
    if m.energy_j is None or m.energy_kind is None:
        return readable.DASH
    kind = t(f"energy_kind.{m.energy_kind}")
    return t("app.aside", told=readable.joules(m.energy_j), aside=kind)


def score(m: Measurement) -> str:
    """How good the model was, by the score that counts for it."""
    metric = str(m.settings.get("metric", "accuracy_share"))
    value = readable.score(m.metrics.get(metric))
    if metric == "accuracy_share" or value == readable.DASH:
        return value
    return t("app.aside", told=value, aside=metric_name(metric))


def metric_name(metric: str) -> str:
    """What a score is called."""
    return t(f"score.{metric}") if i18n.known(f"score.{metric}") else metric.replace("_", " ")


def learning_runs(found: Sequence[Measurement]) -> list[Measurement]:
    """Runs that learned, task by task, the largest model first."""
    return sorted(
        (m for m in found if m.epochs),
        key=lambda m: (
            str(m.settings.get("task", m.settings.get("family"))),
            -m.metrics.get("parameter_count", 0.0),
            str(m.settings.get("seed")),
        ),
    )


def run_name(m: Measurement) -> str:
    """One learning run."""
    return t(
        "measurements.run_name",
        task=_learner(m),
        size=readable.count(m.metrics.get("parameter_count")),
        seed=m.settings.get("seed", readable.DASH),
    )


def _learner(m: Measurement) -> str:
    if "task" in m.settings:
        return t(f"task.{m.settings['task']}")
    return family(str(m.settings.get("family")))
