"""Suites ask for enough, ask once, and go on where a database stops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

import pytest
import torch

from engine.measurement import suites
from engine.measurement.archives import DataUnavailable
from engine.measurement.bench import Bench, Plan
from engine.measurement.events import Advanced, Event, Failed, Finished, Started
from engine.measurement.suites import (
    LARGER_STEPS,
    SUITES,
    job_key,
    missing,
    next_repetition,
    quick,
    run,
)
from engine.measurement.workloads import WORKLOADS
from engine.measurement.workloads.base import AnyWorkload
from engine.records import CannotContinue, Machine, Setting

CPU = torch.device("cpu")
MACHINE = Machine("a CPU", 2, 4, 2**34, "Linux 6.1 x86_64", "3.11.7", "2.13.0", 2)
BENCH = Bench(MACHINE, CPU, plan=Plan(window_s=1e-5, warm_up_s=0.0, repeat_s=1e-4))
DEVICES = [CPU, torch.device("cuda", 0)]


@dataclass(frozen=True)
class Nothing:
    """A step that does nothing, or a preparation that fails."""

    name: ClassVar[str] = "nothing"

    number: int
    task: str = "none"
    error: Exception | None = field(default=None, compare=False)
    prepared: list[int] = field(default_factory=list, compare=False)
    flop_per_step: ClassVar[None] = None
    moved_bytes_per_step: ClassVar[None] = None

    @property
    def settings(self) -> dict[str, Setting]:
        return {"number": self.number, "task": self.task}

    def prepare(self, device: torch.device) -> Callable[[], object]:
        self.prepared.append(self.number)
        if self.error is not None:
            raise self.error
        return lambda: None


def by_name(jobs: list[AnyWorkload], name: str) -> list[AnyWorkload]:
    return [job for job in jobs if job.name == name]


def done(jobs: list[AnyWorkload], already: set[str]) -> tuple[list[str], list[Event]]:
    events: list[Event] = []
    return [m.key for m in run(jobs, already, BENCH, events.append)], events


@pytest.mark.parametrize("device", DEVICES, ids=str)
@pytest.mark.parametrize("suite", list(SUITES))
def test_every_job_of_a_suite_is_asked_for_once(suite: str, device: torch.device) -> None:
    jobs = SUITES[suite](device)
    keys = {job_key(job, MACHINE) for job in jobs}
    assert len(keys) == len(jobs) == len(set(jobs))


@pytest.mark.parametrize("device", DEVICES, ids=str)
@pytest.mark.parametrize("native", [True, False])
def test_quick_multiplies_at_four_sizes_or_more_in_each_precision(
    device: torch.device, native: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suites, "_is_native", lambda precision: native)
    sizes: dict[Setting, set[Setting]] = {}
    for job in by_name(quick(device), "matmul"):
        sizes.setdefault(job.settings["precision"], set()).add(job.settings["size"])
    assert set(sizes) == {"fp32", "bf16", "fp16"}
    assert min(len(each) for each in sizes.values()) >= 4


def test_large_products_are_left_out_where_the_cpu_has_no_such_instructions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(suites, "_is_native", lambda precision: precision == "fp32")
    largest = {
        precision: max(
            job.settings["size"]
            for job in by_name(quick(CPU), "matmul")
            if job.settings["precision"] == precision
        )
        for precision in ("fp32", "bf16", "fp16")
    }
    assert largest == {"fp32": 2048, "bf16": 512, "fp16": 512}


def test_quick_uses_every_workload_there_is() -> None:
    assert {job.name for job in quick(CPU)} == set(WORKLOADS)


@pytest.mark.parametrize(
    ("task", "axis"), [("news", "vocabulary_size"), ("wordnet-categories", "embedding_size")]
)
def test_quick_learns_each_task_at_five_sizes_and_the_small_ones_from_three_seeds(
    task: str, axis: str
) -> None:
    seeds: dict[Setting, set[Setting]] = {}
    for job in by_name(quick(CPU), "text_classifier"):
        if job.settings["task"] == task:
            seeds.setdefault(job.settings[axis], set()).add(job.settings["seed"])
    assert len(seeds) >= 5
    assert len(seeds[min(seeds)]) >= 3  # type: ignore[type-var]


def test_quick_trains_small_transformers_only_and_the_larger_are_fifty_times_larger() -> None:
    steps = by_name(quick(CPU), "lm_train_step")
    largest = max(job.metrics["parameter_count"] for job in steps)  # type: ignore[union-attr]
    assert len(steps) >= 8
    assert largest <= 2e6
    assert min(job.metrics["parameter_count"] for job in LARGER_STEPS) >= 50 * largest
    assert len(by_name(quick(CPU), "lm_prefill")) >= 3
    assert len(by_name(quick(CPU), "lm_decode")) >= 3


def test_a_key_is_known_before_the_measurement_is_taken() -> None:
    job = Nothing(1)
    assert done([job], set())[0] == [job_key(job, MACHINE)]


def test_what_is_held_is_not_run_again() -> None:
    jobs = [Nothing(number) for number in range(4)]
    held = {job_key(jobs[0], MACHINE), job_key(jobs[2], MACHINE)}
    assert missing(jobs, held, MACHINE) == [jobs[1], jobs[3]]
    keys, events = done([*jobs], held)
    assert keys == [job_key(jobs[1], MACHINE), job_key(jobs[3], MACHINE)]
    assert [job.prepared for job in jobs] == [[], [1], [], [3]]
    assert [type(event) for event in events if not isinstance(event, Advanced)] == [
        Started,
        Finished,
        Started,
        Finished,
    ]
    assert done([*jobs], held | set(keys)) == ([], [])


def test_a_measurement_is_handed_over_before_the_next_begins() -> None:
    jobs = [Nothing(number) for number in range(2)]
    running = run(jobs, set(), BENCH, lambda event: None)
    assert next(running).settings["number"] == 0
    assert jobs[1].prepared == []


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (CannotContinue("No room."), "No room."),
        (RuntimeError("out of memory\nat line 7"), "out of memory"),
        (MemoryError(), "There is not enough memory for it."),
    ],
)
def test_one_failing_job_does_not_stop_the_others(error: Exception, reason: str) -> None:
    jobs = [Nothing(1, error=error), Nothing(2)]
    keys, events = done([*jobs], set())
    assert keys == [job_key(jobs[1], MACHINE)]
    assert [event.reason for event in events if isinstance(event, Failed)] == [reason]


def test_data_that_cannot_be_had_is_asked_for_once() -> None:
    offline = DataUnavailable("No network.")
    jobs = [
        Nothing(1, task="news", error=offline),
        Nothing(2, task="news", error=offline),
        Nothing(3, task="other"),
    ]
    keys, events = done([*jobs], set())
    assert keys == [job_key(jobs[2], MACHINE)]
    assert [event.job for event in events if isinstance(event, Failed)] == jobs[:2]
    assert [job.prepared for job in jobs] == [[1], [], [3]]


def test_a_repetition_has_keys_of_its_own_and_goes_on_where_it_stopped() -> None:
    jobs: list[AnyWorkload] = [Nothing(1), Nothing(2)]
    held = {m.key for m in run(jobs, (), BENCH, lambda event: None)}
    assert next_repetition(jobs, held, MACHINE) == 2
    again = list(run(jobs[:1], held, BENCH, lambda event: None, 2))
    assert [m.repetition_number for m in again] == [2]
    assert held.isdisjoint(m.key for m in again)
    held |= {m.key for m in again}
    assert next_repetition(jobs, held, MACHINE) == 2
    held |= {job_key(jobs[1], MACHINE, 2)}
    assert next_repetition(jobs, held, MACHINE) == 3
