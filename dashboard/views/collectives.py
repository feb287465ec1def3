"""What it takes several processes to work together."""

from collections import defaultdict
from collections.abc import Sequence

import streamlit as st

from dashboard import phrases, readable
from dashboard.charts import collectives as charts
from dashboard.i18n import t
from engine.measurement.distributed.fit import COLLECTIVE, CollectiveFit, collective_fits
from engine.records import Measurement

SHARED_STEP = "parallel_train_step"
SHAPE = ("layer_count", "hidden_size", "world_size", "backend")
World = tuple[object, object, object]


def show(measurements: Sequence[Measurement]) -> None:
    """Collectives over message size, and training steps shared by all."""
    worlds: dict[World, list[Measurement]] = defaultdict(list)
    for m in sorted(measurements, key=lambda m: m.taken_at):
        if m.workload in (COLLECTIVE, SHARED_STEP):
            worlds[world_of(m)].append(m)
    if not worlds:
        st.info(t("lab.collectives_empty"), icon=":material/hub:")
        st.code("modelworth measure --nproc 2", language=None)
        return
    names = {world_name(world): found for world, found in worlds.items()}
    found = names[st.selectbox(t("lab.world"), list(names), key="world")]
    sweeps(found)
    steps(found)


def world_of(m: Measurement) -> World:
    """Processes, computers and what they talk through."""
    return m.settings["world_size"], m.settings["node_count"], m.settings["backend"]


def world_name(world: World) -> str:
    """A world in words."""
    processes, computers, backend = world
    return t("lab.world_name", processes=processes, computers=computers, backend=backend)


def sweeps(found: Sequence[Measurement]) -> None:
    """Time over message size with the fitted line, and what the line says."""
    newest = {
        (m.settings["collective"], m.moved_bytes): m
        for m in found
        if m.workload == COLLECTIVE and m.moved_bytes
    }
    by_name: dict[str, list[Measurement]] = defaultdict(list)
    for (name, _), m in newest.items():
        by_name[f"{name}".replace("_", "-")].append(m)
    if not by_name:
        return
    fits = {fit.collective.replace("_", "-"): fit for fit in collective_fits(newest.values())}
    st.header(t("lab.collectives_title"), anchor=False)
    st.caption(t("lab.collectives_lead"))
    st.plotly_chart(
        charts.time_over_size(
            by_name,
            fits,
            (t("lab.sent_axis"), t("lab.time_axis")),
            (readable.data, readable.seconds),
        ),
        config=phrases.PLOTLY,
        alt=t("lab.collectives_alt", count=len(newest)),
    )
    st.dataframe(
        [fit_row(name, fit) for name, fit in fits.items()],
        hide_index=True,
        alt=t("lab.fits_alt"),
    )


def fit_row(name: str, fit: CollectiveFit) -> dict[str, str]:
    """One line: what it says, how well, and over which sizes."""
    rate = fit.line.bandwidth_bytes_per_s
    sizes = readable.between(readable.data(fit.smallest_bytes), readable.data(fit.largest_bytes))
    return {
        t("column.collective"): name,
        t("column.latency"): readable.seconds(fit.line.latency_s),
        t("column.bandwidth"): readable.per_second(rate, "B"),
        t("column.residual"): t(
            "lab.residual",
            typical=readable.share(fit.line.residual_share),
            worst=readable.share(fit.line.worst_share),
        ),
        t("column.sizes"): sizes,
    }


def steps(found: Sequence[Measurement]) -> None:
    """Each way of sharing a step beside doing it alone."""
    newest = {
        (tuple(m.settings.get(k) for k in SHAPE), str(m.settings["strategy"])): m
        for m in found
        if m.workload == SHARED_STEP
    }
    if not newest:
        return
    st.header(t("lab.steps_title"), anchor=False)
    st.caption(t("lab.steps_lead"))
    rows = []
    for (shape, strategy), m in newest.items():
        alone = newest.get((shape, "alone"))
        rows.append(
            {
                t("column.shape"): t("lab.shape", layers=shape[0], hidden=shape[1]),
                t("column.strategy"): t(f"strategy.{strategy}"),
                t("column.time"): readable.seconds(m.time_s),
                t("column.efficiency"): readable.share(alone.time_s / m.time_s if alone else None),
                t("column.sent"): readable.data(m.metrics.get("sent_bytes_per_process")),
            }
        )
    st.dataframe(rows, hide_index=True, alt=t("lab.steps_alt"))
