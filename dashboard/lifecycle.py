"""A model's life as measured: each stage's time, energy and bytes, with how sure they are."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, stdev
from typing import NamedTuple

from engine.measurement.noise import disturbances
from engine.measurement.spread import median_interval
from engine.projection.lever_table import RECIPE_SETTINGS
from engine.records import Measurement, Setting

STAGES = ("prepare", "train", "evaluate", "cross_validate", "export", "load", "infer")
"""In the order of a life."""
STEPS = ("clean", "convert", "augment")
"""Of preparation."""
QUANTITIES = ("time_s", "energy_j", "made_bytes", "memory_bytes")
OWN_SETTINGS = ("step", "fold_count", "format", "cold", "runtime", "request_size")
"""What tells two measurements of one stage apart."""
LEARNS = frozenset({"train", "cross_validate"})
"""Measured a training step at a time; what counts is all of them."""
MADE = ("output_bytes", "artefact_bytes")
SENT = ("request_bytes", "answer_bytes")
SURE_SPREADS = 1.96
"""Standard errors on each side that hold the mean 95 times of 100."""


class Reading(NamedTuple):
    """One number and its 95 % interval, where there is one."""

    value: float
    low: float | None = None
    high: float | None = None
    is_estimate: bool = False


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of one model's life, as a whole: all of the training, one file, one request."""

    family: str
    name: str
    own: tuple[tuple[str, Setting], ...]
    size: int | None
    """None for preparation, which serves every size."""
    parameter_count: float | None
    time_s: Reading
    energy_j: Reading | None
    made_bytes: Reading | None
    """Data or files made or read, or sent there and back for an answer."""
    memory_bytes: Reading | None
    is_noisy: bool


def lives(measurements: Iterable[Measurement]) -> dict[str, list[Stage]]:
    """Stages by family, in the order of a life; of what was measured twice, the newest.

    Of each size only the recipe that was taken through most stages: others vary one setting.
    """
    newest = sorted(measurements, key=lambda m: m.taken_at)
    recipes: dict[tuple[str, int], dict[object, list[Measurement]]] = defaultdict(dict)
    found: dict[str, list[Stage]] = defaultdict(list)
    for m in newest:
        if m.workload not in STAGES or "family" not in m.settings:
            continue
        if "size" not in m.settings:
            found[str(m.settings["family"])].append(_stage(m, None))
            continue
        place = (str(m.settings["family"]), int(m.settings["size"]))
        recipes[place].setdefault(_recipe(m), []).append(m)
    for (family, _), kinds in recipes.items():
        life = max(kinds.values(), key=lambda taken: len({m.workload for m in taken}))
        count = next((c for m in life if (c := m.metrics.get("parameter_count"))), None)
        found[family] += [_stage(m, count) for m in life]
    return {family: _in_order(stages) for family, stages in found.items()}


def sizes(stages: Sequence[Stage]) -> dict[int, float | None]:
    """Parameters of each size, smallest first."""
    known = {s.size: s.parameter_count for s in stages if s.size is not None}
    return dict(sorted(known.items(), key=lambda item: (item[1] or 0.0, item[0])))


def _recipe(m: Measurement) -> object:
    return frozenset((k, v) for k, v in m.settings.items() if k in RECIPE_SETTINGS)


def _in_order(stages: list[Stage]) -> list[Stage]:
    newest = {(s.name, s.own, s.size): s for s in stages}
    return sorted(newest.values(), key=_place)


def _place(stage: Stage) -> tuple[int, int, str, tuple[Setting, ...]]:
    own = dict(stage.own)
    step = STEPS.index(str(own["step"])) if own.get("step") in STEPS else 0
    last = tuple(value for _, value in stage.own[-1:])
    return STAGES.index(stage.name), step, str(stage.own[:-1]), last


def _stage(m: Measurement, parameter_count: float | None) -> Stage:
    is_estimate = m.energy_kind == "estimated"
    times = m.metrics.get("step_count", 1.0) if m.workload in LEARNS else 1.0
    return Stage(
        family=str(m.settings["family"]),
        name=m.workload,
        own=tuple((k, m.settings[k]) for k in OWN_SETTINGS if k in m.settings),
        size=int(m.settings["size"]) if "size" in m.settings else None,
        parameter_count=parameter_count,
        time_s=_time(m, times),
        energy_j=None
        if m.energy_j is None
        else Reading(m.energy_j * times, is_estimate=is_estimate),
        made_bytes=_bytes(m),
        memory_bytes=None if m.peak_memory_bytes is None else Reading(m.peak_memory_bytes),
        is_noisy=bool(disturbances(m)),
    )


def _time(m: Measurement, times: float) -> Reading:
    if m.workload not in LEARNS:
        return Reading(m.time_s, *median_interval(m.repeat_times_s))
    mean_s = fmean(m.repeat_times_s)
    count = len(m.repeat_times_s)
    half_s = SURE_SPREADS * stdev(m.repeat_times_s) / sqrt(count) if count > 1 else 0.0
    return Reading(times * mean_s, times * (mean_s - half_s), times * (mean_s + half_s))


def _bytes(m: Measurement) -> Reading | None:
    for name in MADE:
        if name in m.metrics:
            return Reading(m.metrics[name])
    if all(name in m.metrics for name in SENT):
        return Reading(sum(m.metrics[name] for name in SENT))
    return None
