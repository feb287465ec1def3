"""Spot: what interruptions make a training run do again."""

from __future__ import annotations

import numpy as np

from engine.projection.working import assumed, chosen, derive
from engine.records import Estimate
from engine.scenario import Scenario
from engine.units import HOURS_PER_MONTH, Float

DEVICES_PER_SERVER = 8.0
MOST_INTERRUPTIONS_COUNT = 20.0
"""More than this between two checkpoints, and the run never ends."""


def taken_back_per_h(training_device_count: Float, spot_interruptions_per_month: Float) -> Float:
    """How often a run at spot prices is stopped: one server taken back stops all."""
    servers_count = np.ceil(training_device_count / DEVICES_PER_SERVER)
    return servers_count * spot_interruptions_per_month / HOURS_PER_MONTH


def interrupted_share(
    taken_back_per_h: Float, checkpoint_interval_h: Float, restart_hours: Float
) -> Float:
    """Time lost over time worked: work since the last checkpoint done again, and restarts.

    With interruptions at random, work of `t` hours takes
    `exp(R / M) * M * (exp(t / M) - 1)`, for `M` hours between interruptions and `R` to restart.
    Unknown where a run would practically never reach its next checkpoint.

    Source: Daly 2006, "A higher order estimate of the optimum checkpoint interval for restart
    dumps", equation 12, https://doi.org/10.1016/j.future.2004.11.016
    """
    between = taken_back_per_h * checkpoint_interval_h
    again = taken_back_per_h * restart_hours
    hopeless = (between > MOST_INTERRUPTIONS_COUNT) | (again > MOST_INTERRUPTIONS_COUNT)
    between = np.where(hopeless, np.nan, between)
    again = np.where(hopeless, np.nan, again)
    ratio = np.where(between > 0, np.expm1(between) / np.where(between > 0, between, 1.0), 1.0)
    return np.exp(again) * ratio - 1.0


def hours_with_interruptions(device_hours: Float, interrupted_share: Float) -> Float:
    """Device-hours rented, those of work done again included."""
    return device_hours * (1.0 + interrupted_share)


def interruption_usd(
    device_hours: Float, interrupted_share: Float, usd_per_device_hour: Float
) -> Float:
    """Rent of the hours that interruptions cost."""
    return device_hours * interrupted_share * usd_per_device_hour


def taken_back(scenario: Scenario) -> Estimate | None:
    """How often a training run is stopped for others; None where the rent rules it out."""
    if scenario.ownership != "cloud" or scenario.pricing != "spot":
        return None
    rate = scenario.spot_interruptions_per_month
    return derive(
        taken_back_per_h,
        training_device_count=chosen(scenario.training_device_count),
        spot_interruptions_per_month=(
            assumed("spot_interruptions_per_month") if rate is None else chosen(rate)
        ),
    )


def lost_share(scenario: Scenario, checkpoint_interval_h: Estimate) -> Estimate | None:
    """Time a training run loses to interruptions; None where the rent rules them out."""
    rate = taken_back(scenario)
    if rate is None:
        return None
    return derive(
        interrupted_share,
        taken_back_per_h=rate,
        checkpoint_interval_h=checkpoint_interval_h,
        restart_hours=assumed("restart_hours"),
    )
