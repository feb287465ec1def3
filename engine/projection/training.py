"""Arithmetic, time and memory of training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from engine.projection import finetuning, memory, training_goodput, training_speed
from engine.projection.hardware import Device
from engine.projection.scaling import FORWARD_AND_BACKWARD
from engine.projection.sized import Sized
from engine.projection.training_plan import Planned, has_adapter, planned, trained_parameter_count
from engine.projection.working import chosen, derive
from engine.records import Estimate, StepTime, TrainingMemory, TrainingPlan
from engine.scenario import Scenario
from engine.units import BILLION, SECONDS_PER_HOUR, Float

PlanOf = Callable[[Scenario, Sized, Device, Estimate], Planned | None]


def item_count(dataset_items_billion: Float, epoch_count: Float) -> Float:
    """Items one run trains on, repeats included."""
    return dataset_items_billion * BILLION * epoch_count


def all_runs_item_count(item_count: Float, run_count: Float) -> Float:
    """Items of all the full runs paid for."""
    return item_count * run_count


def all_runs_flop(training_flop: Float, run_count: Float) -> Float:
    """FLOP of all full runs paid for."""
    return training_flop * run_count


def training_flop_per_item(forward_flop_per_item: Float) -> Float:
    """FLOP to learn from one item: forward, and twice as much backward.

    Arithmetic done again to save memory is not counted; it lowers the share of peak reached.

    Source: Kaplan et al. 2020, section 2.1 (C = 6ND), https://arxiv.org/abs/2001.08361
    """
    return FORWARD_AND_BACKWARD * forward_flop_per_item


def training_flop(training_flop_per_item: Float, item_count: Float) -> Float:
    """FLOP to learn from all items.

    GPT-3, 174.6 billion parameters on 300 billion tokens, takes 3.14e23 without attention.

    Source: Brown et al. 2020, table D.1, https://arxiv.org/abs/2005.14165
    """
    return training_flop_per_item * item_count


def time_h(
    training_flop: Float,
    device_count: Float,
    peak_flop_per_s: Float,
    mfu: Float,
    goodput_share: Float,
) -> Float:
    """Wall-clock hours to do `training_flop` on all devices together.

    `mfu` is the share of peak reached while training runs, communication included;
    `goodput_share` takes off failures, restarts and checkpoints.

    Source: Chowdhery et al. 2022, "PaLM", appendix B (model FLOPs utilisation),
    https://arxiv.org/abs/2204.02311
    """
    rate = device_count * peak_flop_per_s * mfu * goodput_share
    return training_flop / rate / SECONDS_PER_HOUR


def runs_device_hours(time_h: Float, device_count: Float, run_count: Float) -> Float:
    """Hours of one device that all full runs take together."""
    return time_h * device_count * run_count


def experiment_device_hours(runs_device_hours: Float, development_ratio: Float) -> Float:
    """Device-hours of experiments beside the full runs.

    Over the full run, all computing for development was 1.2 to 4 times, 2.2 in the middle.

    Source: Cottier et al. 2024, "The rising costs of training frontier AI models", section
    2.4, https://arxiv.org/abs/2405.21015
    """
    return runs_device_hours * (development_ratio - 1.0)


def device_hours(runs_device_hours: Float, experiment_device_hours: Float) -> Float:
    """Hours of one device that development takes: full runs, and experiments."""
    return runs_device_hours + experiment_device_hours


@dataclass(frozen=True, slots=True)
class Work:
    """Training before money: what is computed, how fast, and on how many device-hours."""

    item_count: Estimate
    flop: Estimate
    mfu: Estimate
    time_h: Estimate
    device_hours: Estimate
    experiment_device_hours: Estimate
    trained_parameter_count: Estimate
    goodput_share: Estimate
    interruption_count: Estimate
    checkpoint_interval_h: Estimate
    memory_bytes_per_device: Estimate
    memory_fit_share: Estimate
    plan: TrainingPlan | None
    memory_parts: TrainingMemory | None
    step_time: StepTime | None
    is_outside_fit: bool
    least_device_count: Float
    """Fewest devices that the widths chosen can be had with."""


def work(scenario: Scenario, model: Sized, device: Device, plan_of: PlanOf = planned) -> Work:
    """Arithmetic, time and memory of training the model on the scenario's devices.

    `plan_of` is how the plan is come by, where it was made together with those of others.
    """
    forward = model.forward_flop_per_item
    trained = trained_parameter_count(scenario, model)
    share = derive(
        finetuning.trained_share,
        trained_parameter_count=trained,
        parameter_count=model.parameter_count,
    )
    per_item = _flop_per_item(has_adapter(scenario, model), forward, share)
    run_items = derive(
        item_count,
        dataset_items_billion=chosen(scenario.dataset_items_billion),
        epoch_count=chosen(scenario.epoch_count),
    )
    run_flop = derive(training_flop, training_flop_per_item=per_item, item_count=run_items)
    runs = chosen(scenario.training_run_count)
    device_count = chosen(scenario.training_device_count)
    peak = device.peak_flop_per_s("fp32" if scenario.precision == "fp32" else "bf16")
    plan = plan_of(scenario, model, device, share)
    speed = training_speed.speed(scenario, model, device, per_item, peak, plan)
    kept = training_goodput.kept(scenario, device_count)
    hours = derive(
        time_h,
        training_flop=run_flop,
        device_count=device_count,
        peak_flop_per_s=peak,
        mfu=speed.mfu,
        goodput_share=kept.goodput_share,
    )
    full = derive(runs_device_hours, time_h=hours, device_count=device_count, run_count=runs)
    beside = derive(
        experiment_device_hours,
        runs_device_hours=full,
        development_ratio=chosen(scenario.development_ratio),
    )
    needed = plan.whole_bytes if plan else memory.training_memory(scenario, model, device, forward)
    return Work(
        item_count=derive(all_runs_item_count, item_count=run_items, run_count=runs),
        flop=derive(all_runs_flop, training_flop=run_flop, run_count=runs),
        mfu=speed.mfu,
        time_h=hours,
        device_hours=derive(device_hours, runs_device_hours=full, experiment_device_hours=beside),
        experiment_device_hours=beside,
        trained_parameter_count=trained,
        goodput_share=kept.goodput_share,
        interruption_count=derive(
            training_goodput.interruption_count,
            interruptions_per_h=kept.interruptions_per_h,
            time_h=hours,
        ),
        checkpoint_interval_h=kept.checkpoint_interval_h,
        memory_bytes_per_device=needed,
        memory_fit_share=derive(
            memory.memory_fit_share, needed_bytes=needed, usable_bytes=memory.usable(device)
        ),
        plan=plan.told if plan else None,
        memory_parts=plan.memory if plan else None,
        step_time=speed.step_time,
        is_outside_fit=speed.is_outside_fit,
        least_device_count=plan.plan.least_device_count if plan else 1.0,
    )


def _flop_per_item(has_adapter: bool, forward: Estimate, trained_share: Estimate) -> Estimate:
    if not has_adapter:
        return derive(training_flop_per_item, forward_flop_per_item=forward)
    return derive(
        finetuning.adapted_flop_per_item,
        forward_flop_per_item=forward,
        trained_share=trained_share,
    )
