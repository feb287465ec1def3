"""What compression does to a score, as published for other models of the same task.

A change is in points of the score, pooled over the models that were compressed the same way, each
model once; its 90 % range is where the next such model is expected. Fewer than three models give
no range for a fourth, and so no change. Size is no help: each model left out in turn, a line
through the logarithms of the sizes misses 4-bit language models by 1.17 points, the mean by 1.12.
Tasks are not pooled: of all ways of pruning one (90 % of the weights) would so come to three
models, and the two of pictures leave that of text (-0.5 points) outside their range (-3.8 to -0.7).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import fmean, stdev

from engine import catalogue
from engine.catalogue.schema import Compressed, Model
from engine.projection.student import next_half_width_share
from engine.projection.working import derive, source_record, unknown
from engine.records import Estimate
from engine.units import Float

FEWEST_MODELS = 3
TASKS = {
    "decoder": "language",
    "encoder": "text",
    "encoder-decoder": "translation",
    "cnn": "image",
    "detector": "detection",
    "recommender": "recommendation",
    "classifier": "classification",
}
"""What a family of models is compressed for."""
CHOSEN_AMONG_ANSWERS = frozenset(
    {
        "MMLU", "MMLU 5-shot", "HellaSwag 10-shot", "ARC-Challenge 25-shot",
        "Open LLM Leaderboard 1", "mean of 7 tasks, 0-shot",
    }
)  # fmt: skip
"""Scores of language models like those projected here; writing code or sums is another matter."""
BANDS = ((0.375, "0.25"), (0.65, "0.5"), (0.85, "0.8"), (0.925, "0.9"), (0.955, "0.95"))
"""Shares of the weights taken out that are pooled: up to so much, and what they are called."""

Way = tuple[str, str]
"""Technique, and its setting: a precision, or a share taken out; empty where there is none."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What one way of compression does to the score of one task."""

    technique: str
    setting: str
    change_share: Estimate
    """Of the score, from 0 to 1; unknown with the reason."""
    model_count: int
    row_count: int
    seen_share: tuple[float, float] | None
    """Smallest and largest change of a row; None where none was published."""


def mean_change_share(**model_change_share: Float) -> Float:
    """Mean change of a score over published models, each counted once.

    The 90 % range around it is that of the next model: Student's t times the spread of the
    models times `sqrt(1 + 1 / models)`.

    Source: Hahn and Meeker 1991, "Statistical Intervals", section 4.7
    """
    return sum(model_change_share.values()) / len(model_change_share)


def task_of(known: Model) -> str:
    """What a model is compressed for, as the published rows name it."""
    return "image" if known.family == "encoder" and known.item == "image" else TASKS[known.family]


@cache
def effects(task: str) -> tuple[Effect, ...]:
    """Every way of compression that was published for a task, in the order of the facts."""
    ways = dict.fromkeys(way for row in _rows(task) if (way := _way(row)))
    return tuple(effect(task, *way) for way in ways)


@cache
def effect(task: str, technique: str, setting: str) -> Effect:
    """One way of compression for one task."""
    rows = [row for row in _rows(task) if _way(row) == (technique, setting)]
    changes = [row.change_share or 0.0 for row in rows]
    by_model: dict[str, list[Compressed]] = defaultdict(list)
    for row in rows:
        by_model[row.model].append(row)
    return Effect(
        technique,
        setting,
        _pooled(list(by_model.values())),
        len(by_model),
        len(rows),
        (min(changes), max(changes)) if changes else None,
    )


def _rows(task: str) -> Iterator[Compressed]:
    """Rows of a task that say how a score moved."""
    for row in catalogue.compressed(task):
        general = task != "language" or row.metric in CHOSEN_AMONG_ANSWERS
        if row.change_share is not None and general:
            yield row


def _way(row: Compressed) -> Way | None:
    """None where more was taken out than anything is said about, or it is not known how much."""
    if row.setting or row.technique == "distillation":
        return row.technique, row.setting
    taken = row.sparsity_share
    if taken is None:
        return None
    return next(((row.technique, name) for most, name in BANDS if taken <= most), None)


def _pooled(models: Sequence[Sequence[Compressed]]) -> Estimate:
    parts = {f"{rows[0].model}, change_share": _of_model(rows) for rows in models}
    scores = ", ".join(dict.fromkeys(row.metric for rows in models for row in rows))
    return pooled(parts, scores)


def pooled(parts: Mapping[str, Estimate], scores: str, what: str = "model") -> Estimate:
    """Mean change of published models, with the range of the next; unknown of fewer than three.

    `parts` are the changes, each under its model's name; `scores` is what they were taken on.
    """
    if len(parts) < FEWEST_MODELS:
        told = f"{len(parts)} published {what}s" if len(parts) != 1 else f"one published {what}"
        return unknown(f"{told} changed so; a range for another needs {FEWEST_MODELS}")
    means = [float(part.value or 0.0) for part in parts.values()]
    mean, half = fmean(means), next_half_width_share(stdev(means), len(means))
    found = derive(mean_change_share, **parts)
    note = f"over {len(parts)} {what}s, in {scores}"
    return Estimate(
        found.value, "fitted", found.formula, found.inputs,
        note=note, low=max(mean - half, -1.0), high=min(mean + half, 1.0),
    )  # fmt: skip


def _of_model(rows: Sequence[Compressed]) -> Estimate:
    """Mean change of one model over its rows."""
    told = "; ".join(f"{r.metric} {r.before:g} → {r.after:g}, {r.method}" for r in rows)
    change_share = fmean(row.change_share or 0.0 for row in rows)
    source = source_record(rows[0].source, rows[0].as_of)
    return Estimate(change_share, "published", source=source, note=told)
