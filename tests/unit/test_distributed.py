"""Several processes measured as one: what is asked, what becomes one record, what is fitted."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.cli.measure_many import _flags
from engine.measurement.distributed.fit import (
    COLLECTIVE,
    collective_fits,
    latency_and_bandwidth,
)
from engine.measurement.distributed.jobs import (
    OPERATIONS,
    POWERS,
    STRATEGIES,
    Collective,
    ParallelTrainStep,
    World,
    jobs,
)
from engine.measurement.distributed.launch import _sentence
from engine.measurement.distributed.world import Share, together
from engine.records import BadInput, Machine, Measurement

MACHINE = Machine("a CPU", 2, 4, 2**34, "Linux 6.1 x86_64", "3.11.7", "2.13.0", 2)
TWO = World(2, 1, 1, "gloo")
SIZES_BYTES = [2.0**power for power in range(8, 27)]


def measurement(**changed: Any) -> Measurement:
    values: dict[str, Any] = {
        "machine": MACHINE,
        "workload": COLLECTIVE,
        "settings": {**TWO._asdict(), "collective": "all_reduce", "size_bytes": 64},
        "method_version": "1",
        "code_version": "0.1.0",
        "taken_at": datetime(2026, 1, 31, tzinfo=UTC),
        "time_s": 0.5,
        "time_low_s": 0.5,
        "time_high_s": 0.5,
        "repeat_times_s": (0.5,),
        "cpu_time_s": 0.25,
        "energy_j": 2.0,
        "energy_kind": "estimated",
        "energy_meter": "estimate",
        "peak_memory_bytes": 100.0,
    }
    return Measurement(**values | changed)


def test_a_perfect_line_gives_its_latency_and_bandwidth_back() -> None:
    times_s = [50e-6 + size / 2e9 for size in SIZES_BYTES]
    line = latency_and_bandwidth(SIZES_BYTES, times_s)
    assert line.latency_s == pytest.approx(50e-6)
    assert line.bandwidth_bytes_per_s == pytest.approx(2e9)
    assert line.worst_share == pytest.approx(0.0, abs=1e-9)


def test_the_residual_is_how_far_times_are_from_the_line() -> None:
    signs = [1.0 if place % 2 else -1.0 for place in range(len(SIZES_BYTES))]
    times_s = [
        (50e-6 + size / 2e9) * (1 + 0.1 * sign)
        for size, sign in zip(SIZES_BYTES, signs, strict=True)
    ]
    line = latency_and_bandwidth(SIZES_BYTES, times_s)
    assert line.residual_share == pytest.approx(0.1, rel=0.05)
    assert line.worst_share == pytest.approx(0.1, rel=0.3)
    assert line.latency_s == pytest.approx(50e-6, rel=0.1)


def test_times_that_do_not_grow_leave_the_bandwidth_unknown() -> None:
    line = latency_and_bandwidth([1.0, 2.0, 4.0], [3.0, 3.0, 3.0])
    assert (line.latency_s, line.bandwidth_bytes_per_s) == (pytest.approx(3.0), None)


def test_times_without_a_latency_have_none() -> None:
    line = latency_and_bandwidth([1.0, 2.0, 4.0], [1.0, 2.1, 4.4])
    assert line.latency_s == 0.0
    assert line.bandwidth_bytes_per_s == pytest.approx(0.95, rel=0.05)


@pytest.mark.parametrize("times_s", [[1.0, 2.0], [1.0, 2.0, 0.0]])
def test_too_few_points_or_no_time_are_refused(times_s: list[float]) -> None:
    with pytest.raises(BadInput, match="3 sizes or more with positive times"):
        latency_and_bandwidth([1.0, 2.0, 4.0][: len(times_s)], times_s)


def test_each_collective_of_each_world_has_its_own_line_from_the_newest_times() -> None:
    def seen(collective: str, sent: float, time_s: float, age_h: int = 0) -> Measurement:
        settings = {**TWO._asdict(), "collective": collective, "size_bytes": int(sent)}
        at = datetime(2026, 1, 31, tzinfo=UTC) - timedelta(hours=age_h)
        return measurement(settings=settings, moved_bytes=sent, time_s=time_s, taken_at=at)

    held = [seen("all_reduce", size, 1.0 + size) for size in (1.0, 2.0, 4.0)]
    held += [seen("all_reduce", 4.0, 99.0, age_h=1)]
    held += [seen("all_gather", size, size) for size in (1.0, 2.0)]
    (fit,) = collective_fits(held)
    assert (fit.collective, fit.world_size, fit.point_count) == ("all_reduce", 2, 3)
    assert (fit.smallest_bytes, fit.largest_bytes) == (1.0, 4.0)
    assert fit.line.latency_s == pytest.approx(1.0)
    assert fit.line.bandwidth_bytes_per_s == pytest.approx(1.0)


@pytest.mark.parametrize("suite", POWERS)
def test_a_world_sweeps_every_collective_over_size_and_steps_every_way(suite: str) -> None:
    asked = jobs(suite, World(3, 1, 1, "gloo"))
    assert len(set(asked)) == len(asked)
    swept = Counter(job.collective for job in asked if isinstance(job, Collective))
    assert set(swept) == set(OPERATIONS)
    assert min(swept.values()) >= 3
    stepped = {job.strategy for job in asked if isinstance(job, ParallelTrainStep)}
    assert stepped == set(STRATEGIES)
    assert all(job.size_bytes % 12 == 0 for job in asked if isinstance(job, Collective))


@pytest.mark.parametrize(
    ("collective", "sent_bytes"), [("all_reduce", 96.0), ("all_gather", 48.0), ("all_to_all", 48.0)]
)
def test_what_a_process_must_send(collective: str, sent_bytes: float) -> None:
    job = Collective(4, 1, 1, "gloo", collective, 64)  # type: ignore[arg-type]
    assert job.moved_bytes_per_step == sent_bytes


def test_a_message_that_cannot_be_shared_is_refused() -> None:
    with pytest.raises(BadInput, match="take a multiple of 12"):
        Collective(3, 1, 1, "gloo", "all_reduce", 64)


def test_steps_of_all_processes_count_and_each_way_sends_what_it_must() -> None:
    steps = [
        ParallelTrainStep(*TWO, strategy, 1, 32, 2, 256, 16, 2)  # type: ignore[arg-type]
        for strategy in STRATEGIES
    ]
    count = steps[0].metrics["parameter_count"]
    assert [step.metrics["sent_bytes_per_process"] for step in steps] == [0, 4 * count, 6 * count]
    assert {step.flop_per_step for step in steps} == {2 * steps[0].alike.flop_per_step}


def shares(*records: Measurement) -> list[Share]:
    return [Share(record, is_metered=True, computer=0) for record in records]


def test_a_worlds_record_adds_energy_and_cpu_time_and_takes_the_largest_memory() -> None:
    one = together(shares(measurement(), measurement(energy_j=3.0, peak_memory_bytes=250.0)))
    assert (one.energy_j, one.energy_kind, one.cpu_time_s) == (5.0, "estimated", 0.5)
    assert (one.peak_memory_bytes, one.time_s) == (250.0, 0.5)
    assert one.metrics["machine_kind_count"] == 1.0


def test_where_one_meter_failed_the_worlds_energy_is_unknown() -> None:
    failed = measurement(energy_j=None, energy_kind=None, energy_meter=None)
    one = together(shares(measurement(), failed))
    assert (one.energy_j, one.energy_kind, one.energy_meter) == (None, None, None)


def test_who_is_not_asked_to_meter_is_not_missed() -> None:
    unmetered = Share(measurement(energy_j=None, energy_kind=None), is_metered=False, computer=0)
    assert together([*shares(measurement()), unmetered]).energy_j == 2.0


def test_fellows_on_the_same_computer_are_not_other_programs() -> None:
    first = measurement(metrics={"cpu_use_share": 0.3, "other_cpu_use_share": 0.5})
    second = measurement(metrics={"cpu_use_share": 0.4, "other_cpu_use_share": 0.4})
    both = together(shares(first, second)).metrics
    assert both["cpu_use_share"] == pytest.approx(0.7)
    assert both["other_cpu_use_share"] == pytest.approx(0.1)
    apart = [replace(share, computer=n) for n, share in enumerate(shares(first, second))]
    assert together(apart).metrics["other_cpu_use_share"] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("nproc", "given", "flags"),
    [
        (2, {"nnodes": None}, ["--standalone"]),
        (1, {"nnodes": 2, "rdzv-id": "7"}, ["--nnodes", "2", "--rdzv-id", "7"]),
    ],
)
def test_torchruns_own_flags_are_handed_on(
    nproc: int, given: dict[str, Any], flags: list[str]
) -> None:
    assert _flags(nproc, given) == flags


def test_one_process_is_no_world_and_meeting_needs_a_count() -> None:
    with pytest.raises(BadInput, match="two processes or more"):
        _flags(1, {})
    with pytest.raises(BadInput, match="--rdzv-id is for several computers: give --nnodes"):
        _flags(2, {"rdzv-id": "7"})


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        ({"rank": 1, "signal": "SIGKILL", "message": ""}, "Process 1 was ended by SIGKILL; the"),
        (
            {"rank": 0, "signal": None, "message": "No room.\nTraceback"},
            "Process 0 failed: No room. If it lost another process",
        ),
    ],
)
def test_a_lost_process_is_one_sentence(tmp_path: Path, cause: dict[str, Any], said: str) -> None:
    (tmp_path / "failure").write_text(json.dumps(cause))
    assert _sentence(tmp_path / "failure", tmp_path / "log").startswith(said)


def test_torchrun_that_never_began_is_quoted(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("warning\nThe rendezvous timed out.\n\n")
    assert _sentence(tmp_path / "failure", tmp_path / "log").startswith(
        "torchrun could not go on: The rendezvous timed out. Check"
    )
