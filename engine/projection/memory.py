"""What one device must hold while training, and whether it can."""

from __future__ import annotations

from engine.catalogue.schema import Model
from engine.elementwise import floor, maximum, minimum
from engine.projection.hardware import Device
from engine.projection.sized import Sized
from engine.projection.working import assumed, chosen, derive
from engine.records import Estimate
from engine.scenario import Optimiser, Scenario
from engine.units import Float

FULL_WEIGHT_BYTES = 4.0
HALF_COPY_BYTES = 2.0
HALF_WEIGHT_BYTES = 6.0
"""A 16-bit copy to compute with and a 32-bit one to update."""
GRADIENT_BYTES = 4.0
OPTIMISER_BYTES: dict[Optimiser, float] = {
    "sgd": 0.0,
    "momentum": 4.0,
    "adamw": 8.0,
    "adamw-16bit": 4.0,
    "adamw-8bit": 2.0,
    "adamw-4bit": 1.0,
    "adam-mini": 4.0,
    "adafactor": 0.0,
    "lion": 4.0,
    "muon": 4.0,
}
"""Of each parameter: a 32-bit number for each running mean the optimiser keeps, or a smaller one.

Adafactor without momentum keeps a number a row and a column of each matrix, next to nothing.

Sources: https://github.com/stas00/ml-engineering (anatomy of a model's memory usage);
https://github.com/bitsandbytes-foundation/bitsandbytes (8-bit optimisers);
https://github.com/pytorch/ao (torchao/optim); https://github.com/zyushun/Adam-mini;
https://github.com/lucidrains/lion-pytorch; https://github.com/KellerJordan/Muon
"""


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


def work_activation_bytes(
    step_item_count: Float, forward_flop_per_item: Float, activation_bytes_per_flop: Float
) -> Float:
    """Activations of a model without known layers, from the work an item takes to pass through."""
    return step_item_count * forward_flop_per_item * activation_bytes_per_flop


def step_item_count(
    usual_item_count: Float, state_bytes: Float, bytes_per_item: Float, usable_bytes: Float
) -> Float:
    """Items one device works on at once: as usual, or as fit beside the state; at least 1."""
    fitting = floor((usable_bytes - state_bytes) / bytes_per_item)
    return maximum(minimum(usual_item_count, fitting), 1.0)


def needed_bytes_per_device(state_bytes: Float, activation_bytes: Float) -> Float:
    """Memory one device needs: its share of the state, and what it keeps for backward."""
    return state_bytes + activation_bytes


def usable_bytes(memory_bytes: Float, usable_share: Float) -> Float:
    """Memory left for the model after driver, libraries and fragmentation took theirs."""
    return memory_bytes * usable_share


def memory_fit_share(needed_bytes: Float, usable_bytes: Float) -> Float:
    """Needed over usable memory of one device; above 1 it does not fit."""
    return needed_bytes / usable_bytes


def step_token_count(step_tokens: Float, sequence_tokens: Float) -> Float:
    """Tokens one device works on at once: whole sequences, at least one."""
    return maximum(step_tokens, sequence_tokens)


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
    """Bytes one device needs while training what has no known layers."""
    return derive(
        needed_bytes_per_device,
        state_bytes=_state_bytes(scenario, model),
        activation_bytes=derive(
            work_activation_bytes,
            step_item_count=step_items(scenario, model, device, forward_flop),
            forward_flop_per_item=forward_flop,
            activation_bytes_per_flop=assumed("activation_bytes_per_flop"),
        ),
    )


def step_items(
    scenario: Scenario, model: Sized, device: Device, forward_flop: Estimate
) -> Estimate:
    """Items one device works on at once when training what has no known layers."""
    usual, room = assumed(step_items_name(model.known)), usable(device)
    if not room.known:
        return usual
    return derive(
        step_item_count,
        usual_item_count=usual,
        state_bytes=_state_bytes(scenario, model),
        bytes_per_item=derive(
            work_activation_bytes,
            step_item_count=chosen(1.0),
            forward_flop_per_item=forward_flop,
            activation_bytes_per_flop=assumed("activation_bytes_per_flop"),
        ),
        usable_bytes=room,
    )


def _state_bytes(scenario: Scenario, model: Sized) -> Estimate:
    return derive(
        sharded_state_bytes,
        parameter_count=model.parameter_count,
        state_bytes_per_parameter=_state(scenario),
        device_count=chosen(scenario.training_device_count),
    )


def _state(scenario: Scenario) -> Estimate:
    weight_bytes = FULL_WEIGHT_BYTES if scenario.precision == "fp32" else HALF_WEIGHT_BYTES
    return derive(
        state_bytes_per_parameter,
        weight_bytes=chosen(weight_bytes),
        gradient_bytes=chosen(GRADIENT_BYTES),
        optimiser_bytes=chosen(OPTIMISER_BYTES[scenario.optimiser]),
    )


def step_items_name(known: Model) -> str:
    """Assumption that says how many items one device works on at once."""
    return f"training_step_{known.item}s"
