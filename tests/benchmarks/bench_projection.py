"""Our own arithmetic: one scenario, a hundred thousand, the fastest plan, draws of bill and value.

Run with `pytest -m benchmark -s tests/benchmarks/bench_projection.py`. Processor time of
one core, which other programs disturb less than the clock on the wall.
"""

import sys
import time
from collections.abc import Callable
from statistics import median

import numpy as np
import pytest

from engine.projection import project, with_ranges
from engine.projection.training_plan import fastest
from engine.projection.uncertainty import doubts, normals, worked_out
from engine.projection.working import estimates
from engine.projection.worth import template_scenario, worth
from engine.scenario import Scenario
from engine.value_case import ValueCase

DRAW_COUNT = SCENARIO_COUNT = 100_000


def one() -> None:
    project(Scenario())


def one_with_ranges() -> None:
    with_ranges(project(Scenario()))


def many() -> None:
    random = np.random.default_rng(0)
    project(
        Scenario(
            parameters_billion=random.uniform(0.1, 400, SCENARIO_COUNT),
            electricity_usd_per_kwh=random.uniform(0.01, 0.4, SCENARIO_COUNT),
            requests_per_day=random.uniform(0, 1e7, SCENARIO_COUNT),
        )
    )


def planned() -> None:
    fastest(Scenario(model="gpt-3-175b", hardware="a100-sxm-80gb", training_device_count=1_024))


def drawn() -> None:
    case = ValueCase(template="text-classification")
    found = worth(template_scenario("text-classification", case), case)
    shown = {name: e for name, e in estimates(found) if e.known}
    uncertain = doubts(shown, found.known)
    worked_out(shown, uncertain, normals(uncertain, DRAW_COUNT, 0))


@pytest.mark.benchmark
@pytest.mark.parametrize(
    ("work", "round_count"),
    [(one, 300), (one_with_ranges, 20), (many, 5), (planned, 20), (drawn, 5)],
)
def test_time_of(
    work: Callable[[], None], round_count: int, capsys: pytest.CaptureFixture[str]
) -> None:
    work()
    times_s = []
    for _ in range(round_count):
        start_s = time.process_time()
        work()
        times_s.append(time.process_time() - start_s)
    with capsys.disabled():
        sys.stdout.write(f"\n  {work.__name__}: {median(times_s) * 1e3:.2f} ms (median)\n")
