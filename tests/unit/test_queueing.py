"""Fewest servers whose slowest requests still wait short enough, and replicas that follow."""

import numpy as np
import pytest

from engine.projection import project
from engine.projection.queueing import server_count_for_wait, slow_wait_s
from engine.scenario import Scenario


def _least(load: float, service_s: float, step: float, longest_s: float) -> float:
    """The same by trying one step after the other."""
    count = step * (load // step + 1)
    while not slow_wait_s(load / count, count, service_s, 1.0) <= longest_s:
        count += step
    return count


@pytest.mark.parametrize("step", [1.0, 8.0, 256.0])
@pytest.mark.parametrize("arrivals_per_s", [0.02, 1.0, 37.0, 900.0])
@pytest.mark.parametrize("longest_s", [0.0, 0.4, 30.0])
def test_no_fewer_servers_would_do(step: float, arrivals_per_s: float, longest_s: float) -> None:
    found = server_count_for_wait(arrivals_per_s, 2.5, 1.0, step, longest_s)
    assert found == _least(arrivals_per_s * 2.5, 2.5, step, longest_s)


def test_many_at_once_are_as_each_alone() -> None:
    arrivals, steps = np.array([0.5, 20.0, 300.0]), np.array([1.0, 16.0, 64.0])
    together = server_count_for_wait(arrivals, 1.5, 0.8, steps, 1.0)
    alone = [
        server_count_for_wait(a, 1.5, 0.8, s, 1.0) for a, s in zip(arrivals, steps, strict=True)
    ]
    assert together.tolist() == alone


def test_no_request_needs_no_server_and_no_wait_allowed_is_unknown() -> None:
    assert server_count_for_wait(0.0, 1.0, 1.0, 4.0, 1.0) == 0.0
    assert np.isnan(server_count_for_wait(1.0, 1.0, 1.0, 4.0, -1.0))


def test_a_goal_that_the_fewest_devices_miss_takes_more() -> None:
    goals = np.array([0.01, 0.05])
    found = project(Scenario(model="llama-3.1-70b", tpot_slo_s=goals)).deployment
    tight, loose = np.broadcast_to(found.devices_per_replica.value, goals.shape)
    assert tight > loose
