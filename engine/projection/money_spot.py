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


def interrupted_share(
    training_device_count: Float,
    spot_interruptions_per_month: Float,
    checkpoint_interval_hours: Float,
    restart_hours: Float,
) -> Float:
    """Time lost over time worked: work since the last checkpoint done again, and restarts.

    One server taken back stops all. With interruptions at random, work of `t` hours takes
    `exp(R / M) * M * (exp(t / M) - 1)`, for `M` hours between interruptions and `R` to restart.
    Unknown where a run would practically never reach its next checkpoint.

    Source: Daly 2006, "A higher order estimate of the optimum checkpoint interval for restart
    dumps", equation 12, https://doi.org/10.1016/j.future.2004.11.016
    """
    servers_count = np.ceil(training_device_count / DEVICES_PER_SERVER)
    per_hour = servers_count * spot_interruptions_per_month / HOURS_PER_MONTH
    between = per_hour * checkpoint_interval_hours
    again = per_hour * restart_hours
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


def lost_share(scenario: Scenario) -> Estimate | None:
    """Time a training run loses to interruptions; None where the rent rules them out."""
    if scenario.ownership != "cloud" or scenario.pricing != "spot":
        return None
    rate = scenario.spot_interruptions_per_month
    return derive(
        interrupted_share,
        training_device_count=chosen(scenario.training_device_count),
        spot_interruptions_per_month=(
            assumed("spot_interruptions_per_month") if rate is None else chosen(rate)
        ),
        checkpoint_interval_hours=chosen(scenario.checkpoint_interval_hours),
        restart_hours=assumed("restart_hours"),
    )
