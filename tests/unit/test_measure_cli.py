"""`modelworth measure --compare` and `--coverage`, as typed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import torch
from sqlalchemy import Engine

from db.session import open_database
from db.store import save_measurement
from engine.cli import main
from engine.measurement import suites
from engine.measurement.families.base import Recipe
from engine.measurement.machine import this_machine
from engine.measurement.stages import Evaluate, Train
from engine.measurement.version import METHOD
from engine.measurement.workloads.base import AnyWorkload
from engine.records import Machine, Measurement
from tests.families import Points, add_points

CPU = torch.device("cpu")
MACHINE = Machine("a CPU", 2, 4, 2**34, "Linux 6.1 x86_64", "3.11.7", "2.13.0", 2)
MEASURED = Measurement(
    machine=MACHINE,
    workload="matmul",
    settings={"size": 64},
    method_version="1",
    code_version="0.1.0",
    taken_at=datetime(2026, 3, 29, 12, tzinfo=UTC),
    time_s=0.5,
    time_low_s=0.5,
    time_high_s=0.5,
    repeat_times_s=(0.5,) * 8,
    cpu_time_s=0.5,
)
SLOWER = replace(
    MEASURED, repetition_number=2, time_s=0.75, repeat_times_s=(0.75,) * 8, code_version="0.2.0"
)

Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'measured.db'}")
    opened = open_database()
    yield opened
    opened.dispose()


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["modelworth", "measure", *arguments])
        with pytest.raises(SystemExit) as stopped:
            main()
        printed = capsys.readouterr()
        return int(stopped.value.code or 0), printed.out, " ".join(printed.err.split())

    return run


def test_two_runs_are_compared_row_by_row_and_in_a_sentence(database: Engine, typed: Typed) -> None:
    for measurement in (MEASURED, SLOWER, replace(MEASURED, settings={"size": 128})):
        save_measurement(database, measurement)
    code, out, err = typed("--compare", "run:1", "0.2.0")
    assert code == 0
    assert out == "slower: matmul: 500 ms -> 750 ms, x 1.500 (1.500 to 1.500)\n"
    assert err == (
        "Of 1 measured in both, B (0.2.0) is faster than A (run:1) in 0, slower in 1, the same "
        "within its intervals in 0; 0 were disturbed or repeated too seldom to say. "
        "1 are in A alone, 0 in B alone. "
        f"How far a CPU ({MACHINE.fingerprint}) agrees with itself from run to run is not known, "
        "so a difference called real may be its own doing: measure twice with --again."
    )
    code, out, _ = typed("--compare", "run:1", "run:2", "--json")
    said = json.loads(out)
    assert (said["slower"], said["only_first"], said["pairs"][0]["time_ratio"]) == (1, 1, 1.5)


def test_nothing_to_compare_is_said_with_what_there_is(database: Engine, typed: Typed) -> None:
    assert typed("--compare", "a", "b")[0] == 2
    save_measurement(database, MEASURED)
    code, _, err = typed("--compare", "run:1", "run:9")
    assert code == 2
    assert err.startswith("No measurement is of 'run:9'. There are: machines ")


@pytest.fixture
def suite(monkeypatch: pytest.MonkeyPatch, database: Engine) -> list[AnyWorkload]:
    add_points(monkeypatch)
    jobs: list[AnyWorkload] = [
        kind(Recipe(Points.name, size)) for kind in (Train, Evaluate) for size in (2, 3)
    ]
    monkeypatch.setattr(suites, "SUITES", {"quick": lambda device: jobs})
    return jobs


def held(job: AnyWorkload) -> Measurement:
    here = replace(MEASURED, machine=this_machine(), workload=job.name, settings=job.settings)
    return replace(here, method_version=METHOD)


def test_coverage_says_what_is_lacking_and_fails(
    suite: list[AnyWorkload], database: Engine, typed: Typed
) -> None:
    for job in suite[:3]:
        save_measurement(database, held(job))
    save_measurement(database, MEASURED)
    code, out, err = typed("--coverage")
    assert code == 1
    cells = [line.split() for line in out.splitlines() if Points.name in line]
    assert cells == [["text", "points", "2", "0", "2", "1/2", "0", "0", "0"]]
    assert "Energy of 3 measurements: 3 unknown. Noisy: 0." in " ".join(out.split())
    assert err == (
        "1 of 4 measurements of the suite quick are lacking, in 1 cells of family, size and "
        "stage. To take them: modelworth measure --suite quick."
    )


def test_coverage_of_all_is_complete_and_a_repetition_counts_once(
    suite: list[AnyWorkload], database: Engine, typed: Typed
) -> None:
    for job in suite:
        save_measurement(database, held(job))
    save_measurement(database, replace(held(suite[0]), repetition_number=2))
    code, out, _ = typed("--coverage", "--json")
    said = json.loads(out)
    assert (code, said["is_complete"], said["held"], said["flaws"]) == (0, True, 4, [])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--suite", "quik"), "No suite 'quik'. Known: quick, toy, standard, full."),
        (
            ("--suite", "toy", "--only", "decode"),
            "No workload 'decode' in this suite. "
            "Known: matmul, memory_copy, storage_write, storage_read.",
        ),
    ],
)
def test_an_unknown_suite_or_workload_is_refused_with_what_is_known(
    typed: Typed, options: tuple[str, ...], sentence: str
) -> None:
    assert typed(*options) == (2, "", sentence)
