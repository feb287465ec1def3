"""What one device must hold while training, and whether it can."""

from __future__ import annotations

import numpy as np

from engine.catalogue.schema import Model
from engine.projection.hardware import Device
from engine.projection.sized import Sized
from engine.projection.working import assumed, chosen, derive
from engine.records import Estimate
from engine.scenario import Optimiser, Scenario
from engine.units import BYTES_PER_VALUE, Float

FULL_WEIGHT_BYTES = 4.0
HALF_WEIGHT_BYTES = 6.0
"""A 16-bit copy to compute with and a 32-bit one to update."""
GRADIENT_BYTES = 4.0
OPTIMISER_BYTES: dict[Optimiser, float] = {"sgd": 0.0, "momentum": 4.0, "adamw": 8.0}
"""One 32-bit number a parameter for each running mean the optimiser keeps."""

KEPT_ACTIVATION_VALUES = 17.0
"""16-bit values kept for backward per token, layer and unit of width: 34 bytes."""
LOGIT_BYTES = 4.0


def state_bytes_per_parameter(
    weight_bytes: Float, gradient_bytes: Float, optimiser_bytes: Float
) -> Float:
    """Bytes of weights, gradients and optimiser state for each parameter in training.

    16-bit training keeps a 16-bit and a 32-bit copy of the weights (6 bytes), 32-bit
    gradients (4) and, with Adam, two 32-bit means (8): 18 bytes. In 32 bits it is 16.

    Source: Bekman, "Machine Learning Engineering", anatomy of a model's memory usage,
    https://github.com/stas00/ml-engineering
    """
    return weight_bytes + gradient_bytes + optimiser_bytes


def sharded_state_bytes(
    parameter_count: Float, state_bytes_per_parameter: Float, device_count: Float
) -> Float:
    """Training state one device holds when it is split evenly over all of them.

    Source: Rajbhandari et al. 2020, "ZeRO", stage 3, https://arxiv.org/abs/1910.02054
    """
    return parameter_count * state_bytes_per_parameter / device_count


def kept_activation_bytes(
    step_token_count: Float, layer_count: Float, hidden_size: Float, bytes_per_value: Float
) -> Float:
    """Activations of a transformer when all are kept for backward: 34 bytes at 16 bits.

    For each token, layer and unit of width; attention scores are not stored (fused kernel).

    Source: Korthikanti et al. 2022, "Reducing Activation Recomputation in Large Transformer
    Models", equation 2 without the score term, https://arxiv.org/abs/2205.05198
    """
    values = step_token_count * layer_count * hidden_size * KEPT_ACTIVATION_VALUES
    return values * bytes_per_value


def recomputed_activation_bytes(
    step_token_count: Float, layer_count: Float, hidden_size: Float, bytes_per_value: Float
) -> Float:
    """Activations of a transformer when each layer keeps its input and is run again for backward.

    The inputs of all layers, and everything inside the one being run.

    Source: Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost",
    https://arxiv.org/abs/1604.06174
    """
    values = step_token_count * hidden_size * (layer_count + KEPT_ACTIVATION_VALUES)
    return values * bytes_per_value


def logit_bytes(step_token_count: Float, vocabulary_size: Float) -> Float:
    """The 32-bit scores over the vocabulary that the loss is taken from."""
    return step_token_count * vocabulary_size * LOGIT_BYTES


def work_activation_bytes(
    step_item_count: Float, forward_flop_per_item: Float, activation_bytes_per_flop: Float
) -> Float:
    """Activations of a model without known layers, from the work an item takes to pass through."""
    return step_item_count * forward_flop_per_item * activation_bytes_per_flop


def needed_bytes_per_device(
    state_bytes: Float,
    kept_activation_bytes: Float,
    recomputed_activation_bytes: Float,
    logit_bytes: Float,
    usable_bytes: Float,
) -> Float:
    """Memory one device needs: state and activations, recomputed where keeping them is too much."""
    kept = state_bytes + kept_activation_bytes + logit_bytes
    recomputed = state_bytes + recomputed_activation_bytes + logit_bytes
    return np.where(kept <= usable_bytes, kept, recomputed)


def usable_bytes(memory_bytes: Float, usable_share: Float) -> Float:
    """Memory left for the model after driver, libraries and fragmentation took theirs."""
    return memory_bytes * usable_share


def memory_fit_share(needed_bytes: Float, usable_bytes: Float) -> Float:
    """Needed over usable memory of one device; above 1 it does not fit."""
    return needed_bytes / usable_bytes


def step_token_count(step_tokens: Float, sequence_tokens: Float) -> Float:
    """Tokens one device works on at once: whole sequences, at least one."""
    return np.maximum(step_tokens, sequence_tokens)


def usable(device: Device) -> Estimate:
    """Memory of one device that a model may fill."""
    return derive(
        usable_bytes,
        memory_bytes=device.memory_bytes,
        usable_share=assumed("memory_usable_share"),
    )


def training_memory(
    scenario: Scenario, model: Sized, device: Device, forward_flop: Estimate
) -> Estimate:
    """Bytes one device needs while training."""
    state = derive(
        sharded_state_bytes,
        parameter_count=model.parameter_count,
        state_bytes_per_parameter=_state(scenario),
        device_count=chosen(scenario.training_device_count),
    )
    kept, recomputed, logits = _activations(scenario, model, forward_flop)
    return derive(
        needed_bytes_per_device,
        state_bytes=state,
        kept_activation_bytes=kept,
        recomputed_activation_bytes=recomputed,
        logit_bytes=logits,
        usable_bytes=usable(device),
    )


def _state(scenario: Scenario) -> Estimate:
    weight_bytes = FULL_WEIGHT_BYTES if scenario.precision == "fp32" else HALF_WEIGHT_BYTES
    return derive(
        state_bytes_per_parameter,
        weight_bytes=chosen(weight_bytes),
        gradient_bytes=chosen(GRADIENT_BYTES),
        optimiser_bytes=chosen(OPTIMISER_BYTES[scenario.optimiser]),
    )


def _activations(
    scenario: Scenario, model: Sized, forward_flop: Estimate
) -> tuple[Estimate, Estimate, Estimate]:
    if not (model.is_transformer and model.vocabulary_size.known):
        kept = derive(
            work_activation_bytes,
            step_item_count=assumed(step_items_name(model.known)),
            forward_flop_per_item=forward_flop,
            activation_bytes_per_flop=assumed("activation_bytes_per_flop"),
        )
        return kept, kept, chosen(0.0)
    tokens = derive(
        step_token_count,
        step_tokens=assumed("training_step_tokens"),
        sequence_tokens=model.sequence_tokens,
    )
    layers = {
        "step_token_count": tokens,
        "layer_count": model.layer_count,
        "hidden_size": model.hidden_size,
        "bytes_per_value": chosen(max(2.0, BYTES_PER_VALUE[scenario.precision])),
    }
    return (
        derive(kept_activation_bytes, **layers),
        derive(recomputed_activation_bytes, **layers),
        derive(logit_bytes, step_token_count=tokens, vocabulary_size=model.vocabulary_size),
    )


def step_items_name(known: Model) -> str:
    """Assumption that says how many items one device works on at once."""
    return f"training_step_{known.item}s"
