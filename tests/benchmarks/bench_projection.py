"""Our own arithmetic: one scenario, a hundred thousand, a plan, a decision, draws of every use.

Run with `pytest -m benchmark -s tests/benchmarks/bench_projection.py`. Processor time of
one core, which other programs disturb less than the clock on the wall.
"""

import sys
import time
from collections.abc import Callable
from functools import partial
from statistics import median

import numpy as np
import pytest

from engine import catalogue
from engine.projection import project, with_ranges
from engine.projection.decisions import Goal, Question, decide, limit
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


def decided() -> None:
    limits = ("score.mmlu-5-shot>=0.8", "deployment.tpot_s<=0.04", "carbon_kgco2e_per_kwh<=0.1")
    goal = Goal("total.cost_usd", is_largest=False)
    decide(Question(Scenario(), goal, tuple(limit(text) for text in limits), opened=("model",)))


def drawn(template: str = "text-classification") -> None:
    case = ValueCase(template=template)
    found = worth(template_scenario(template, case), case)
    shown = {name: e for name, e in estimates(found) if e.known}
    uncertain = doubts(shown, found.known)
    worked_out(shown, uncertain, normals(uncertain, DRAW_COUNT, 0))


@pytest.mark.benchmark
@pytest.mark.parametrize(
    ("work", "round_count"),
    [(one, 300), (one_with_ranges, 20), (many, 5), (planned, 20), (decided, 3)],
)
def test_time_of(
    work: Callable[[], None], round_count: int, capsys: pytest.CaptureFixture[str]
) -> None:
    timed(work.__name__, work, round_count, capsys)


@pytest.mark.benchmark
@pytest.mark.parametrize("template", catalogue.value_templates())
def test_time_of_draws_of(template: str, capsys: pytest.CaptureFixture[str]) -> None:
    timed(f"drawn, {template}", partial(drawn, template), 3, capsys)


def timed(
    name: str, work: Callable[[], None], round_count: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Says the median processor time of some rounds, after one that warms up."""
    work()
    times_s = []
    for _ in range(round_count):
        start_s = time.process_time()
        work()
        times_s.append(time.process_time() - start_s)
    with capsys.disabled():
        sys.stdout.write(f"\n  {name}: {median(times_s) * 1e3:.2f} ms (median)\n")
