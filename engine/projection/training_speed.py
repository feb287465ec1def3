"""Share of peak that training reaches: measured here, else from the fitted throughput."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np

from engine.elementwise import everywhere, minimum, plain, where
from engine.projection import image_speed, item_times, throughput
from engine.projection.hardware import Device
from engine.projection.own_calibration import corrected_by
from engine.projection.sized import Sized
from engine.projection.throughput_devices import device_fields
from engine.projection.throughput_fit import throughput_fit
from engine.projection.throughput_step import alone, kind_of, range_logs, training_step
from engine.projection.training_plan import MOST_KEPT, Planned
from engine.projection.working import assumed, chosen, derive, first_known
from engine.records import Estimate, Source, StepTime
from engine.scenario import Scenario
from engine.units import Float

FIT = Source("Constants fitted to published training throughput (`modelworth calibrate`)")
WITHIN = "range from published rows that the fit did not see"
OWN = "corrected by one's own rows on this hardware"
OUTSIDE = "outside what the fit saw, so the range is wider"


def mfu_of_step_time(
    training_flop_per_item: Float, time_s_per_item: Float, peak_flop_per_s: Float
) -> Float:
    """Share of peak that the measured time of a training step amounts to."""
    return training_flop_per_item / time_s_per_item / peak_flop_per_s


def mfu_of_many_devices(mfu: Float, scale_out_share: Float, device_count: Float) -> Float:
    """Share of peak on several devices, from that of one: waiting for each other is taken off."""
    return mfu * where(device_count > 1, scale_out_share, 1.0)


def mfu_where_divided(mfu: Float, device_count: Float, least_device_count: Float) -> Float:
    """Share of peak; none where the widths chosen take more devices than there are."""
    return where(device_count >= least_device_count, mfu, np.nan)


def slowed_ratio(speed_ratio: Float, slow_down_ratio: Float) -> Float:
    """Speed once 4-bit weights are unpacked before each product."""
    return speed_ratio / slow_down_ratio


def step_time_s(
    products_s: Float,
    attention_s: Float,
    traffic_s: Float,
    collectives_s: Float,
    launches_s: Float,
    bubble_s: Float,
    optimiser_s: Float,
    exchange_s: Float,
    waiting_s: Float,
) -> Float:
    """Seconds of one training step: what computes, what moves, and what waits.

    Each part is in proportion to something counted, with constants fitted on published
    throughput.
    """
    busy = products_s + attention_s + traffic_s + collectives_s + launches_s
    return busy + bubble_s + optimiser_s + exchange_s + waiting_s


def step_tokens_per_device(
    micro_batch_tokens: Float, micro_batch_count: Float, data_count: Float, device_count: Float
) -> Float:
    """Tokens of one step that each device has a share in."""
    return micro_batch_tokens * micro_batch_count * data_count / device_count


def mfu_of_step(
    training_flop_per_item: Float,
    step_tokens_per_device: Float,
    step_time_s: Float,
    speed_ratio: Float,
    peak_flop_per_s: Float,
) -> Float:
    """Share of peak that a step of so many seconds amounts to.

    `speed_ratio` is how much faster the accelerator and kind of model turned out than that.
    """
    tokens_per_s = step_tokens_per_device / step_time_s * speed_ratio
    return tokens_per_s * training_flop_per_item / peak_flop_per_s


@dataclass(frozen=True, slots=True)
class Speed:
    """Share of peak reached, and the parts of the step it comes from where it is fitted."""

    mfu: Estimate
    step_time: StepTime | None = None
    is_outside_fit: bool = False


def speed(
    scenario: Scenario,
    model: Sized,
    device: Device,
    flop_per_item: Estimate,
    peak: Estimate,
    plan: Planned | None,
) -> Speed:
    """Chosen, else measured on this hardware, else from the fitted throughput, else assumed."""
    if scenario.mfu is not None:
        return Speed(chosen(scenario.mfu))
    own = _measured_mfu(model, device, scenario.precision, flop_per_item, peak)
    if own is not None and own.known:
        return Speed(_on_many(scenario, device, own, peak, plan))
    fitted = _fitted(scenario, device, flop_per_item, peak, plan)
    if fitted is not None:
        return fitted
    images = image_speed.speed(scenario, model, device, flop_per_item, peak)
    if images is not None:
        return Speed(images.mfu, is_outside_fit=images.is_outside)
    other = _at_other_precision(model, device, flop_per_item)
    time_s = item_times.unmeasured_time_s_per_item(model, device)
    usual = assumed(f"mfu_{model.known.family.replace('-', '_')}")
    found = first_known(other, _mfu_of_time(time_s, flop_per_item, peak), usual)
    if found is other:
        found = _on_many(scenario, device, found, peak, plan)
    return Speed(found)


def _fitted(
    scenario: Scenario,
    device: Device,
    flop_per_item: Estimate,
    peak: Estimate,
    plan: Planned | None,
) -> Speed | None:
    """From the constants fitted to published throughput; None where the shape is not known.

    Nor for processors, which no published row trained on.
    """
    if plan is None or device.accelerator_id is None or peak.value is None:
        return None
    if device.accelerator is not None and device.accelerator.kind == "cpu":
        return None
    found = _fit_of(plan, device.accelerator_id, scenario.precision, float(peak.value))
    if found is None:
        return None
    times = found.times
    mfu = derive(
        mfu_of_step,
        training_flop_per_item=flop_per_item,
        step_tokens_per_device=derive(
            step_tokens_per_device,
            micro_batch_tokens=plan.told.micro_batch_tokens,
            micro_batch_count=plan.told.micro_batch_count,
            data_count=plan.told.data_count,
            device_count=chosen(scenario.training_device_count),
        ),
        step_time_s=found.step_time_s,
        speed_ratio=_slowed(scenario, found.speed_ratio),
        peak_flop_per_s=peak,
    )
    mfu = _where_divided(scenario, plan, mfu)
    if mfu.value is None:
        return Speed(mfu)
    note = OUTSIDE if found.is_outside else WITHIN
    low, high = mfu.value * found.low_ratio, mfu.value * found.high_ratio
    mfu = mfu._replace(kind="fitted", low=low, high=high, note=note)
    return Speed(_sharpened(mfu, scenario, device), times, found.is_outside)


def _where_divided(scenario: Scenario, plan: Planned, mfu: Estimate) -> Estimate:
    least = plan.plan.least_device_count
    if everywhere(least <= scenario.training_device_count):
        return mfu
    return derive(
        mfu_where_divided,
        mfu=mfu,
        device_count=chosen(scenario.training_device_count),
        least_device_count=chosen(plain(least)),
    )


def _sharpened(mfu: Estimate, scenario: Scenario, device: Device) -> Estimate:
    """With the correction that one's own rows on this hardware give, where there is one."""
    if device.accelerator_id is None or mfu.value is None:
        return mfu
    found = device.own.of("training", device.accelerator_id, precision=scenario.precision)
    if found is None:
        return mfu
    whole = derive(sharpened_mfu, mfu=mfu, measured_speed_ratio=corrected_by(found))
    low, high = found.range_ratios
    return whole._replace(kind="fitted", low=mfu.value * low, high=mfu.value * high, note=OWN)


def sharpened_mfu(mfu: Float, measured_speed_ratio: Float) -> Float:
    """Share of peak once one's own rows have corrected it."""
    return mfu * measured_speed_ratio


@dataclass(frozen=True, slots=True)
class _Fit:
    """What the fit says of a step."""

    times: StepTime
    step_time_s: Estimate
    speed_ratio: Estimate
    low_ratio: Float
    high_ratio: Float
    is_outside: bool


@lru_cache(maxsize=MOST_KEPT)
def _fit_of(
    plan: Planned, accelerator_id: str, precision: str, peak_flop_per_s: float
) -> _Fit | None:
    of_device = device_fields(accelerator_id, precision)
    if of_device is None:
        return None
    step, fit = training_step(plan.learner, plan.plan, of_device, peak_flop_per_s), throughput_fit()
    found = throughput.step_parts(step, fit.constants)
    low, high, outside = range_logs(fit, plan.learner, step, accelerator_id)
    # Rows tell whole steps: no part is known better than the step it belongs to.
    times = {f.name: _within(_of_fit(getattr(found, f.name)), -high, -low) for f in fields(found)}
    return _Fit(
        times=StepTime(**times),
        step_time_s=derive(step_time_s, **times),
        speed_ratio=_of_fit(fit.speed_ratio(accelerator_id, "", kind_of(plan.learner, step))),
        low_ratio=plain(np.exp(low)),
        high_ratio=plain(np.exp(high)),
        is_outside=outside,
    )


def _step(
    scenario: Scenario, device: Device, peak: Estimate, plan: Planned | None
) -> throughput.TrainingStep | None:
    if plan is None or device.accelerator_id is None or peak.value is None:
        return None
    of_device = device_fields(device.accelerator_id, scenario.precision)
    if of_device is None:
        return None
    return training_step(plan.learner, plan.plan, of_device, peak.value)


def _of_fit(value: Float) -> Estimate:
    return Estimate(plain(value), "fitted", source=FIT)


def _within(time_s: Estimate, low_log: Float, high_log: Float) -> Estimate:
    assert time_s.value is not None
    low, high = plain(time_s.value * np.exp(low_log)), plain(time_s.value * np.exp(high_log))
    return time_s._replace(low=low, high=high)


def _slowed(scenario: Scenario, fitted: Estimate) -> Estimate:
    if scenario.tuning != "qlora":
        return fitted
    return derive(
        slowed_ratio, speed_ratio=fitted, slow_down_ratio=assumed("qlora_slow_down_ratio")
    )


def _on_many(
    scenario: Scenario, device: Device, alone: Estimate, peak: Estimate, plan: Planned | None
) -> Estimate:
    """Measured on one device; on more, with what the fit says that these lose, else a share."""
    if everywhere(scenario.training_device_count == 1):
        return alone
    kept = _kept_share(scenario, device, peak, plan) or assumed("scale_out_share")
    return derive(
        mfu_of_many_devices,
        mfu=alone,
        scale_out_share=kept,
        device_count=chosen(scenario.training_device_count),
    )


def _kept_share(
    scenario: Scenario, device: Device, peak: Estimate, plan: Planned | None
) -> Estimate | None:
    step = _step(scenario, device, peak, plan)
    if step is None:
        return None
    constants = throughput_fit().constants
    together = throughput.tokens_per_s_per_device(step, constants)
    single = throughput.tokens_per_s_per_device(alone(step), constants)
    return _of_fit(minimum(together / single, 1.0))


def _measured_mfu(
    model: Sized, device: Device, precision: str, flop_per_item: Estimate, peak: Estimate
) -> Estimate | None:
    time_s = item_times.time_s_per_item(model, device, precision)
    return _mfu_of_time(time_s, flop_per_item, peak)


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


def _at_other_precision(model: Sized, device: Device, flop_per_item: Estimate) -> Estimate | None:
    peak = device.peak_flop_per_s("fp32")
    found = _measured_mfu(model, device, "fp32", flop_per_item, peak)
    if found is None:
        return None
    return found._replace(kind="assumed", note="share of peak measured in 32 bits, taken over")
