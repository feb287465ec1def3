"""A bare loop of torch steps beside the same steps through the runner with all meters on.

Run with `pytest -m benchmark -s tests/benchmarks/bench_harness_overhead.py`. The two take
turns in one process, so that a busy machine disturbs both alike; what is compared is wall
time and CPU time per step.
"""

import sys
import time
from dataclasses import dataclass, replace
from statistics import median
from typing import ClassVar

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from engine.measurement.bench import Plan, bench_of
from engine.measurement.execution import one_thread, wait
from engine.measurement.machine import best_device, this_machine
from engine.measurement.runner import measure

DEVICE = best_device()
ON_GPU = DEVICE.type == "cuda"
ROUND_COUNT = 11 if ON_GPU else 31
ROUND_S = 2.2 if ON_GPU else 0.3
"""A GPU's energy counter moves seldom: shorter windows are not metered."""
LARGEST_RATIO = 1.01


@dataclass(frozen=True)
class Loop:
    """Forward, backward and update of two dense layers on one batch."""

    name: ClassVar[str] = "loop"
    flop_per_step: ClassVar[None] = None
    moved_bytes_per_step: ClassVar[None] = None

    width: int

    @property
    def settings(self):
        return {"width": self.width}

    def prepare(self, device):
        return training_step(self.width)


def training_step(width):
    model = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 10)).to(DEVICE)
    optimiser = torch.optim.AdamW(model.parameters(), fused=True)
    inputs = torch.randn(32, width, device=DEVICE)
    targets = torch.randint(10, (32,), device=DEVICE)

    def step():
        loss = F.cross_entropy(model(inputs), targets)
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()

    return step


def bare(step):
    """Wall and CPU time per step, s."""
    count, cpu_start_s, start_s = 0, time.process_time(), time.perf_counter()
    while time.perf_counter() - start_s < ROUND_S:
        for _ in range(50):
            step()
        count += 50
    wait(DEVICE)
    return (time.perf_counter() - start_s) / count, (time.process_time() - cpu_start_s) / count


@pytest.mark.benchmark
@pytest.mark.parametrize("width", [16, 128, 512])
def test_the_runner_costs_less_than_one_in_a_hundred(width, capsys):
    device_bench = bench_of(this_machine(DEVICE))
    always = Plan(warm_up_s=0.05, repeat_s=ROUND_S, interval_share=0.0)
    bench = replace(device_bench, plan=always)
    ratios, cpu_ratios = [], []
    with one_thread(DEVICE):
        for number in range(ROUND_COUNT):
            (bare_s, bare_cpu_s), (ours_s, ours_cpu_s) = in_turn(width, bench, number % 2)
            ratios.append(ours_s / bare_s)
            cpu_ratios.append(ours_cpu_s / bare_cpu_s)
    with capsys.disabled():
        sys.stdout.write(
            f"\n  width {width}: {bare_s * 1e6:.0f} us a step, through the runner x "
            f"{median(ratios):.4f} wall, x {median(cpu_ratios):.4f} CPU "
            f"(middle half {sorted(ratios)[ROUND_COUNT // 4]:.3f} to "
            f"{sorted(ratios)[-ROUND_COUNT // 4]:.3f})"
        )
    assert median(ratios) <= LARGEST_RATIO


def in_turn(width, bench, bare_first):
    """Both once; whoever comes second may find a busier machine."""
    step = training_step(width)
    bare(step)
    if bare_first:
        by_hand = bare(step)
        return by_hand, metered(Loop(width), bench)
    ours = metered(Loop(width), bench)
    return bare(step), ours


def metered(workload, bench):
    measurement = measure(workload, bench)
    assert measurement.energy_j is not None
    times_s = measurement.repeat_times_s
    return sum(times_s) / len(times_s), measurement.cpu_time_s
