"""One workload over time and machines."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import streamlit as st

from dashboard import i18n, phrases, readable, runs
from dashboard.charts import over_time as charts
from dashboard.i18n import t
from engine.measurement.noise import disturbances
from engine.measurement.steadiness import Steadiness, original, stated_interval_s
from engine.records import Measurement


def show(measurements: Sequence[Measurement], steady: Mapping[str, Steadiness]) -> None:
    """Pick a workload, then its settings; every time it was measured, anywhere.

    Args:
        measurements: of all machines.
        steady: how far each machine agrees with itself, by hardware id.
    """
    groups = repeated(measurements)
    left, right = st.columns([1, 2], vertical_alignment="bottom")
    workload = left.selectbox(
        t("column.workload"),
        list(groups),
        format_func=runs.workload,
        key="history_workload",
        persist_state="session",
    )
    kinds = groups[workload]
    labels = names(kinds)
    place = right.selectbox(
        t("column.settings"),
        range(len(kinds)),
        format_func=labels.__getitem__,
        key=f"history_settings_{workload}",
    )
    found = kinds[place]
    if len(found) == 1:
        st.info(t("lab.once"), icon=":material/history:")
    else:
        chart(runs.job_name(*original(found[0])), found, steady)
    st.dataframe(
        [row(m, steady) for m in sorted(found, key=lambda m: m.taken_at, reverse=True)],
        hide_index=True,
        column_config=runs.taken_column(),
        alt=t("lab.history_table_alt"),
    )


def repeated(measurements: Sequence[Measurement]) -> dict[str, list[list[Measurement]]]:
    """Measurements of the same, by workload; what was measured most often comes first."""
    same: dict[tuple[str, object], list[Measurement]] = defaultdict(list)
    for m in measurements:
        workload, settings = original(m)
        same[workload, frozenset(settings.items())].append(m)
    groups: dict[str, list[list[Measurement]]] = defaultdict(list)
    for (workload, _), found in sorted(same.items(), key=lambda item: -len(item[1])):
        groups[workload].append(found)
    return groups


def names(kinds: Sequence[Sequence[Measurement]]) -> list[str]:
    """Each kind by the settings that set it apart, and how often it was measured."""
    values = defaultdict(set)
    for found in kinds:
        for name, value in original(found[0])[1].items():
            values[name].add(value)
    return [
        t(
            "lab.times_measured",
            settings=runs.settings_in_short(
                {k: v for k, v in original(found[0])[1].items() if len(values[k]) > 1}
            )
            or readable.DASH,
            count=len(found),
        )
        for found in kinds
    ]


def chart(name: str, found: Sequence[Measurement], steady: Mapping[str, Steadiness]) -> None:
    """Times by machine."""
    by_machine: dict[str, list[Measurement]] = defaultdict(list)
    for m in found:
        by_machine[f"{m.machine.device_name} ({m.machine.fingerprint[:4]})"].append(m)
    st.caption(i18n.sentences(t("lab.history_lead"), *unsteady(found, steady)))
    st.plotly_chart(
        charts.times(by_machine, steady, readable.seconds, t("lab.noisy")),
        config=phrases.PLOTLY,
        alt=t("lab.history_alt", name=name, count=len(found), machines=len(by_machine)),
    )


def unsteady(found: Sequence[Measurement], steady: Mapping[str, Steadiness]) -> list[str]:
    """How far each machine agrees with itself, a sentence each."""
    machines = {m.machine.hardware_id: m.machine.device_name for m in found}
    return [
        t(
            "lab.steadiness",
            device=name,
            share=readable.share(steady[i].share),
            count=steady[i].pair_count,
        )
        if i in steady
        else t("lab.steadiness_unknown", device=name)
        for i, name in machines.items()
    ]


def row(m: Measurement, steady: Mapping[str, Steadiness]) -> dict[str, object]:
    """One time it was measured, and what disturbed it."""
    low_s, high_s = stated_interval_s(m, steady)
    return {
        t("column.taken"): m.taken_at,
        t("column.device"): m.machine.device_name,
        t("column.time"): readable.seconds(m.time_s),
        t("column.interval"): readable.span(low_s, high_s, readable.seconds),
        t("column.energy"): runs.energy(m),
        t("column.disturbed"): t("app.comma").join(t(f"disturbance.{d}") for d in disturbances(m)),
        t("column.code"): m.code_version,
    }
