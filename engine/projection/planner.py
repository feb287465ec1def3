"""The fastest way to divide one training step over devices, out of all ways that fit.

Every combination of widths is laid out as one array, so that memory and step time of all of
them are worked out at once, with the formulas that a projection uses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.projection import memory_parts, parallel, throughput
from engine.projection.memory_parts import MemoryParts
from engine.projection.parallel import Plan, Wanted
from engine.projection.throughput import StepParts
from engine.projection.throughput_fit import throughput_fit
from engine.projection.throughput_step import Learner, kind_of, training_step
from engine.records import BadInput
from engine.units import BYTES_PER_GB, Float

Array = npt.NDArray[np.float64]

ZERO_STAGES = (0.0, 1.0, 2.0, 3.0)
MICRO_BATCH_SEQUENCES = (1.0, 2.0, 4.0, 8.0, 16.0)
INTERLEAVES = (1.0, 2.0, 4.0)
RECOMPUTE_SHARES = (0.0, 1.0)
LEAST_CONTEXT_TOKENS = 4_096.0
"""Of a sequence on one device: sharing shorter ones is not done."""
FIRST_STAGE_WITHOUT_PIPELINE = 2.0
"""Gradients or weights shared out are gathered for each micro-batch: pipelines do without."""
MOST_SCALE_UP_COUNT = 64.0
ALTERNATIVES = 5


@dataclass(frozen=True, slots=True)
class Hardware:
    """What the devices are."""

    accelerator_id: str
    device: Mapping[str, float]
    """As `throughput_devices.device_fields` gives it."""
    room_bytes: float
    """Memory of one that a model may fill."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One plan with what it takes; all plain numbers."""

    plan: Plan
    step_time_s: float
    tokens_per_s_per_device: float
    mfu: float
    parts: StepParts
    memory: MemoryParts


@dataclass(frozen=True, slots=True)
class Found:
    """The fastest plan, the next ones, and what keeps it from being faster."""

    best: Candidate
    alternatives: tuple[Candidate, ...]
    binds: str
    """`memory` where a plan that does not fit would be faster, else the largest part of the
    step beside its matrix products."""
    tried_count: int
    fitting_count: int


def fastest(learner: Learner, hardware: Hardware, wanted: Wanted) -> Found:
    """The fastest of all plans that fit.

    Raises:
        BadInput: no plan fits the memory of so many devices.
    """
    plans = candidates(learner, hardware, wanted)
    if not np.size(plans.device_count):
        raise BadInput(
            f"{int(wanted.device_count)} devices cannot be divided as chosen. "
            "Leave a width open, or choose widths whose product divides the number of devices."
        )
    needed = np.asarray(memory_parts.memory(learner.needs, plans).whole_bytes)
    fits = needed <= hardware.room_bytes
    if not fits.any():
        raise BadInput(
            f"No plan fits: each of {int(wanted.device_count)} devices has room for "
            f"{hardware.room_bytes / BYTES_PER_GB:.0f} GB and would have to hold "
            f"{needed.min() / BYTES_PER_GB:.0f} GB. "
            "Take more devices, devices with more memory, or a smaller model."
        )
    step, ratio = _step(learner, hardware, plans)
    rate = np.asarray(_tokens_per_s(step, plans, ratio))
    order = np.lexsort((np.asarray(plans.zero_stage), -np.where(fits, rate, 0.0)))
    shown = order[: min(ALTERNATIVES + 1, int(fits.sum()))]
    found = [_candidate(learner, hardware, _at(plans, i)) for i in shown]
    return Found(
        best=found[0],
        alternatives=tuple(found[1:]),
        binds=_binds(found[0], float(rate.max())),
        tried_count=len(rate),
        fitting_count=int(fits.sum()),
    )


def candidates(learner: Learner, hardware: Hardware, wanted: Wanted) -> Plan:
    """All plans that divide the devices evenly, as one plan of arrays."""
    axes = _axes(learner, hardware, wanted)
    grid = [part.ravel() for part in np.meshgrid(*axes.values(), indexing="ij")]
    plans = Plan(
        device_count=np.full(len(grid[0]), float(int(wanted.device_count))),
        micro_batch_count=1.0,
        **dict(zip(axes, grid, strict=True)),
    )
    plans = _with_batch(plans, learner, wanted)
    return _at(plans, np.flatnonzero(_possible(plans, learner)))


def _axes(learner: Learner, hardware: Hardware, wanted: Wanted) -> dict[str, Array]:
    needs, count = learner.needs, int(wanted.device_count)
    joined = min(hardware.device["scale_up_device_count"], MOST_SCALE_UP_COUNT)
    sequence = float(np.asarray(needs.sequence_tokens))
    layers = max(round(float(np.asarray(needs.layer_count))), 1)
    sizes = wanted.micro_batch_sequences
    micro = MICRO_BATCH_SEQUENCES if sizes is None else (float(np.asarray(sizes)),)
    return {
        "tensor_count": _open(wanted.tensor_count, _powers(min(joined, count))),
        "pipeline_count": _open(wanted.pipeline_count, _stages(layers, count)),
        "context_count": _open(
            wanted.context_count, _powers(min(sequence / LEAST_CONTEXT_TOKENS, count))
        ),
        "expert_parallel_count": _open(
            wanted.expert_parallel_count,
            _powers(min(float(np.asarray(needs.expert_count)), count)),
        ),
        "zero_stage": _open(wanted.zero_stage, np.array(ZERO_STAGES)),
        "recompute_share": _open(wanted.recompute_share, np.array(RECOMPUTE_SHARES)),
        "interleave_count": np.array(INTERLEAVES),
        "micro_batch_tokens": np.array(micro) * sequence,
    }


def _open(chosen: object, values: Array) -> Array:
    return values if chosen is None else np.atleast_1d(np.asarray(chosen, dtype=np.float64))


def _powers(most: float) -> Array:
    return np.exp2(np.arange(int(np.log2(max(most, 1.0))) + 1, dtype=np.float64))


def _stages(layer_count: int, most: int) -> Array:
    """Numbers of pipeline stages: those that divide the layers evenly, and powers of two."""
    numbers = np.arange(1, min(layer_count, most) + 1)
    even = numbers[layer_count % numbers == 0].astype(np.float64)
    return np.union1d(even, _powers(min(layer_count, most)))


def _with_batch(plans: Plan, learner: Learner, wanted: Wanted) -> Plan:
    sequence = learner.needs.sequence_tokens
    batch = wanted.batch_tokens
    if batch is None:
        batch = parallel.usual_batch_tokens(float(int(wanted.device_count)), sequence)
    per_copy = batch / plans.data_count / plans.micro_batch_tokens
    return replace(plans, micro_batch_count=per_copy)


def _possible(plans: Plan, learner: Learner) -> npt.NDArray[np.bool_]:
    """Whether the devices divide evenly, and the batch is enough for all copies."""
    copies = plans.device_count / plans.devices_per_copy
    layers = np.round(np.asarray(learner.needs.layer_count)) / plans.pipeline_count
    piped = np.asarray(plans.pipeline_count) > 1
    shared = np.asarray(plans.zero_stage) >= FIRST_STAGE_WITHOUT_PIPELINE
    first = np.asarray(plans.interleave_count) == 1
    whole = (copies >= 1) & (copies % 1 == 0) & (copies * plans.context_count >= 1)
    experts = copies * plans.context_count % plans.expert_parallel_count == 0
    turns = np.where(piped, layers >= plans.interleave_count, first)
    enough = np.asarray(plans.micro_batch_count) >= 1
    divides = whole & experts & turns & ~(piped & shared)
    if not (divides & enough).any():
        enough = np.asarray(plans.micro_batch_tokens) == np.min(plans.micro_batch_tokens)
    possible: npt.NDArray[np.bool_] = divides & enough
    return possible


def _at(plans: Plan, index: Any) -> Plan:
    """The plan, or plans, at some positions."""
    names = [field.name for field in fields(plans)]
    picked = {name: np.asarray(getattr(plans, name))[index] for name in names}
    if np.ndim(picked["device_count"]) == 0:
        return Plan(**{name: float(value) for name, value in picked.items()})
    return Plan(**picked)


def _step(
    learner: Learner, hardware: Hardware, plans: Plan
) -> tuple[throughput.TrainingStep, Float]:
    """The step, and its measured over computed speed; all wait for the longest stage."""
    step = training_step(learner, plans, hardware.device, hardware.device["peak_flop_per_s"])
    step = replace(step, micro_batch_count=np.maximum(plans.micro_batch_count, 1.0))
    ratio = throughput_fit().speed_ratio(hardware.accelerator_id, "", kind_of(learner, step))
    layers = np.maximum(np.round(np.asarray(learner.needs.layer_count)), 1.0)
    turns = plans.pipeline_count * plans.interleave_count
    longest = np.where(
        np.asarray(plans.pipeline_count) > 1, np.ceil(layers / turns) * turns / layers, 1.0
    )
    return step, ratio / longest


def _tokens_per_s(step: throughput.TrainingStep, plans: Plan, ratio: Float) -> Array:
    constants = throughput_fit().constants
    rate = throughput.tokens_per_s_per_device(step, constants, ratio)
    return np.broadcast_to(np.asarray(rate), np.shape(plans.device_count))


def _candidate(learner: Learner, hardware: Hardware, plan: Plan) -> Candidate:
    step, ratio = _step(learner, hardware, plan)
    plan = replace(plan, micro_batch_count=float(np.maximum(plan.micro_batch_count, 1.0)))
    parts = throughput.step_parts(step, throughput_fit().constants)
    slower = {f.name: float(getattr(parts, f.name) / ratio) for f in fields(parts)}
    rate = float(_tokens_per_s(step, plan, ratio))
    held = memory_parts.memory(learner.needs, plan)
    flop = float(throughput.model_flop_per_token(step))
    return Candidate(
        plan=plan,
        step_time_s=float(sum(slower.values())),
        tokens_per_s_per_device=rate,
        mfu=rate * flop / hardware.device["peak_flop_per_s"],
        parts=StepParts(**slower),
        memory=MemoryParts(**{f.name: float(getattr(held, f.name)) for f in fields(held)}),
    )


def _binds(best: Candidate, fastest_rate: float) -> str:
    if fastest_rate > best.tokens_per_s_per_device * (1 + 1e-9):
        return "memory"
    others = {f.name: getattr(best.parts, f.name) for f in fields(best.parts)}
    others.pop("products_s")
    return max(others, key=lambda name: others[name]).removesuffix("_s")
