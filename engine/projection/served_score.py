"""The score as served: what lower precision of weights and attention cache takes off it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.projection import own_changes
from engine.projection.compression import Effect, effect, effects, task_of
from engine.projection.evidence import Evidence
from engine.projection.sized import Sized
from engine.projection.working import derive
from engine.records import Estimate
from engine.scenario import Scenario
from engine.units import Float

FULL = frozenset({"fp32", "bf16", "fp16"})
"""Precisions that change no score."""
CACHE_SETTING = "int8"
"""Published for an attention cache of 8 bits; fp8 was no worse in most cases that were tested.

Source: NVIDIA/TensorRT-LLM, docs/source/blogs/quantization-in-TRT-LLM.md
"""


def added_change_share(weights_change_share: Float, cache_change_share: Float) -> Float:
    """Change of a score by weights and an attention cache of lower precision together."""
    return weights_change_share + cache_change_share


def served_score_share(trained_score_share: Float, score_change_share: Float) -> Float:
    """Score as served: as trained, and the change by the precision it is served at."""
    return np.clip(trained_score_share + score_change_share, 0.0, 1.0)


def change_share(scenario: Scenario, model: Sized, evidence: Evidence) -> Estimate | None:
    """What serving changes of the score; None where nothing is served, or nothing changes."""
    if not np.any(np.asarray(scenario.requests_per_day) > 0):
        return None
    parts = list(_parts(scenario, model, evidence))
    if len(parts) < 2:
        return parts[0] if parts else None
    weights, cache = parts
    both = derive(added_change_share, weights_change_share=weights, cache_change_share=cache)
    return both if both.value is None else with_range(both, both.value, weights, cache)


def _parts(scenario: Scenario, model: Sized, evidence: Evidence) -> Iterator[Estimate]:
    task, precision = task_of(model.known), scenario.serving_precision
    if precision not in FULL:
        own = _measured(evidence, task, precision, model)
        yield own or effect(task, "quantisation", precision).change_share
    if scenario.cache_precision == "fp8" and model.known.family == "decoder":
        yield effect(task, "cache-quantisation", CACHE_SETTING).change_share


def _measured(evidence: Evidence, task: str, precision: str, model: Sized) -> Estimate | None:
    """What was measured here, on models not much larger or smaller."""
    size = model.parameter_count.value
    if size is None or not evidence.own_changes or np.ndim(size) > 0:
        return None
    found = own_changes.like(evidence.own_changes, task, "quantisation", precision, float(size))
    return own_changes.pooled(found)


def effects_on(model: Sized, evidence: Evidence) -> tuple[Effect, ...]:
    """Every way of compression known for a model's task; own measurements in place of others'."""
    found = {(e.technique, e.setting): e for e in effects(task_of(model.known))}
    own = own_changes.effects(evidence.own_changes, model, own_changes.SMALLER)
    return tuple((found | {(e.technique, e.setting): e for e in own}).values())


def served(score: Estimate, change: Estimate) -> Estimate:
    """The score as served, with the doubt of both."""
    found = derive(served_score_share, trained_score_share=score, score_change_share=change)
    if found.value is None:
        reason = change.note if change.value is None else score.note
        return Estimate(None, found.kind, found.formula, found.inputs, note=reason)
    return with_range(found, found.value, score, change, lowest_share=0.0)


def with_range(
    found: Estimate,
    middle_share: Float,
    *parts: Estimate,
    lowest_share: float = -1.0,
) -> Estimate:
    """The number with the ranges of its parts, which are independent."""
    down = np.sqrt(sum(_width(part, part.low) ** 2 for part in parts))
    up = np.sqrt(sum(_width(part, part.high) ** 2 for part in parts))
    return Estimate(
        found.value,
        found.kind,
        found.formula,
        found.inputs,
        found.source,
        found.note,
        low=np.clip(middle_share - down, lowest_share, 1.0),
        high=np.clip(middle_share + up, lowest_share, 1.0),
    )


def _width(part: Estimate, end: Float | None) -> Float:
    return 0.0 if end is None or part.value is None else end - part.value
