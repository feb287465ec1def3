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


@pytest.mark.parametrize(
    ("asked", "goal_s"),
    [
        ({"model": "vit-l-16", "hardware": "t4", "input_items_per_request": 1}, 0.05),
        ({"model": "bert-base", "hardware": "l4", "input_items_per_request": 128}, 0.01),
        ({"model": "dlrm-large", "input_items_per_request": 4_096}, 0.0016),
        ({"model": "llama-3.1-8b", "hardware": "tpu-v5e"}, 2.0),
    ],
)  # fmt: skip
def test_the_batch_of_any_model_keeps_the_goals(asked: dict[str, object], goal_s: float) -> None:
    open_goal = Scenario(**asked, output_items_per_request=100, requests_per_day=1e7)
    told = project(open_goal.replace(latency_slo_s=goal_s))
    kept = told.deployment
    assert kept.latency_p95_s.value <= goal_s
    assert "latency-goal-missed" not in {note.code for note in told.notes}
    usual = project(open_goal).deployment
    assert usual.batch_count.value == 32
    assert usual.latency_p95_s.value > goal_s
    missed = project(open_goal.replace(latency_slo_s=1e-6))
    assert "latency-goal-missed" in {note.code for note in missed.notes}
    goals_s = np.array([1e-6, goal_s])
    both = project(open_goal.replace(latency_slo_s=goals_s)).deployment.replica_count.value
    assert both[1] == kept.replica_count.value


def test_a_recommender_looks_up_and_does_not_read_its_tables() -> None:
    # NVIDIA DeepLearningExamples, DLRM on one A100, 32,768 rows at once: 14.4 to 14.8 million a s.
    served = project(
        Scenario(
            model="dlrm-large", hardware="a100-sxm-80gb", input_items_per_request=32_768,
            serving_batch_count=1,
        )
    ).deployment  # fmt: skip
    assert served.items_per_s_per_device.value == pytest.approx(14.6e6, rel=0.3)


def test_widths_prefix_and_cache_count_where_no_fit_reaches() -> None:
    base = Scenario(hardware="tpu-v5e", requests_per_day=1e6)
    plain, wide, hit, narrow, piped = (
        project(base.replace(**change)).deployment
        for change in (
            {}, {"serving_tensor_parallel_count": 8}, {"prefix_cache_hit_share": 0.9},
            {"cache_precision": "fp8"}, {"serving_pipeline_parallel_count": 4},
        )
    )  # fmt: skip
    assert wide.devices_per_replica.value == 8
    assert wide.tpot_s.value < plain.tpot_s.value
    assert hit.ttft_s.value < plain.ttft_s.value / 2
    assert narrow.batch_limit_count.value == pytest.approx(2 * plain.batch_limit_count.value, abs=1)
    assert piped.devices_per_replica.value == 4


def test_more_devices_than_heads_hold_copies_of_the_cache() -> None:
    def held(model: str, devices: int) -> float:
        served = Scenario(
            model=model, hardware="h200-sxm", serving_precision="fp8", serving_batch_count=16
        ).replace(serving_tensor_parallel_count=devices)
        found = project(served).deployment
        tokens = 1_300 * 16
        per_token = found.memory_parts.cache_bytes_per_token.value
        return found.memory_parts.cache_bytes.value / tokens / per_token

    # Eight heads share out among eight devices; latent attention has one for all of them.
    assert [held("llama-3.1-70b", n) for n in (1, 8, 16)] == pytest.approx([1, 1, 2])
    assert held("deepseek-v3", 8) == pytest.approx(8)


def test_weights_beyond_the_memory_are_told() -> None:
    def codes(devices: int) -> set[str]:
        served = Scenario(model="llama-3.1-70b", serving_tensor_parallel_count=devices)
        return {note.code for note in project(served).notes}

    assert "weights-do-not-fit" in codes(1)
    assert "weights-do-not-fit" not in codes(4)


def test_a_few_long_requests_take_the_devices_that_one_of_them_needs() -> None:
    long = Scenario(model="llama-3.1-8b", input_items_per_request=1e6)
    few = project(long.replace(requests_per_day=100)).deployment
    # 131 GB of cache beside 16 GB of weights: two devices of 80 GB.
    assert few.device_count.value == 2
    assert few.batch_count.value == 1
    loads = np.array([10.0, 100.0, 3_000.0])
    together = project(long.replace(requests_per_day=loads)).deployment.device_count.value
    alone = [project(long.replace(requests_per_day=n)).deployment.device_count.value for n in loads]
    assert together.tolist() == alone
    assert alone == sorted(alone)
    as_asked = project(long.replace(requests_per_day=100, serving_batch_count=32)).deployment
    assert as_asked.device_count.value > few.device_count.value


def test_tokens_that_are_thought_are_tokens_that_are_written() -> None:
    shown = Scenario(output_items_per_request=2_300, requests_per_day=1e5)
    thought = shown.replace(output_items_per_request=300, reasoning_tokens_per_request=2_000)
    one, other = (project(s).deployment for s in (shown, thought))
    for name in ("items_per_s_per_device", "tpot_s"):
        assert getattr(one, name).value == pytest.approx(getattr(other, name).value)
    # The price of a token is the same whether it is shown; traffic is only of those shown.
    paid = [d.split.usd_per_million_output_items.value for d in (one, other)]
    assert paid[0] == pytest.approx(paid[1], rel=0.01)


def test_a_use_pays_for_its_traffic_and_for_no_idle_hour() -> None:
    asked = Scenario(
        model="resnet-50", input_items_per_request=1, output_items_per_request=0,
        requests_per_day=1e6, dataset_bytes_per_item=1e5,
    )  # fmt: skip
    served = project(asked).deployment
    traffic = served.bill.network_usd.value
    hours = served.bill.cost_usd.value - traffic
    assert 0 < served.busy_share.value < 0.1
    assert served.split.in_use_usd.value == pytest.approx(traffic + hours * served.busy_share.value)
