"""How fast a transformer trains: time of one step from its parts, and the share of peak reached.

A step is matrix products, attention, traffic of activations and logits, collectives inside a
layer, one launch per kernel, the pipeline's bubble, the optimiser, the exchange of gradients
and what many devices lose waiting for each other. The few proportions are `Constants`, fitted
on published training throughput (`engine.projection.throughput_fit`). Everything takes numbers
or arrays of one shape.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.projection import throughput_parts as parts
from engine.projection.throughput_parts import Constants, TrainingStep
from engine.units import Float

__all__ = [
    "Constants",
    "StepParts",
    "TrainingStep",
    "mfu",
    "model_flop_per_token",
    "step_parts",
    "tokens_per_s_per_device",
]


@dataclass(frozen=True)
class StepParts:
    """Seconds of each part of one step on one device."""

    products_s: Float
    attention_s: Float
    traffic_s: Float
    collectives_s: Float
    launches_s: Float
    bubble_s: Float
    optimiser_s: Float
    exchange_s: Float
    waiting_s: Float

    @property
    def step_s(self) -> Float:
        """The whole step."""
        return (
            self.products_s
            + self.attention_s
            + self.traffic_s
            + self.collectives_s
            + self.launches_s
            + self.bubble_s
            + self.optimiser_s
            + self.exchange_s
            + self.waiting_s
        )


def model_flop_per_token(step: TrainingStep) -> Float:
    """FLOP to learn from one token: six per multiplied parameter, and masked attention."""
    return (
        parts.FORWARD_BACKWARD_FLOP_PER_PARAMETER * step.multiplied_parameter_count
        + step.attention_flop_per_token
    )


def tokens_per_s_per_device(
    step: TrainingStep, constants: Constants, speed_ratio: Float = 1.0
) -> Float:
    """Tokens one device learns from in a second; `speed_ratio` is a measured correction."""
    replicas = step.device_count / parts.devices_per_replica(step)
    tokens = step.micro_batch_tokens * step.micro_batch_count * replicas / step.device_count
    return tokens / step_parts(step, constants).step_s * speed_ratio


def mfu(step: TrainingStep, constants: Constants, speed_ratio: Float = 1.0) -> Float:
    """Model FLOP done over dense peak; at 8 and 4 bits, over the 16-bit peak."""
    rate = tokens_per_s_per_device(step, constants, speed_ratio)
    return rate * model_flop_per_token(step) / step.peak_flop_per_s


def step_parts(step: TrainingStep, constants: Constants) -> StepParts:
    """Where the time of one step goes."""
    products_s = parts.products_s(step, constants)
    attention_s = parts.attention_s(step, constants)
    traffic_s = parts.traffic_s(step, constants)
    collectives_s = parts.tensor_collectives_s(step, constants) + parts.expert_exchange_s(
        step, constants
    )
    busy_s = products_s + attention_s + traffic_s + collectives_s
    launches_s = parts.not_hidden_s(busy_s, parts.launches_s(step, constants))
    micro_s, count = busy_s + launches_s, step.micro_batch_count
    bubble_s = micro_s * parts.bubble_micro_batches(step, constants)
    optimiser_s = parts.optimiser_s(step, constants) + constants["fixed_s"]
    exchange_s = parts.not_hidden_s(micro_s * count, parts.gradient_exchange_s(step, constants))
    together_s = micro_s * count + bubble_s + optimiser_s + exchange_s
    return StepParts(
        products_s=products_s * count,
        attention_s=attention_s * count,
        traffic_s=traffic_s * count,
        collectives_s=collectives_s * count,
        launches_s=launches_s * count,
        bubble_s=bubble_s,
        optimiser_s=optimiser_s,
        exchange_s=exchange_s,
        waiting_s=together_s * parts.waiting_share(step, constants),
    )
