"""Where a workload runs, what watches it, and for how long."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch

from engine.measurement.meters import EnergyMeter, Meter, Observer, energy_meter, memory
from engine.measurement.meters.process import ProcessObserver
from engine.records import Machine


@dataclass(frozen=True)
class Clock:
    """Where time comes from."""

    wall_s: Callable[[], float] = time.perf_counter
    cpu_s: Callable[[], float] = time.process_time


@dataclass(frozen=True)
class Plan:
    """When a workload is warm, and when it has been repeated enough."""

    window_s: float = 0.02
    """Steps are batched until a window lasts about this long."""
    warm_up_s: float = 1.0
    """Longest warm-up; it ends sooner when successive windows agree."""
    repeat_s: float = 1.5
    """Longest series of windows; it ends sooner when the median is known well enough."""
    interval_share: float = 0.01
    """Well enough: half the median's 95 % interval over the median."""
    fewest_repeats: int = 10
    fewest_slow_repeats: int = 5
    """Where a few steps take longer than the series should."""
    fewest_warm_ups: int = 3
    """Even where one takes longer than warming up should: memory settles over several."""


Effort = Literal["full", "brief", "once"]
"""How sure a measurement should be: alone, as one of hundreds, or of what takes seconds."""
BRIEF = Plan(warm_up_s=0.2, repeat_s=0.2, fewest_slow_repeats=3, fewest_warm_ups=1)
ONCE = Plan(warm_up_s=0.0, repeat_s=0.3, fewest_slow_repeats=1, fewest_warm_ups=0)


def _alone(value: float) -> float:
    return value


@dataclass(frozen=True)
class Bench:
    """Where a workload runs, and what watches it."""

    machine: Machine
    device: torch.device
    energy_meter: EnergyMeter | None = None
    memory_meter: Meter | None = None
    plan: Plan = Plan()
    clock: Clock = Clock()
    observer: Observer | None = None
    """What else is seen of the repeats, kept as metrics."""
    slowest: Callable[[float], float] = _alone
    """The longest of all processes that work together: they must decide alike."""
    brief_plan: Plan = BRIEF

    def plan_for(self, effort: Effort) -> Plan:
        """How long a workload of that effort is watched."""
        return {"full": self.plan, "brief": self.brief_plan, "once": ONCE}[effort]


def bench_of(machine: Machine) -> Bench:
    """The bench of this machine, as `this_machine` saw it, with its best meters."""
    device = torch.device("cuda", 0) if machine.gpu_names else torch.device("cpu")
    return Bench(
        machine,
        device,
        energy_meter(device),
        memory.open_meter(device),
        observer=ProcessObserver(),
    )
