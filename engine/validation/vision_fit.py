"""The constants of serving whole items: what they are before, and fitted to published rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.projection.serving_fit import Constant
from engine.projection.serving_items import ItemEfficiencies, ItemsServed, items_served
from engine.validation.rows import Row, published
from engine.validation.serving_calibration import Prior, Rows, fit_constants
from engine.validation.vision_rows import (
    DEVICE,
    ENGINE,
    FORMAT,
    GENERATION,
    KIND,
    STYLE,
    ItemReading,
    arrays,
    read,
)
from engine.validation.vision_work import is_benchmark

Array = npt.NDArray[np.float64]

SPEEDS = ("samples_per_s", "batch_latency_s", "latency_ms")
MILLISECONDS = 1e3

PRIORS: Mapping[str, Prior] = {
    "item_compute_share": Prior(
        0.5, 0.4, {KIND: 0.1, ENGINE: 0.3, GENERATION: 0.15, FORMAT: 0.2, DEVICE: 0.15}
    ),
    "density_exponent": Prior(0.25, 0.5, {KIND: 0.3}),
    "peak_exponent": Prior(0.1, 0.5),
    "traffic_per_activation": Prior(
        4.0, 0.6, {KIND: 0.3, STYLE: 0.6, ENGINE: 0.5, GENERATION: 0.15, DEVICE: 0.15}
    ),
    "item_overlap_excess": Prior(0.5, 0.5),
    "batch_overhead_s": Prior(1e-4, 0.5),
    "launch_s": Prior(1e-5, 1.0, {STYLE: 0.7, ENGINE: 0.7, GENERATION: 0.5}),
    "pass_overhead_s": Prior(1e-4, 0.7),
    "sharing_overhead_s": Prior(3e-4, 0.7),
    "splitting_loss": Prior(0.15, 0.5),
    "item_power_share": Prior(0.75, 0.3, {KIND: 0.2, GENERATION: 0.1}),
}


def fit_rows(rows: Sequence[Row]) -> dict[str, Constant]:
    """Constants fitted to what these rows published."""
    kept = [(row, found) for row in rows if isinstance(found := read(row), ItemReading)]
    targets = [(i, *speed) for i, (row, _) in enumerate(kept) for speed in _published_speed(row)]
    powered = [
        (i, value)
        for i, (row, reading) in enumerate(kept)
        if (value := published(row, "power_w")) is not None
        and not is_benchmark(row)
        and math.isfinite(reading.values["tdp_w"])
    ]
    return _fit(kept, targets, powered)


def _published_speed(row: Row) -> list[tuple[str, float]]:
    """The one speed of a row to fit on: a benchmark's latencies are of one query, not a batch."""
    columns = SPEEDS[:1] if is_benchmark(row) else SPEEDS
    there = [(column, published(row, column)) for column in columns]
    return [(column, value) for column, value in there if value is not None][:1]


def _fit(
    kept: Sequence[tuple[Row, ItemReading]],
    targets: Sequence[tuple[int, str, float]],
    powered: Sequence[tuple[int, float]],
) -> dict[str, Constant]:
    s, traits = arrays([reading for _, reading in kept])
    share = latency_shares([reading for _, reading in kept])
    at = np.array([i for i, _, _ in targets])
    masks = {a: np.array([a == answer for _, answer, _ in targets]) for a in SPEEDS}
    on = np.array([i for i, _ in powered], dtype=np.intp)
    full_w = np.asarray(s.tdp_w * s.device_count)[on]

    def formula(constants: Mapping[str, Array]) -> Array:
        names = [f.name for f in fields(ItemEfficiencies)]
        out = items_served(s, ItemEfficiencies(**{n: constants[n] for n in names}))
        found = speeds(out, share)
        logs = np.empty(len(at))
        for answer, mask in masks.items():
            logs[mask] = np.log(found[answer][at[mask]])
        return np.concatenate([logs, np.log(full_w * constants["item_power_share"][on])])

    values = np.array([value for *_, value in targets] + [value for _, value in powered])
    settings = np.concatenate([at, on])
    sources = [kept[i][0].get("source_key", "") for i in settings]
    return fit_constants(PRIORS, traits, formula, Rows(values, settings, sources))


def speeds(out: ItemsServed, latency_share: Array) -> dict[str, Any]:
    """Rates and times in the units of their columns; a latency may be of a part of the batch."""
    return {
        "samples_per_s": out.items_per_s,
        "latency_ms": out.batch_time_s * latency_share * MILLISECONDS,
        "batch_latency_s": out.batch_time_s,
    }


def latency_shares(readings: Sequence[ItemReading]) -> Array:
    """Of a batch, what each row's latency is of."""
    return np.array([r.latency_item_count / r.values["batch_count"] for r in readings])
