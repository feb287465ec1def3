"""The training step of a model under a plan, as the fitted throughput takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from engine.projection.memory_parts import Needs
from engine.projection.parallel import Plan
from engine.projection.throughput_fit import ThroughputFit
from engine.projection.throughput_parts import TrainingStep
from engine.units import Float

TIED_PARAMETER_COUNT = 2e9
UNTIED_PARAMETER_COUNT = 8e9
"""Small models share the embedding of input and output, so all of it is multiplied; large ones
keep two. In between more and more do."""
USUAL_HEAD_SIZE = 64.0
ENCODER_YEAR = 2022.0
"""Software for encoders has hardly changed since, whatever the date."""

SMALL_PARAMETER_COUNT = 1e9
NEW_ACCELERATOR_RATIO = 1.3
OUTSIDE_RATIO = 1.5
BEYOND_SEEN = 1.25
"""A value this much beyond the largest seen, or below the smallest, is outside."""


@dataclass(frozen=True, slots=True)
class Learner:
    """What of a model decides the speed of its training, beside its needs of memory."""

    needs: Needs
    active_parameter_count: Float
    attention_flop_per_token: Float
    """Forward and backward."""
    attention_size: Float
    experts_per_token_count: Float
    is_encoder: bool
    adapter: bool
    year: Float


def multiplied_parameter_count(
    parameter_count: Float,
    active_parameter_count: Float,
    vocabulary_size: Float,
    hidden_size: Float,
) -> Float:
    """Parameters each token is multiplied by: looking up an embedding is no arithmetic."""
    above = (parameter_count - TIED_PARAMETER_COUNT) / (
        UNTIED_PARAMETER_COUNT - TIED_PARAMETER_COUNT
    )
    return active_parameter_count - np.clip(above, 0.0, 1.0) * vocabulary_size * hidden_size


def training_step(
    learner: Learner, plan: Plan, device: Mapping[str, Float], peak_flop_per_s: Float
) -> TrainingStep:
    """The step of a model under a plan on an accelerator (`throughput_devices.device_fields`)."""
    needs = learner.needs
    scores = needs.layer_count * learner.attention_size / USUAL_HEAD_SIZE * needs.sequence_tokens
    return TrainingStep(
        **(dict(device) | {"peak_flop_per_s": peak_flop_per_s}),
        device_count=plan.device_count,
        tensor_count=plan.tensor_count,
        pipeline_count=plan.pipeline_count,
        interleave_count=plan.interleave_count,
        context_count=plan.context_count,
        expert_parallel_count=plan.expert_parallel_count,
        parameter_count=needs.parameter_count,
        multiplied_parameter_count=multiplied_parameter_count(
            needs.parameter_count,
            learner.active_parameter_count,
            needs.vocabulary_size,
            needs.hidden_size,
        ),
        layer_count=needs.layer_count,
        hidden_size=needs.hidden_size,
        vocabulary_size=needs.vocabulary_size,
        attention_flop_per_token=learner.attention_flop_per_token,
        score_values_per_token=scores,
        expert_count=needs.expert_count,
        experts_per_token_count=learner.experts_per_token_count,
        sequence_tokens=needs.sequence_tokens,
        micro_batch_tokens=plan.micro_batch_tokens,
        micro_batch_count=plan.micro_batch_count,
        recompute_share=plan.recompute_share,
        sharded=np.where(np.asarray(plan.zero_stage) >= 3, 1.0, 0.0),
        adapter=float(learner.adapter),
        compiled=0.0,
        tuned=1.0,
        unfused=0.0,
        year=min(learner.year, ENCODER_YEAR) if learner.is_encoder else learner.year,
    )


def alone(step: TrainingStep) -> TrainingStep:
    """The same work of one device, with nobody to wait for."""
    one = dict.fromkeys(("device_count", "tensor_count", "pipeline_count", "context_count"), 1.0)
    share = step.tensor_count * step.pipeline_count
    return replace(
        step,
        **one,
        expert_parallel_count=1.0,
        layer_count=step.layer_count / step.pipeline_count,
        parameter_count=step.parameter_count / share,
        multiplied_parameter_count=step.multiplied_parameter_count / step.pipeline_count,
        sharded=0.0,
    )


def kind_of(learner: Learner, step: TrainingStep) -> str:
    """What the constants were not fitted on: empty for a decoder in 16 bits or fewer."""
    parts = ("encoder" if learner.is_encoder else "", "wide" if step.wide else "")
    return "-".join(part for part in parts if part)


def range_logs(
    fit: ThroughputFit, learner: Learner, step: TrainingStep, accelerator_id: str
) -> tuple[Float, Float, bool]:
    """Logarithms of measured over predicted speed that hold nine of ten, and if unseen.

    By regime, from rows the fit did not see; wider for accelerators not among them and for
    anything beyond what was.
    """
    small = np.asarray(step.multiplied_parameter_count) < SMALL_PARAMETER_COUNT
    low, high = (
        np.where(small, _end(fit, learner, step, "small", i), _end(fit, learner, step, "large", i))
        for i in (0, 1)
    )
    outside = _outside(fit, step)
    wider = np.where(np.asarray(outside) > 0, OUTSIDE_RATIO, 1.0)
    if accelerator_id not in fit.accelerator_offsets:
        wider = wider * NEW_ACCELERATOR_RATIO
    return np.minimum(low, 0.0) * wider, np.maximum(high, 0.0) * wider, bool(np.any(outside))


def _end(fit: ThroughputFit, learner: Learner, step: TrainingStep, size: str, end: int) -> float:
    kind = kind_of(learner, step)
    mixture = bool(np.any(np.asarray(step.expert_count) > 1))
    regime = kind or ("adapter" if learner.adapter else "mixture" if mixture else size)
    return fit.ranges.get(regime, fit.ranges["any"])[end]


def _outside(fit: ThroughputFit, step: TrainingStep) -> Float:
    beyond: Float = 0.0
    for name, (low, high) in fit.seen.items():
        value = np.asarray(getattr(step, name))
        away = (value < low / BEYOND_SEEN) | (value > high * BEYOND_SEEN)
        beyond = np.maximum(beyond, np.where(away, 1.0, 0.0))
    return beyond
