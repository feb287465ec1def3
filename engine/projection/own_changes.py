"""What compression did to scores measured here, by task and way of compression."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from engine.projection.compression import BANDS, Effect, task_of
from engine.projection.lever_table import LeverRow, lever_rows
from engine.projection.sized import Sized
from engine.projection.student import next_half_width_share
from engine.records import Estimate, Measurement, Source

FEWEST_SEEDS = 3
FARTHEST_SIZE_RATIO = 100.0
"""Measurements of a model say something of others up to so many times larger or smaller."""
LEVERS = frozenset(
    {"quantise_torch", "quantise_onnx", "prune", "distil", "federate", "train_private"}
)
SMALLER = ("quantisation", "distillation", "pruning", "structured-pruning")
"""Ways that make a model smaller."""
TASKS = {
    "text-decoder": "language",
    "text-encoder": "text",
    "text-bag": "classification",
    "text-translation": "translation",
    "image-resnet": "image",
    "image-detector": "detection",
    "wide-and-deep": "recommendation",
    "factorisation": "recommendation",
}
"""What each measured family is for."""


@dataclass(frozen=True, slots=True)
class OwnChange:
    """One lever on one measured model, over its seeds."""

    task: str
    technique: str
    setting: str
    parameter_count: float
    change_share: float
    spread_share: float | None
    seed_count: int
    source: Source


def own_changes(measurements: Sequence[Measurement]) -> tuple[OwnChange, ...]:
    """Every lever that was measured on a model of known size."""
    sizes = {
        _model(m.settings.get("family"), m.settings.get("size")): m.metrics["parameter_count"]
        for m in measurements
        if m.workload == "train" and "parameter_count" in m.metrics
    }
    # Rows without what costs time to compare: only their scores count here.
    levers = [m for m in measurements if m.workload in LEVERS]
    days = {m.machine.fingerprint: m for m in levers}
    found = []
    for row in lever_rows(levers):
        count, way = sizes.get(_model(row.family, row.size)), _way(row)
        if count is not None and way is not None and row.family in TASKS:
            last = days[row.machine_fingerprint]
            source = Source(
                f"{row.lever} of {row.family} measured on {last.machine.device_name}",
                checked=last.taken_at.date(),
            )
            found.append(
                OwnChange(
                    TASKS[row.family], *way, count, row.score_change_share,
                    row.score_spread_share, row.seed_count, source,
                )
            )  # fmt: skip
    return tuple(found)


def _model(family: object, size: object) -> tuple[str, str]:
    return str(family), str(size)


def _way(row: LeverRow) -> tuple[str, str] | None:
    """Technique and setting as the published rows name them; None where they have no such thing."""
    if row.lever.startswith("quantise_"):
        return "quantisation", str(row.settings["method"]).partition("-")[0]
    if row.lever == "distil":
        return "distillation", ""
    if row.lever == "federate":
        return "federated", str(row.settings["sharing"])
    if row.lever == "train_private":
        return "private", f"{float(row.settings['epsilon']):g}"
    if row.lever == "prune":
        structured = row.settings["kind"] == "structured"
        technique = "structured-pruning" if structured else "pruning"
        share = float(row.settings["share"])
        return next(((technique, name) for most, name in BANDS if share <= most), None)
    return None


def like(
    found: Iterable[OwnChange], task: str, technique: str, setting: str, size_count: float
) -> list[OwnChange]:
    """Measurements of one way of compression on models of about a size."""
    return [
        own
        for own in found
        if (own.task, own.technique, own.setting) == (task, technique, setting)
        and 1 / FARTHEST_SIZE_RATIO <= size_count / own.parameter_count <= FARTHEST_SIZE_RATIO
    ]


def pooled(like: Sequence[OwnChange]) -> Estimate | None:
    """Change of the score over all their seeds; None where they are too few."""
    count = sum(own.seed_count for own in like)
    if count < FEWEST_SEEDS:
        return None
    mean = sum(own.seed_count * own.change_share for own in like) / count
    within = sum((own.seed_count - 1) * (own.spread_share or 0.0) ** 2 for own in like)
    between = sum(own.seed_count * (own.change_share - mean) ** 2 for own in like)
    half = next_half_width_share(sqrt((within + between) / (count - 1)), count)
    note = f"mean over {count} trained models before and after"
    return Estimate(
        mean, "measured", source=like[-1].source, note=note, low=mean - half, high=mean + half
    )


def effects(
    found: Sequence[OwnChange], model: Sized, techniques: Sequence[str]
) -> tuple[Effect, ...]:
    """What some ways did to scores measured here, on models of about the same size and task."""
    size = model.parameter_count.value
    if size is None or np.ndim(size) > 0:
        return ()
    ways = dict.fromkeys((o.technique, o.setting) for o in found if o.technique in techniques)
    alike = {way: like(found, task_of(model.known), *way, float(size)) for way in ways}
    changes = {way: pooled(alike[way]) for way in ways}
    return tuple(
        Effect(*way, change, len({o.parameter_count for o in alike[way]}), seeds, None)
        for way, change in changes.items()
        if change is not None and (seeds := sum(o.seed_count for o in alike[way]))
    )
