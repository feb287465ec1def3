"""What one device holds in training, part by part, under any split of the work.

Sources: Rajbhandari et al. 2020, "ZeRO", https://arxiv.org/abs/1910.02054 (what copies share
out); Korthikanti et al. 2022, "Reducing Activation Recomputation in Large Transformer Models",
https://arxiv.org/abs/2205.05198 (activations). Everything takes numbers or arrays.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from engine.units import Float

if TYPE_CHECKING:
    from engine.projection.parallel import Plan

ATTENTION_AND_NORM_BYTES = 15.0
"""Of each hidden value of a layer, at 16 bits: attention 11, norms 4 (Korthikanti, section 4.1)."""
FEED_FORWARD_BYTES = 19.0
LAYER_INPUT_BYTES = 2.0
LOGIT_BYTES = 4.0
GATHERED_LAYERS = 2.0
"""ZeRO 3: weights of the layer at work, and of the next."""


@dataclass(frozen=True, slots=True)
class Needs:
    """A model in training, before it is split."""

    parameter_count: Float
    expert_parameter_count: Float
    """Those in experts; 0 without them."""
    trained_share: Float
    """Parameters that learn, over all: 1, or an adapter's share."""
    layer_count: Float
    hidden_size: Float
    vocabulary_size: Float
    expert_count: Float
    sequence_tokens: Float
    feed_forward_ratio: Float
    """Width each token passes through over four times the hidden size; 1 in a usual layer."""
    weight_bytes_per_parameter: Float
    gradient_bytes_per_parameter: Float
    optimiser_bytes_per_parameter: Float
    """With the 32-bit copy of a 16-bit weight."""
    bytes_per_value: Float
    """Of an activation."""


@dataclass(frozen=True, slots=True)
class MemoryParts:
    """Bytes on the fullest device."""

    weights_bytes: Float
    gradients_bytes: Float
    optimiser_bytes: Float
    activations_bytes: Float
    temporary_bytes: Float

    @property
    def whole_bytes(self) -> Float:
        """All parts together."""
        return whole_bytes(*(getattr(self, name) for name in PARTS))


def expert_parameter_count(
    parameter_count: Float, active_parameter_count: Float, expert_count: Float, used_count: Float
) -> Float:
    """Parameters in experts: a token leaves out all but those it is sent to."""
    unused = np.maximum(expert_count - used_count, 1.0)
    return (parameter_count - active_parameter_count) * expert_count / unused


def _held(
    parameter_count: Float,
    expert_parameter_count: Float,
    tensor_count: Float,
    pipeline_count: Float,
    expert_parallel_count: Float,
    copies: Float,
) -> Float:
    """Parameters of one device that `copies` of it share out; of experts there are fewer copies."""
    split = tensor_count * pipeline_count
    dense = (parameter_count - expert_parameter_count) / split
    expert = expert_parameter_count / split / expert_parallel_count
    return dense / copies + expert / np.maximum(copies / expert_parallel_count, 1.0)


def _copies(
    zero_stage: Float, first_stage: float, data_count: Float, context_count: Float
) -> Float:
    return np.where(np.asarray(zero_stage) >= first_stage, data_count * context_count, 1.0)


def weights_bytes(
    parameter_count: Float,
    expert_parameter_count: Float,
    weight_bytes_per_parameter: Float,
    tensor_count: Float,
    pipeline_count: Float,
    context_count: Float,
    expert_parallel_count: Float,
    data_count: Float,
    zero_stage: Float,
) -> Float:
    """Weights to compute with, split by layer and stage, and at ZeRO 3 over all copies.

    Source: Rajbhandari et al. 2020, section 5, https://arxiv.org/abs/1910.02054
    """
    copies = _copies(zero_stage, 3.0, data_count, context_count)
    return weight_bytes_per_parameter * _held(
        parameter_count,
        expert_parameter_count,
        tensor_count,
        pipeline_count,
        expert_parallel_count,
        copies,
    )


def gradients_bytes(
    parameter_count: Float,
    expert_parameter_count: Float,
    trained_share: Float,
    gradient_bytes_per_parameter: Float,
    tensor_count: Float,
    pipeline_count: Float,
    context_count: Float,
    expert_parallel_count: Float,
    data_count: Float,
    zero_stage: Float,
) -> Float:
    """Gradients of what learns; from ZeRO 2 on spread over all copies.

    Source: Rajbhandari et al. 2020, section 5, https://arxiv.org/abs/1910.02054
    """
    copies = _copies(zero_stage, 2.0, data_count, context_count)
    held = _held(
        parameter_count,
        expert_parameter_count,
        tensor_count,
        pipeline_count,
        expert_parallel_count,
        copies,
    )
    return trained_share * gradient_bytes_per_parameter * held


def optimiser_bytes(
    parameter_count: Float,
    expert_parameter_count: Float,
    trained_share: Float,
    optimiser_bytes_per_parameter: Float,
    tensor_count: Float,
    pipeline_count: Float,
    context_count: Float,
    expert_parallel_count: Float,
    data_count: Float,
    zero_stage: Float,
) -> Float:
    """Optimiser state, and 32-bit weights beside 16-bit ones; from ZeRO 1 on spread over copies.

    Source: Rajbhandari et al. 2020, section 5, https://arxiv.org/abs/1910.02054
    """
    copies = _copies(zero_stage, 1.0, data_count, context_count)
    held = _held(
        parameter_count,
        expert_parameter_count,
        tensor_count,
        pipeline_count,
        expert_parallel_count,
        copies,
    )
    return trained_share * optimiser_bytes_per_parameter * held


def layer_activation_bytes(
    micro_batch_tokens: Float,
    hidden_size: Float,
    bytes_per_value: Float,
    feed_forward_ratio: Float,
    tensor_count: Float,
    context_count: Float,
) -> Float:
    """Activations of one layer and micro-batch, all kept: 34 bytes a hidden value at 16 bits.

    Scores of attention are not stored (fused kernels), which is what selective recomputation
    saves. Sequence parallelism goes with tensor parallelism.

    Source: Korthikanti et al. 2022, equation 2, https://arxiv.org/abs/2205.05198
    """
    kept = ATTENTION_AND_NORM_BYTES + FEED_FORWARD_BYTES * feed_forward_ratio
    values = micro_batch_tokens * hidden_size / context_count / tensor_count
    return kept * bytes_per_value / 2.0 * values


def activations_bytes(
    micro_batch_tokens: Float,
    micro_batch_count: Float,
    layer_count: Float,
    hidden_size: Float,
    bytes_per_value: Float,
    feed_forward_ratio: Float,
    recompute_share: Float,
    tensor_count: Float,
    pipeline_count: Float,
    interleave_count: Float,
    context_count: Float,
) -> Float:
    """Kept for the backward pass on the first stage, or only the inputs of layers.

    It holds a micro-batch for each stage of the pipeline (one forward, one backward);
    interleaved stages a little more.

    Source: Korthikanti et al. 2022, sections 4 and 5, https://arxiv.org/abs/2205.05198
    """
    kept = layer_activation_bytes(
        micro_batch_tokens,
        hidden_size,
        bytes_per_value,
        feed_forward_ratio,
        tensor_count,
        context_count,
    )
    values = micro_batch_tokens * hidden_size / context_count / tensor_count
    inputs = LAYER_INPUT_BYTES * bytes_per_value / 2.0 * values
    per_layer = recompute_share * inputs + (1 - recompute_share) * kept
    waiting = np.minimum(micro_batch_count, pipeline_count) / pipeline_count
    more = (pipeline_count - 1) / pipeline_count / interleave_count
    interleaved = np.where(np.asarray(interleave_count) > 1, 1 + more, 1.0)
    return layer_count * per_layer * waiting * interleaved


def temporary_bytes(
    parameter_count: Float,
    expert_parameter_count: Float,
    weight_bytes_per_parameter: Float,
    micro_batch_tokens: Float,
    layer_count: Float,
    hidden_size: Float,
    vocabulary_size: Float,
    bytes_per_value: Float,
    feed_forward_ratio: Float,
    recompute_share: Float,
    tensor_count: Float,
    pipeline_count: Float,
    context_count: Float,
    expert_parallel_count: Float,
    zero_stage: Float,
) -> Float:
    """32-bit logits, the layer being computed again, and weights gathered for that at work."""
    tokens = micro_batch_tokens / context_count
    logits = LOGIT_BYTES * tokens * vocabulary_size / tensor_count
    again = recompute_share * layer_activation_bytes(
        micro_batch_tokens,
        hidden_size,
        bytes_per_value,
        feed_forward_ratio,
        tensor_count,
        context_count,
    )
    local = _held(
        parameter_count,
        expert_parameter_count,
        tensor_count,
        pipeline_count,
        expert_parallel_count,
        1.0,
    )
    layers = np.maximum(layer_count / pipeline_count, 1.0)
    gathered = np.minimum(GATHERED_LAYERS, layers) * weight_bytes_per_parameter * local / layers
    return logits + again + np.where(np.asarray(zero_stage) >= 3, gathered, 0.0)


def whole_bytes(
    weights_bytes: Float,
    gradients_bytes: Float,
    optimiser_bytes: Float,
    activations_bytes: Float,
    temporary_bytes: Float,
) -> Float:
    """Everything the fullest device holds."""
    state = weights_bytes + gradients_bytes + optimiser_bytes
    return state + activations_bytes + temporary_bytes


PARTS: dict[str, Callable[..., Float]] = {
    "weights_bytes": weights_bytes,
    "gradients_bytes": gradients_bytes,
    "optimiser_bytes": optimiser_bytes,
    "activations_bytes": activations_bytes,
    "temporary_bytes": temporary_bytes,
}


@cache
def arguments(formula: Callable[..., Float]) -> tuple[str, ...]:
    """Names of what a formula takes: fields of `Needs` and of `Plan`."""
    return tuple(inspect.signature(formula).parameters)


def memory(needs: Needs, plan: Plan) -> MemoryParts:
    """Memory of the fullest device, by part."""
    return MemoryParts(**_parts(needs, plan, tuple(PARTS)))


def with_activations(held: MemoryParts, needs: Needs, plan: Plan) -> MemoryParts:
    """The same weights and state with the activations that another plan keeps."""
    return replace(held, **_parts(needs, plan, ("activations_bytes", "temporary_bytes")))


def _parts(needs: Needs, plan: Plan, parts: tuple[str, ...]) -> dict[str, Float]:
    data_count = plan.data_count

    def value(name: str) -> Float:
        if name == "data_count":
            return data_count
        found: Float = getattr(needs if name in Needs.__slots__ else plan, name)
        return found

    return {
        part: PARTS[part](**{name: value(name) for name in arguments(PARTS[part])})
        for part in parts
    }
