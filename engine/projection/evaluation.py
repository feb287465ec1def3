"""Evaluating a model: forward passes over its test sets, and their bill."""

from __future__ import annotations

from engine.projection import energy
from engine.projection.billing import Used, bill
from engine.projection.hardware import Device
from engine.projection.money_hardware import choice_or, paid_training_hours
from engine.projection.site import Site
from engine.projection.sized import Sized
from engine.projection.working import assumed, chosen, derive
from engine.records import Evaluation
from engine.scenario import Scenario
from engine.units import MILLION, SECONDS_PER_HOUR, Float


def evaluated_item_count(evaluation_items_million: Float, evaluation_count: Float) -> Float:
    """Tokens, images or rows of all evaluations."""
    return evaluation_items_million * MILLION * evaluation_count


def evaluation_flop(item_count: Float, forward_flop_per_item: Float) -> Float:
    """Arithmetic of passing everything forward once; nothing is learnt."""
    return item_count * forward_flop_per_item


def evaluation_device_hours(flop: Float, peak_flop_per_s: Float, mfu: Float) -> Float:
    """Device-hours at a share of the peak."""
    return flop / (peak_flop_per_s * mfu) / SECONDS_PER_HOUR


def evaluation_stage(scenario: Scenario, model: Sized, device: Device, site: Site) -> Evaluation:
    """Evaluation with its bill, on the training hardware."""
    items = derive(
        evaluated_item_count,
        evaluation_items_million=choice_or(
            scenario.evaluation_items_million, f"evaluation_{model.known.item}_items_million"
        ),
        evaluation_count=chosen(scenario.evaluation_count),
    )
    flop = derive(
        evaluation_flop, item_count=items, forward_flop_per_item=model.forward_flop_per_item
    )
    hours = derive(
        evaluation_device_hours,
        flop=flop,
        peak_flop_per_s=device.peak_flop_per_s(scenario.precision),
        mfu=assumed("evaluation_mfu"),
    )
    paid = paid_training_hours(scenario, hours)
    used = Used(
        it_energy_kwh=derive(
            energy.it_energy_kwh, device_hours=hours, it_power_w=energy.training_power_w(device)
        ),
        embodied_kgco2e=site.embodied(paid),
        hardware_usd=site.hardware(paid),
        upkeep_usd=site.upkeep(paid),
    )
    return Evaluation(item_count=items, flop=flop, device_hours=hours, bill=bill(site, used))
