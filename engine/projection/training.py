"""Arithmetic, time and memory of training."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine import catalogue
from engine.catalogue.schema import Efficiency
from engine.projection import item_times, memory
from engine.projection.hardware import Device
from engine.projection.sized import Sized, forward_flop
from engine.projection.working import (
    assumed,
    chosen,
    derive,
    first_known,
    source_record,
)
from engine.records import Estimate
from engine.scenario import Scenario
from engine.units import BILLION, SECONDS_PER_HOUR, Float

FORWARD_AND_BACKWARD = 3.0


def item_count(dataset_items_billion: Float, epoch_count: Float) -> Float:
    """Items one run trains on, repeats included."""
    return dataset_items_billion * BILLION * epoch_count


def all_runs_item_count(item_count: Float, run_count: Float) -> Float:
    """Items all full runs paid for train on."""
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


def device_hours(time_h: Float, device_count: Float, run_count: Float) -> Float:
    """Hours of one device that all runs take together."""
    return time_h * device_count * run_count


def mfu_of_step_time(
    training_flop_per_item: Float, time_s_per_item: Float, peak_flop_per_s: Float
) -> Float:
    """Share of peak that the measured time of a training step amounts to."""
    return training_flop_per_item / time_s_per_item / peak_flop_per_s


def mfu_of_many_devices(mfu: Float, scale_out_share: Float, device_count: Float) -> Float:
    """Share of peak on several devices, from that of one: waiting for each other is taken off."""
    return mfu * np.where(device_count > 1, scale_out_share, 1.0)


def mfu_at_8_bits(mfu: Float, speed_up_ratio: Float) -> Float:
    """Share of the 16-bit peak that 8-bit training reaches, from that of 16-bit training."""
    return mfu * speed_up_ratio


@dataclass(frozen=True, slots=True)
class Work:
    """Training before money: what is computed, how fast, and on how many device-hours."""

    item_count: Estimate
    flop: Estimate
    mfu: Estimate
    time_h: Estimate
    device_hours: Estimate
    memory_bytes_per_device: Estimate
    memory_fit_share: Estimate


def work(scenario: Scenario, model: Sized, device: Device) -> Work:
    """Arithmetic, time and memory of training the model on the scenario's devices."""
    forward = forward_flop(model)
    per_item = derive(training_flop_per_item, forward_flop_per_item=forward)
    run_items = derive(
        item_count,
        dataset_items_billion=chosen(scenario.dataset_items_billion),
        epoch_count=chosen(scenario.epoch_count),
    )
    run_flop = derive(training_flop, training_flop_per_item=per_item, item_count=run_items)
    runs = chosen(scenario.training_run_count)
    device_count = chosen(scenario.training_device_count)
    peak = device.peak_flop_per_s("fp32" if scenario.precision == "fp32" else "bf16")
    mfu = _mfu(scenario, model, device, per_item, peak)
    hours = derive(
        time_h,
        training_flop=run_flop,
        device_count=device_count,
        peak_flop_per_s=peak,
        mfu=mfu,
        goodput_share=_goodput(scenario),
    )
    needed = memory.training_memory(scenario, model, device, forward)
    return Work(
        item_count=derive(all_runs_item_count, item_count=run_items, run_count=runs),
        flop=derive(all_runs_flop, training_flop=run_flop, run_count=runs),
        mfu=mfu,
        time_h=hours,
        device_hours=derive(device_hours, time_h=hours, device_count=device_count, run_count=runs),
        memory_bytes_per_device=needed,
        memory_fit_share=derive(
            memory.memory_fit_share, needed_bytes=needed, usable_bytes=memory.usable(device)
        ),
    )


def _goodput(scenario: Scenario) -> Estimate:
    if scenario.goodput_share is not None:
        return chosen(scenario.goodput_share)
    return assumed("goodput_share")


def _mfu(
    scenario: Scenario, model: Sized, device: Device, flop_per_item: Estimate, peak: Estimate
) -> Estimate:
    """Chosen, else measured on this hardware, else published for it, else assumed."""
    if scenario.mfu is not None:
        return chosen(scenario.mfu)
    return first_known(
        _measured_mfu(scenario, model, device, scenario.precision, flop_per_item, peak),
        _published_mfu(scenario, model, device),
        _mfu_at_other_precision(scenario, model, device, flop_per_item),
        _mfu_of_time(item_times.unmeasured_time_s_per_item(model, device), flop_per_item, peak),
        assumed(f"mfu_{model.known.family.replace('-', '_')}"),
    )


def _measured_mfu(
    scenario: Scenario,
    model: Sized,
    device: Device,
    precision: str,
    flop_per_item: Estimate,
    peak: Estimate,
) -> Estimate | None:
    time_s = item_times.time_s_per_item(model, device, precision)
    alone = _mfu_of_time(time_s, flop_per_item, peak)
    if alone is None:
        return None
    if np.all(np.asarray(scenario.training_device_count) == 1):
        return alone
    return derive(
        mfu_of_many_devices,
        mfu=alone,
        scale_out_share=assumed("scale_out_share"),
        device_count=chosen(scenario.training_device_count),
    )


def _mfu_of_time(
    time_s: Estimate | None, flop_per_item: Estimate, peak: Estimate
) -> Estimate | None:
    if time_s is None:
        return None
    return derive(
        mfu_of_step_time,
        training_flop_per_item=flop_per_item,
        time_s_per_item=time_s,
        peak_flop_per_s=peak,
    )


def _mfu_at_other_precision(
    scenario: Scenario, model: Sized, device: Device, flop_per_item: Estimate
) -> Estimate | None:
    peak = device.peak_flop_per_s("fp32")
    found = _measured_mfu(scenario, model, device, "fp32", flop_per_item, peak)
    if found is None:
        return None
    return replace(found, kind="assumed", note="share of peak measured in 32 bits, taken over")


def _published_mfu(scenario: Scenario, model: Sized, device: Device) -> Estimate | None:
    if not model.is_transformer or device.accelerator_id is None or scenario.precision == "fp32":
        return None
    mixture = model.known.expert_count is not None
    at_16_bits = _reached(device.accelerator_id, "16bit", mixture)
    if scenario.precision != "fp8":
        return at_16_bits
    at_8_bits = _reached(device.accelerator_id, "fp8", mixture)
    if at_8_bits is not None or at_16_bits is None:
        return at_8_bits
    if not device.runs_natively("fp8"):
        return at_16_bits
    return derive(mfu_at_8_bits, mfu=at_16_bits, speed_up_ratio=assumed("fp8_speed_up_ratio"))


def _reached(accelerator_id: str, precision: str, mixture_of_experts: bool) -> Estimate | None:
    found = [
        e
        for e in catalogue.efficiencies(accelerator_id)
        if e.precision == precision and e.mixture_of_experts == mixture_of_experts
    ]
    return _as_estimate(found[0]) if found else None


def _as_estimate(found: Efficiency) -> Estimate:
    return Estimate(
        found.mfu,
        "fitted",
        source=source_record(found.source),
        low=found.mfu_low,
        high=found.mfu_high,
        note=f"median of {found.row_count} published training runs, of the 16-bit peak",
    )
