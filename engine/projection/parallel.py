"""How a model is spread over devices: shares of layers, of a layer, of a sequence, of experts.

A plan is numbers or arrays of one shape. `usual_plan` is what is taken where nothing is
chosen: the fewest devices that hold one copy of the model, the optimiser spread over copies.
`engine.projection.planner` searches for the fastest instead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from engine.projection import memory_parts
from engine.projection.memory_parts import Needs
from engine.units import Float

WIDTHS: npt.NDArray[np.float64] = np.exp2(np.arange(12, dtype=np.float64))
MOST_VALUES_AT_ONCE = 4_096
"""Widths times scenarios: more at once no longer fit the cache of the processor."""
MOST_TENSOR_COUNT = 8.0
USUAL_INTERLEAVE_COUNT = 4.0
DOES_NOT_FIT = 1e12
"""Longer than a token can take, in s."""
MOST_EXPERT_COUNT = 64.0
TOKENS_PER_MICRO_BATCH = 8192.0
TOKENS_PER_PIPELINED_MICRO_BATCH = 2048.0
TOKENS_PER_CONTEXT_DEVICE = 32_768.0
"""Longer sequences are usually shared between devices."""
LEAST_BATCH_TOKENS = 4e6
MOST_BATCH_TOKENS = 16e6
"""Tokens of one step: Llama 2 took 4 million, Llama 3 up to 16.

Source: Touvron et al. 2023, section 2.2; Llama Team 2024, section 3.4.1,
https://arxiv.org/abs/2307.09288, https://arxiv.org/abs/2407.21783
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """How the devices divide the work of one step."""

    device_count: Float
    tensor_count: Float
    """Devices that share every layer."""
    pipeline_count: Float
    """Groups of devices that the layers are dealt out to."""
    context_count: Float
    """Devices that share one sequence."""
    expert_parallel_count: Float
    """Devices that the experts are dealt out to; they are copies of everything else."""
    zero_stage: Float
    """What copies share out: 1 optimiser state, 2 also gradients, 3 also weights."""
    recompute_share: Float
    """1 where activations are computed again for the backward pass, else 0."""
    micro_batch_tokens: Float
    micro_batch_count: Float
    interleave_count: Float = 1.0

    @property
    def devices_per_copy(self) -> Float:
        """Devices that hold one copy of the model."""
        return self.tensor_count * self.pipeline_count * self.context_count

    @property
    def least_device_count(self) -> Float:
        """Fewest devices that can be divided like this; copies share out the experts."""
        experts = np.maximum(self.expert_parallel_count / self.context_count, 1.0)
        return self.devices_per_copy * experts

    @property
    def data_count(self) -> Float:
        """Copies of the model, each on its own part of the batch."""
        return np.maximum(self.device_count / self.devices_per_copy, 1.0)

    @property
    def batch_tokens(self) -> Float:
        """Tokens of one step, all copies together."""
        return self.micro_batch_tokens * self.micro_batch_count * self.data_count


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a scenario says of its plan; None is left open."""

    device_count: Float
    tensor_count: Float | None = None
    pipeline_count: Float | None = None
    context_count: Float | None = None
    expert_parallel_count: Float | None = None
    zero_stage: Float | None = None
    recompute_share: Float | None = None
    micro_batch_sequences: Float | None = None
    batch_tokens: Float | None = None


Slowness = Callable[[Plan], Float]
"""Time that a plan takes for one token, in any unit."""


def usual_batch_tokens(device_count: Float, sequence_tokens: Float) -> Float:
    """Tokens of one step: millions, and more on more devices so that each has a sequence."""
    each = device_count * sequence_tokens
    return np.clip(each, LEAST_BATCH_TOKENS, MOST_BATCH_TOKENS)


def usual_plan(
    needs: Needs, room_bytes: Float, scale_up_count: Float, within: Wanted, slowness: Slowness
) -> Plan:
    """The fastest of the usual plans; where nothing fits, the one that lacks the least memory.

    Usual is to share layers within the fast interconnect and to deal further ones out by
    pipeline, of a mixture to deal out the experts first, within that interconnect or beyond it,
    to compute no more activations again than needed, and to spread the optimiser over all
    copies. More parameters are never faster: the same plans become slower, and fewer of them
    fit. Room and scale-up may be arrays as well, of devices that are each planned for.
    """
    plain = _unfolded(within, needs)
    tops = _Tops(_power_below(needs.layer_count), _power_below(needs.expert_count))
    sizes = (needs.parameter_count, needs.sequence_tokens, room_bytes, scale_up_count)
    sizes = (*sizes, *(getattr(within, field.name) for field in fields(within)))
    shape = np.broadcast_shapes(*(np.shape(size) for size in sizes))
    at_once = max(MOST_VALUES_AT_ONCE // max(int(np.prod(shape)), 1), 1)
    best: Float = np.full(shape, np.inf)
    width: Float = np.ones(shape)
    most_apart: Float = np.ones(shape)
    for most in _most_expert_counts(needs, scale_up_count):
        most_tops = replace(tops, expert=np.minimum(tops.expert, most))
        for start in range(0, len(WIDTHS), at_once):
            widths = WIDTHS[start : start + at_once].reshape(-1, *(1,) * len(shape))
            tried = _of_width(plain, widths, scale_up_count, within, needs, most_tops)
            cost = np.broadcast_to(
                _cost(needs, tried, room_bytes, within, slowness), (len(widths), *shape)
            )
            lowest = cost.min(axis=0)
            width = np.where(lowest < best, widths.ravel()[cost.argmin(axis=0)], width)
            most_apart = np.where(lowest < best, most_tops.expert, most_apart)
            best = np.minimum(lowest, best)
    tops = replace(tops, expert=most_apart)
    found = _of_width(plain, width, scale_up_count, within, needs, tops)
    found = _fitted(needs, found, room_bytes, within)[0]
    return found if shape else _of_floats(found)


def _most_expert_counts(needs: Needs, scale_up_count: Float) -> tuple[Float, ...]:
    """Devices that experts are dealt out to at most: within the fast interconnect, or beyond."""
    near = _power_below(scale_up_count)
    if not np.any(np.asarray(needs.expert_count) > 1) or np.all(near >= MOST_EXPERT_COUNT):
        return (MOST_EXPERT_COUNT,)
    return np.minimum(near, MOST_EXPERT_COUNT), MOST_EXPERT_COUNT


def _cost(needs: Needs, plan: Plan, room_bytes: Float, within: Wanted, slowness: Slowness) -> Float:
    plan, lacking = _fitted(needs, plan, room_bytes, within)
    possible = plan.devices_per_copy * plan.expert_parallel_count <= plan.device_count
    seconds = slowness(plan)
    cost = np.where(lacking > 1, DOES_NOT_FIT * lacking, seconds)
    single = plan.devices_per_copy * plan.expert_parallel_count <= 1
    return np.where(possible | single, cost, np.inf)


def _fitted(needs: Needs, plan: Plan, room_bytes: Float, within: Wanted) -> tuple[Plan, Float]:
    """The plan with what memory makes it compute again, and least memory over room.

    What still does not fit takes fewer sequences at once, one at least.
    """
    again, lacking, inputs = _again(needs, plan, room_bytes, within)
    found = replace(plan, recompute_share=again)
    if within.micro_batch_sequences is not None or not np.any(lacking > 1):
        return found, lacking
    tokens = _tokens_that_fit(needs, found, inputs, room_bytes)
    fewer = (lacking > 1) & (np.asarray(plan.pipeline_count) <= 1)
    size = np.where(fewer, np.minimum(tokens, plan.micro_batch_tokens), plan.micro_batch_tokens)
    count = plan.micro_batch_count * plan.micro_batch_tokens / size
    found = replace(found, micro_batch_tokens=size, micro_batch_count=count)
    least = memory_parts.with_activations(inputs, needs, found).whole_bytes
    return found, np.asarray(least / room_bytes)


def _tokens_that_fit(
    needs: Needs, plan: Plan, held: memory_parts.MemoryParts, room_bytes: Float
) -> Float:
    """Whole sequences whose activations memory holds beside the state, one at least, as tokens."""
    growing = held.activations_bytes + held.temporary_bytes
    free = room_bytes - (held.whole_bytes - growing)
    fitting = plan.micro_batch_tokens * free / growing
    sequences = np.maximum(np.floor(fitting / needs.sequence_tokens), 1.0)
    return sequences * needs.sequence_tokens


def _again(
    needs: Needs, plan: Plan, room_bytes: Float, within: Wanted
) -> tuple[Float, Float, memory_parts.MemoryParts]:
    """Share of layers to compute again so that the plan fits, and what it then holds at least.

    The second is that least over the room, the third it part by part.
    """
    all_kept, all_again = (
        replace(plan, recompute_share=_or(within.recompute_share, share)) for share in (0.0, 1.0)
    )
    kept = memory_parts.memory(needs, all_kept)
    inputs = memory_parts.with_activations(kept, needs, all_again)
    most, least = kept.whole_bytes, inputs.whole_bytes
    share = np.clip((most - room_bytes) / np.maximum(most - least, 1.0), 0.0, 1.0)
    return _or(within.recompute_share, share), np.asarray(least / room_bytes), inputs


@dataclass(frozen=True, slots=True)
class _Tops:
    """The most that layers and experts can be dealt out to."""

    pipeline: Float
    expert: Float


def _of_floats(plan: Plan) -> Plan:
    return Plan(**{field.name: float(getattr(plan, field.name)) for field in fields(plan)})


def _unfolded(within: Wanted, needs: Needs) -> Plan:
    context, device_count = within.context_count, within.device_count
    if context is None:
        ratio = np.maximum(needs.sequence_tokens / TOKENS_PER_CONTEXT_DEVICE, 1.0)
        context = np.minimum(2.0 ** np.ceil(np.log2(ratio)), np.maximum(device_count, 1.0))
    return Plan(
        device_count=device_count,
        tensor_count=1.0,
        pipeline_count=1.0,
        context_count=context,
        expert_parallel_count=1.0,
        zero_stage=1.0 if within.zero_stage is None else within.zero_stage,
        recompute_share=0.0,
        micro_batch_tokens=1.0,
        micro_batch_count=1.0,
    )


def _of_width(
    plain: Plan, width: Float, scale_up_count: Float, wanted: Wanted, needs: Needs, tops: _Tops
) -> Plan:
    """The plan that splits a copy over so many devices, a power of two."""
    mixture = np.asarray(needs.expert_count) > 1
    experts = np.where(mixture, np.minimum(width, tops.expert), 1.0)
    most = _power_below(np.minimum(scale_up_count, MOST_TENSOR_COUNT))
    tensor = _or(wanted.tensor_count, np.where(mixture, 1.0, np.minimum(most, width)))
    rest = np.maximum(width / tensor / experts, 1.0)
    pipeline = _or(wanted.pipeline_count, np.minimum(rest, tops.pipeline))
    layers = np.maximum(needs.layer_count / pipeline, 1.0)
    return with_batch(
        replace(
            plain,
            tensor_count=tensor,
            pipeline_count=pipeline,
            interleave_count=np.where(
                np.asarray(pipeline) > 1, np.minimum(USUAL_INTERLEAVE_COUNT, layers), 1.0
            ),
            expert_parallel_count=_or(wanted.expert_parallel_count, experts),
        ),
        needs.sequence_tokens,
        wanted,
    )


def with_batch(plan: Plan, sequence_tokens: Float, wanted: Wanted) -> Plan:
    """The plan with its batch cut into micro-batches of whole sequences."""
    most = np.where(
        plan.pipeline_count > 1, TOKENS_PER_PIPELINED_MICRO_BATCH, TOKENS_PER_MICRO_BATCH
    )
    batch = _or(wanted.batch_tokens, usual_batch_tokens(plan.device_count, sequence_tokens))
    per_copy = batch / plan.data_count
    size: Float = np.minimum(np.maximum(most * plan.context_count, sequence_tokens), per_copy)
    if wanted.micro_batch_sequences is not None:
        size = wanted.micro_batch_sequences * sequence_tokens
    size = np.maximum(size, sequence_tokens)
    return replace(
        plan, micro_batch_tokens=size, micro_batch_count=np.maximum(per_copy / size, 1.0)
    )


def _or(chosen: Float | None, usual: Float) -> Float:
    return usual if chosen is None else chosen


def _power_below(count: Float) -> Float:
    return 2.0 ** np.floor(np.log2(np.maximum(count, 1.0)))
