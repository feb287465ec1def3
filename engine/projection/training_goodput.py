"""What failures, restarts and checkpoints take of a run's time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import numpy as np

from engine import catalogue
from engine.elementwise import minimum
from engine.projection import money_spot
from engine.projection.working import assumed, chosen, derive, source_record
from engine.records import Estimate
from engine.scenario import Scenario
from engine.units import HOURS_PER_DAY, SECONDS_PER_HOUR, Float

COUNTED = "rel:llama3:int"
"""The fact whose subject says devices and days: `..., 16,384 H100, 54 days`."""
IN_SUBJECT = r"([\d,]+) [A-Z]\w+, (\d+) days"


def interruptions_per_h(device_count: Float, mtbf_device_hours: Float) -> Float:
    """How often a run stops unasked: every device more is one more that can fail."""
    return device_count / mtbf_device_hours


def mtbf_device_hours(device_count: Float, day_count: Float, interruption_count: Float) -> Float:
    """Device-hours between interruptions of a run that was counted."""
    return device_count * day_count * HOURS_PER_DAY / interruption_count


def stops_per_h(interruptions_per_h: Float, taken_back_per_h: Float) -> Float:
    """How often a run is stopped: by what fails, and by servers taken back for others."""
    return interruptions_per_h + taken_back_per_h


def pause_h(checkpoint_pause_s: Float) -> Float:
    """The pause for one checkpoint in hours."""
    return checkpoint_pause_s / SECONDS_PER_HOUR


def checkpoint_interval_h(interruptions_per_h: Float, pause_h: Float, most_h: Float) -> Float:
    """Time between checkpoints that loses least: the root of twice the pause over the rate.

    No longer than between those kept on storage.

    Source: Young 1974, "A first order approximation to the optimum checkpoint interval",
    https://doi.org/10.1145/361147.361115; Daly 2006 gives more terms,
    https://doi.org/10.1016/j.future.2004.11.016
    """
    return minimum(np.sqrt(2.0 * pause_h / interruptions_per_h), most_h)


def checkpoint_share(pause_h: Float, interval_h: Float) -> Float:
    """Time spent writing checkpoints, over the time that makes progress."""
    return pause_h / interval_h


def lost_share(interruptions_per_h: Float, interval_h: Float, restart_h: Float) -> Float:
    """Time lost to interruptions, over the time that makes progress.

    Each costs the work since the last checkpoint, half an interval, and the restart.
    """
    return interruptions_per_h * (interval_h / 2.0 + restart_h)


def goodput_share(checkpoint_share: Float, lost_share: Float) -> Float:
    """Share of the run's time that makes progress."""
    return 1.0 / (1.0 + checkpoint_share + lost_share)


def interruption_count(interruptions_per_h: Float, time_h: Float) -> Float:
    """Unasked stops of one run."""
    return interruptions_per_h * time_h


@dataclass(frozen=True, slots=True)
class Kept:
    """What is left of a run's time, and why."""

    goodput_share: Estimate
    interruptions_per_h: Estimate
    checkpoint_interval_h: Estimate


def kept(scenario: Scenario, device_count: Estimate) -> Kept:
    """Goodput of the scenario's devices: chosen, else from failures, restarts and checkpoints."""
    rate = derive(
        interruptions_per_h,
        device_count=device_count,
        mtbf_device_hours=_mtbf_device_hours(),
    )
    pause = _pause()
    interval = derive(
        checkpoint_interval_h,
        interruptions_per_h=_stops(scenario, rate),
        pause_h=pause,
        most_h=chosen(scenario.checkpoint_interval_hours),
    )
    if scenario.goodput_share is not None:
        return Kept(chosen(scenario.goodput_share), rate, interval)
    share = derive(
        goodput_share,
        checkpoint_share=derive(checkpoint_share, pause_h=pause, interval_h=interval),
        lost_share=derive(
            lost_share,
            interruptions_per_h=rate,
            interval_h=interval,
            restart_h=assumed("restart_hours"),
        ),
    )
    return Kept(share, rate, interval)


def _stops(scenario: Scenario, interruptions_per_h: Estimate) -> Estimate:
    taken_back = money_spot.taken_back(scenario)
    if taken_back is None:
        return interruptions_per_h
    return derive(stops_per_h, interruptions_per_h=interruptions_per_h, taken_back_per_h=taken_back)


@cache
def _pause() -> Estimate:
    return derive(pause_h, checkpoint_pause_s=assumed("checkpoint_pause_s"))


@cache
def _mtbf_device_hours() -> Estimate:
    fact = catalogue.data_centre_fact(COUNTED)
    source = source_record(fact.source)
    devices, days = (float(n.replace(",", "")) for n in re.findall(IN_SUBJECT, fact.subject)[0])
    counted = {"interruption_count": fact.value, "device_count": devices, "day_count": days}
    return derive(
        mtbf_device_hours,
        **{
            k: Estimate(v, "published", source=source, note=fact.subject)
            for k, v in counted.items()
        },
    )
