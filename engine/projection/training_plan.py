"""The plan of a scenario's training, and what one device holds under it, as Estimates."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache

import numpy as np

from engine import catalogue
from engine.elementwise import minimum
from engine.projection import (
    finetuning,
    hardware,
    memory,
    memory_parts,
    parallel,
    planner,
    throughput,
)
from engine.projection.evidence import NO_EVIDENCE, Evidence
from engine.projection.hardware import Device
from engine.projection.memory_parts import Needs
from engine.projection.parallel import Plan, Wanted
from engine.projection.scaling import FORWARD_AND_BACKWARD
from engine.projection.sized import Sized, attention_flop, head_size, shape_fact, sized
from engine.projection.spread import spread
from engine.projection.throughput_devices import device_fields
from engine.projection.throughput_fit import throughput_fit
from engine.projection.throughput_step import Learner, training_step
from engine.projection.working import assumed, chosen, derive
from engine.records import BadInput, Estimate, Source, TrainingMemory, TrainingPlan
from engine.scenario import Scenario
from engine.units import BYTES_PER_VALUE, Float

PLANNED = Source("Fastest of the usual plans that fit; `modelworth plan` searches further")
RECOMPUTES = {"none": 0.0, "selective": 0.0, "full": 1.0}
CHOICES = {
    "tensor_count": "tensor_parallel_count",
    "pipeline_count": "pipeline_parallel_count",
    "context_count": "context_parallel_count",
    "expert_parallel_count": "expert_parallel_count",
    "zero_stage": "zero_stage",
    "micro_batch_tokens": "micro_batch_sequence_count",
    "micro_batch_count": "global_batch_tokens",
    "recompute_share": "recomputation",
}
"""Field of the scenario that chooses a part of the plan."""
DECIDING = (
    "model",
    "parameters_billion",
    "sequence_tokens",
    "precision",
    "optimiser",
    "tuning",
    "lora_rank",
    "training_device_count",
    *CHOICES.values(),
)
"""Fields of the scenario that a plan depends on, beside the device."""
MOST_KEPT = 256
DEVICE_AND_FOUR = 5
"""Axes of a plan for several devices."""


@dataclass(frozen=True, slots=True, eq=False)
class Planned:
    """A plan as numbers and as Estimates, with the memory it takes."""

    learner: Learner
    plan: Plan
    told: TrainingPlan
    memory: TrainingMemory
    whole_bytes: Estimate


def planned(
    scenario: Scenario, model: Sized, device: Device, trained_share: Estimate
) -> Planned | None:
    """How the scenario's devices divide the work; None for what has no known layers."""
    room_bytes = memory.usable(device).value
    if not (model.is_transformer and model.vocabulary_size.known) or room_bytes is None:
        return None
    asked = _Asked(scenario, model, device, trained_share, float(room_bytes))
    deciding = tuple(getattr(scenario, name) for name in DECIDING)
    if any(isinstance(value, np.ndarray) for value in deciding):
        return _planned(asked)
    return _remembered(asked, deciding)


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """What a plan is made for; equal where what decides it is, whatever else differs."""

    scenario: Scenario
    model: Sized
    device: Device
    trained_share: Estimate
    room_bytes: float


_KEPT: OrderedDict[tuple[object, ...], Planned] = OrderedDict()


def _remembered(asked: _Asked, deciding: tuple[object, ...]) -> Planned:
    """Plans made before, the latest of them: prices and loads change nothing of them."""
    key = (*deciding, asked.room_bytes, asked.device.accelerator_id)
    found = _KEPT.get(key)
    if found is None:
        found = _KEPT[key] = _planned(asked)
        if len(_KEPT) > MOST_KEPT:
            _KEPT.popitem(last=False)
    return found


def _planned(asked: _Asked) -> Planned:
    scenario = asked.scenario
    parts, learns = _learns(scenario, asked.model, asked.trained_share)
    of_device = _fields(asked.device, scenario.precision)
    plan = parallel.usual_plan(
        learns.needs,
        asked.room_bytes,
        of_device["scale_up_device_count"] if of_device else 1.0,
        wanted(scenario, asked.model),
        _slowness(learns, of_device),
    )
    return _with_memory(scenario, parts, learns, plan)


def planned_together(
    scenario: Scenario, model: Sized, devices: Sequence[Device], trained_share: Estimate
) -> list[Planned | None]:
    """As `planned` on each of several devices, in little more time than on one.

    Numbers of the scenario may be arrays of four axes.
    """
    fields_of = [_fields(device, scenario.precision) for device in devices]
    rooms = [memory.usable(device).value for device in devices]
    alike = [i for i, known in enumerate(fields_of) if known and rooms[i] is not None]
    if not (model.is_transformer and model.vocabulary_size.known) or len(alike) < 2:
        return [planned(scenario, model, device, trained_share) for device in devices]
    parts, learns = _learns(scenario, model, trained_share)
    every = {
        name: _device_axis([known[name] for known in _those(fields_of, alike)])
        for name in fields_of[alike[0]] or {}
    }
    plans = parallel.usual_plan(
        learns.needs,
        _device_axis([float(rooms[i] or 0.0) for i in alike]),
        every["scale_up_device_count"],
        wanted(scenario, model),
        _slowness(learns, every),
    )
    found: list[Planned | None] = [None] * len(devices)
    for place, i in enumerate(alike):
        found[i] = _with_memory(scenario, parts, learns, _of_device(plans, place))
    for i in set(range(len(devices))) - set(alike):
        found[i] = planned(scenario, model, devices[i], trained_share)
    return found


def _fields(device: Device, precision: str) -> Mapping[str, float] | None:
    return device_fields(device.accelerator_id, precision) if device.accelerator_id else None


def _those(
    found: Sequence[Mapping[str, float] | None], places: Sequence[int]
) -> list[Mapping[str, float]]:
    return [known for i in places if (known := found[i]) is not None]


def _device_axis(values: Sequence[float]) -> Float:
    return np.array(values, dtype=np.float64).reshape(-1, 1, 1, 1, 1)


def _of_device(plans: Plan, place: int) -> Plan:
    """The plan of one of several devices."""

    def of(value: Float) -> Float:
        several = isinstance(value, np.ndarray) and value.ndim == DEVICE_AND_FOUR
        return np.asarray(value)[place] if several else value

    return Plan(**{field.name: of(getattr(plans, field.name)) for field in fields(plans)})


def _learns(
    scenario: Scenario, model: Sized, trained_share: Estimate
) -> tuple[dict[str, Estimate], Learner]:
    """What is learned, whatever it is learned on."""
    parts = _needs(scenario, model, trained_share)
    needs = Needs(**{name: _value(e) for name, e in parts.items()})
    return parts, learner(scenario, model, needs)


def _with_memory(
    scenario: Scenario, parts: dict[str, Estimate], learns: Learner, plan: Plan
) -> Planned:
    told = _told(scenario, plan)
    held, whole = _memory(parts | {f.name: getattr(told, f.name) for f in fields(told)})
    return Planned(learns, plan, told, held, whole)


def _slowness(learns: Learner, of_device: Mapping[str, Float] | None) -> parallel.Slowness:
    """Seconds a token takes on one device; where its speed is not known, devices a copy takes."""
    if of_device is None:
        return lambda plan: plan.devices_per_copy

    def s_per_token(plan: Plan) -> Float:
        step = training_step(learns, plan, of_device, of_device["peak_flop_per_s"])
        return 1.0 / throughput.tokens_per_s_per_device(step, throughput_fit().constants)

    return s_per_token


def _value(estimate: Estimate) -> Float:
    assert estimate.value is not None
    return estimate.value


def fastest(scenario: Scenario, evidence: Evidence = NO_EVIDENCE) -> planner.Found:
    """The fastest plan for a scenario's model, devices and what it says of the plan.

    Raises:
        BadInput: arrays; a model without known layers; hardware without printed peak,
            bandwidth and memory; or no plan fits.
    """
    model = sized(scenario, catalogue.model(scenario.model))
    device = hardware.device(scenario.hardware, evidence)
    room_bytes = memory.usable(device).value
    if any(isinstance(getattr(scenario, name), np.ndarray) for name in DECIDING):
        raise BadInput("A plan is for one scenario, not for an array of them. Ask one by one.")
    if not (model.is_transformer and model.vocabulary_size.known):
        raise BadInput(
            f"No layers are known for {model.known.name}, so it has no plan. "
            "Choose a transformer: `modelworth facts models`."
        )
    of_device = (
        device_fields(device.accelerator_id, scenario.precision) if device.accelerator_id else None
    )
    if of_device is None or room_bytes is None or device.accelerator_id is None:
        raise BadInput(
            f"No peak, bandwidth or memory is printed for {device.name}, so it has no plan. "
            "Choose hardware of the catalogue: `modelworth facts accelerators`."
        )
    trained = trained_parameter_count(scenario, model)
    share = derive(
        finetuning.trained_share,
        trained_parameter_count=trained,
        parameter_count=model.parameter_count,
    )
    needs = Needs(**{name: _value(e) for name, e in _needs(scenario, model, share).items()})
    return planner.fastest(
        learner(scenario, model, needs),
        planner.Hardware(
            device.accelerator_id,
            of_device,
            float(room_bytes),
        ),
        wanted(scenario, model),
    )


def wanted(scenario: Scenario, model: Sized) -> Wanted:
    """What the scenario says of its plan; experts are dealt out to no more devices than them."""
    again, experts = scenario.recomputation, scenario.expert_parallel_count
    if experts is not None:
        experts = minimum(experts, float(model.known.expert_count or 1))
    return Wanted(
        device_count=scenario.training_device_count,
        tensor_count=scenario.tensor_parallel_count,
        pipeline_count=scenario.pipeline_parallel_count,
        context_count=scenario.context_parallel_count,
        expert_parallel_count=experts,
        zero_stage=scenario.zero_stage,
        recompute_share=None if again is None else RECOMPUTES[again],
        micro_batch_sequences=scenario.micro_batch_sequence_count,
        batch_tokens=scenario.global_batch_tokens,
    )


def learner(scenario: Scenario, model: Sized, needs: Needs) -> Learner:
    """What decides the speed beside memory."""
    attention = _value(attention_flop(model, model.sequence_tokens))
    return Learner(
        needs=needs,
        active_parameter_count=_value(model.active_parameter_count),
        attention_flop_per_token=FORWARD_AND_BACKWARD * attention,
        attention_size=_value(model.attention_size),
        experts_per_token_count=float(model.known.experts_per_token_count or 1),
        is_encoder=model.known.family != "decoder",
        adapter=has_adapter(scenario, model),
        year=float(_value(assumed("training_software_year"))),
    )


def has_adapter(scenario: Scenario, model: Sized) -> bool:
    """Whether only an adapter learns; without known layers there is none, and all learns."""
    known = model.is_transformer and head_size(model.known) is not None
    return scenario.tuning != "full" and known


def trained_parameter_count(scenario: Scenario, model: Sized) -> Estimate:
    """Parameters that learn: all, or those of the adapter."""
    known = model.known
    size = head_size(known)
    if not has_adapter(scenario, model) or size is None:
        return model.parameter_count
    kv_heads = float(known.kv_head_count or known.head_count or 1)
    hidden = float(known.hidden_size or 1)
    return derive(
        finetuning.lora_parameter_count,
        layer_count=model.layer_count,
        hidden_size=model.hidden_size,
        attention_size=model.attention_size,
        kv_size=derive(
            finetuning.width,
            hidden_size=model.hidden_size,
            width_ratio=shape_fact(known, kv_heads * size / hidden),
        ),
        feed_forward_size=derive(
            finetuning.width,
            hidden_size=model.hidden_size,
            width_ratio=shape_fact(known, (known.feed_forward_size or 4 * hidden) / hidden),
        ),
        lora_rank=chosen(scenario.lora_rank),
    )


def _needs(scenario: Scenario, model: Sized, trained_share: Estimate) -> dict[str, Estimate]:
    known = model.known
    experts = float(known.expert_count or 1)
    return {
        "parameter_count": model.parameter_count,
        "expert_parameter_count": _experts(model, experts),
        "trained_share": trained_share,
        "layer_count": model.layer_count,
        "hidden_size": model.hidden_size,
        "vocabulary_size": model.vocabulary_size,
        "expert_count": shape_fact(known, experts),
        "sequence_tokens": model.sequence_tokens,
        "feed_forward_ratio": shape_fact(known, _feed_forward_ratio(model)),
        **_bytes_per_parameter(scenario),
        "bytes_per_value": _chosen(max(2.0, BYTES_PER_VALUE[scenario.precision])),
    }


def _experts(model: Sized, experts: float) -> Estimate:
    known = model.known
    if experts <= 1:
        return _chosen(0.0)
    return derive(
        memory_parts.expert_parameter_count,
        parameter_count=model.parameter_count,
        active_parameter_count=model.active_parameter_count,
        expert_count=shape_fact(known, experts),
        used_count=shape_fact(known, float(known.experts_per_token_count or 1)),
    )


def _feed_forward_ratio(model: Sized) -> float:
    """Of a mixture, the width of all experts a token is sent to; a usual layer otherwise."""
    known = model.known
    if known.expert_count is None or not known.feed_forward_size or not known.hidden_size:
        return 1.0
    used = known.experts_per_token_count or 1
    return used * known.feed_forward_size / (4.0 * known.hidden_size)


def _bytes_per_parameter(scenario: Scenario) -> dict[str, Estimate]:
    wide = scenario.precision == "fp32"
    weight = memory.FULL_WEIGHT_BYTES if wide else memory.HALF_COPY_BYTES
    master = 0.0 if wide else memory.FULL_WEIGHT_BYTES
    if scenario.tuning == "qlora":
        weight = finetuning.QLORA_WEIGHT_BYTES
    return {
        "weight_bytes_per_parameter": _chosen(weight),
        "gradient_bytes_per_parameter": _chosen(memory.GRADIENT_BYTES),
        "optimiser_bytes_per_parameter": _chosen(
            master + memory.OPTIMISER_BYTES[scenario.optimiser]
        ),
    }


@cache
def _chosen(value: float) -> Estimate:
    return chosen(value)


def _told(scenario: Scenario, plan: Plan) -> TrainingPlan:
    def told(name: str) -> Estimate:
        choice = CHOICES.get(name)
        value: Float = getattr(plan, name)
        if choice is not None and getattr(scenario, choice) is not None:
            return Estimate(value, "chosen")
        return Estimate(value, "assumed", source=PLANNED)

    return TrainingPlan(**{field.name: told(field.name) for field in fields(TrainingPlan)})


def _memory(parts: dict[str, Estimate]) -> tuple[TrainingMemory, Estimate]:
    held = {
        name: derive(formula, **{n: parts[n] for n in memory_parts.arguments(formula)})
        for name, formula in memory_parts.PARTS.items()
    }
    for name in ("activations_bytes", "temporary_bytes"):
        held[name] = spread(held[name], "activation_bytes_ratio")
    return TrainingMemory(**held), derive(memory_parts.whole_bytes, **held)
