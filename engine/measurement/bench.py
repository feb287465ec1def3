"""Where a workload runs, what watches it, and for how long."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from engine.measurement.meters import EnergyMeter, Meter, energy_meter, memory
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


@dataclass(frozen=True)
class Bench:
    """Where a workload runs, and what watches it."""

    machine: Machine
    device: torch.device
    energy_meter: EnergyMeter | None = None
    memory_meter: Meter | None = None
    plan: Plan = Plan()
    clock: Clock = Clock()


def bench_of(machine: Machine) -> Bench:
    """The bench of this machine, as `this_machine` saw it, with its best meters."""
    device = torch.device("cuda", 0) if machine.gpu_names else torch.device("cpu")
    return Bench(machine, device, energy_meter(device), memory.open_meter(device))
