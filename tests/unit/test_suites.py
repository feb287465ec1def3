"""Suites ask for enough, ask once, and go on where a database stops."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import ClassVar

import pytest
import torch

from engine.measurement import suites, topics
from engine.measurement.archives import DataUnavailable
from engine.measurement.bench import Bench, Plan
from engine.measurement.coverage import STAGES, cells, coverage
from engine.measurement.events import Advanced, Event, Failed, Finished, Started
from engine.measurement.families import FAMILIES
from engine.measurement.families.base import Recipe
from engine.measurement.levers import LEVERS
from engine.measurement.levers import topics as levers
from engine.measurement.recipes import data_of
from engine.measurement.stages import STAGES as STAGE_KINDS
from engine.measurement.stages import Prepare, Train
from engine.measurement.suites import (
    LARGER_STEPS,
    SUITES,
    job_key,
    missing,
    next_repetition,
    quick,
    run,
    standard,
)
from engine.measurement.workloads import WORKLOADS
from engine.measurement.workloads.base import AnyWorkload
from engine.records import BadInput, CannotContinue, Machine, Measurement, Setting
from tests.families import Points, add_points

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
    monkeypatch.setattr(suites, "is_native", lambda device, precision: native)
    sizes: dict[Setting, set[Setting]] = {}
    for job in by_name(quick(device), "matmul"):
        sizes.setdefault(job.settings["precision"], set()).add(job.settings["size"])
    assert set(sizes) == {"fp32", "bf16", "fp16"}
    assert min(len(each) for each in sizes.values()) >= 4


def test_large_products_are_left_out_where_the_cpu_has_no_such_instructions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(suites, "is_native", lambda device, precision: precision == "fp32")
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
        (BadInput("No such numbers here."), "No such numbers here."),
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


@pytest.mark.parametrize("device", DEVICES, ids=str)
@pytest.mark.parametrize("suite", ["standard", "full"])
def test_the_larger_suites_have_every_stage_of_every_size_of_every_family(
    suite: str, device: torch.device
) -> None:
    asked = cells(SUITES[suite](device))
    wanted = {
        (family.name, stage, None if stage == "prepare" else size)
        for family in FAMILIES.values()
        for size in family.sizes
        for stage in STAGES
    }
    assert wanted <= {(cell.family, cell.stage, cell.size) for cell in asked}
    assert {cell.domain for cell in asked} == {"text", "vision", "recommendation"}


def test_every_family_has_five_sizes_or_more() -> None:
    assert len(FAMILIES) == 8
    assert min(len(set(family.sizes)) for family in FAMILIES.values()) >= 5


def test_a_suite_measures_enough_of_its_steps_twice_to_know_the_machine() -> None:
    jobs = quick(CPU)
    again = by_name(jobs, "revisit")
    assert jobs[-len(again) :] == again
    assert len(again) >= 19
    works = {(job.name, *sorted(job.settings.items())) for job in jobs}
    for job in again:
        settings = dict(job.settings)
        assert (settings.pop("of"), *sorted(settings.items())) in works
    assert [job.flop_per_step for job in again] == [job.work.flop_per_step for job in again]


def test_standard_is_quick_and_more_and_full_is_standard_and_more() -> None:
    quick_jobs, standard_jobs, full_jobs = (
        {job_key(job, MACHINE) for job in SUITES[name](CPU)}
        for name in ("quick", "standard", "full")
    )
    assert quick_jobs < standard_jobs < full_jobs


def test_standard_uses_every_stage_and_lever() -> None:
    assert set(STAGE_KINDS) | set(LEVERS) <= {job.name for job in standard(CPU)}


def test_what_others_need_comes_before_them() -> None:
    order = {name: place for place, name in enumerate(STAGES)}
    met: dict[object, int] = {}
    for job in topics.lifecycle(CPU):
        life = (job.settings["family"], job.settings.get("size"))
        assert order[job.name] >= met.get(life, 0)
        met[life] = order[job.name]


def test_settings_are_varied_one_at_a_time_in_each_domain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topics, "is_native", lambda device, precision: precision != "fp16")
    monkeypatch.setattr(topics, "can_compile", lambda: True)
    base = Recipe("image-resnet", 4)
    changed = [
        {name for name in ("optimiser", "activation", "precision", "compiled")
         if getattr(recipe, name) != getattr(base, name)}
        for recipe in topics.variations(base, CPU)
    ]  # fmt: skip
    assert all(len(names) == 1 for names in changed)
    counts = {name: changed.count({name}) for name in set().union(*changed)}
    assert counts == {"optimiser": 3, "activation": 3, "precision": 1, "compiled": 1}
    varied = {FAMILIES[base.family].domain for base in levers.CHANGED}
    assert varied == {family.domain for family in FAMILIES.values()}


@pytest.fixture
def points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Points:
    """A whole suite of one tiny family."""
    monkeypatch.setenv("MODELWORTH_CACHE", str(tmp_path))
    monkeypatch.setattr("engine.measurement.stages.infer.TIMED_S", 0.001)
    monkeypatch.setattr("engine.measurement.stages.infer.FEWEST_TIMED", 2)
    monkeypatch.setattr(topics, "EXPORT_FORMATS", ("torch_export",))
    monkeypatch.setattr(topics, "LOAD_FORMATS", ("weights",))
    monkeypatch.setattr(topics, "RUNTIMES", ("torch",))
    family = add_points(monkeypatch)
    for name in [name for name in FAMILIES if name != family.name]:
        monkeypatch.delitem(FAMILIES, name)
    monkeypatch.setattr(Points, "sizes", (2, 3))
    return family


def tiny_suite() -> list[AnyWorkload]:
    return topics.collected((topics.lifecycle, topics.cross_validation), CPU)


def test_stopped_at_ten_random_moments_it_ends_with_the_same_set(points: Points) -> None:
    jobs, random = tiny_suite(), Random(3)
    bench = replace(BENCH, brief_plan=BENCH.plan)
    held: list[Measurement] = []
    for _ in range(10):
        left_count = random.randrange(1, 12)

        def until_stopped(event: Event) -> None:
            nonlocal left_count
            left_count -= 1
            if left_count == 0:
                raise KeyboardInterrupt

        with suppress(KeyboardInterrupt):
            held.extend(run(jobs, {m.key for m in held}, bench, until_stopped))
    held.extend(run(jobs, {m.key for m in held}, bench, lambda event: None))
    assert sorted(m.key for m in held) == sorted(job_key(job, MACHINE) for job in jobs)
    assert coverage(held, cells(jobs)).is_complete


def test_a_family_without_its_data_fails_and_the_rest_goes_on(
    points: Points, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(self: Points) -> None:
        raise DataUnavailable("No network.")

    monkeypatch.setattr(Points, "raw", offline)
    data_of.cache_clear()
    events: list[Event] = []
    jobs: list[AnyWorkload] = [Prepare("points", "clean"), Train(Recipe("points", 2)), Nothing(1)]
    assert [m.workload for m in run(jobs, (), BENCH, events.append)] == ["nothing"]
    failed = [event for event in events if isinstance(event, Failed)]
    assert [(event.job.name, event.reason) for event in failed] == [
        ("prepare", "No network."),
        ("train", "No network."),
    ]
    assert len([event for event in events if isinstance(event, Started)]) == 2
