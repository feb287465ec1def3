"""What a set of measurements holds, lacks, and should not have."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from engine.measurement.coverage import Cell, Flaw, cells, coverage
from engine.records import Machine, Measurement

MACHINE = Machine("a CPU", 2, 4, 2**34, "Linux 6.1 x86_64", "3.11.7", "2.13.0", 2)


@dataclass(frozen=True)
class Job:
    name: str
    settings: dict[str, Any]


def measurement(workload: str, size: int | None = 2, **changed: Any) -> Measurement:
    settings: dict[str, Any] = {"domain": "text", "family": "bag"}
    if size is not None:
        settings["size"] = size
    settings |= changed.pop("settings", {})
    values: dict[str, Any] = {
        "machine": MACHINE,
        "workload": workload,
        "settings": settings,
        "method_version": "1",
        "code_version": "0.1.0",
        "taken_at": datetime(2026, 1, 31, tzinfo=UTC),
        "time_s": 0.002,
        "time_low_s": 0.002,
        "time_high_s": 0.002,
        "repeat_times_s": (0.002,),
        "cpu_time_s": 0.004,
        "energy_j": 0.1,
        "energy_kind": "estimated",
    }
    return Measurement(**values | changed)


def cell(stage: str, size: int | None = 2) -> Cell:
    return Cell("text", "bag", stage, size)


def test_without_a_suite_every_stage_of_every_size_met_is_expected() -> None:
    seen = coverage([measurement("prepare", None), measurement("train"), measurement("train", 4)])
    assert seen.held == {cell("prepare", None): 1, cell("train"): 1, cell("train", 4): 1}
    assert seen.lacking == {
        cell(stage, size): 1 for stage in ("evaluate", "export", "load", "infer") for size in (2, 4)
    }
    assert not seen.is_complete


def test_a_suite_says_how_many_a_cell_should_have() -> None:
    jobs = [
        Job("load", {"domain": "text", "family": "bag", "size": 2, "cold": cold})
        for cold in (False, True)
    ]
    assert cells(jobs) == Counter({cell("load"): 2})
    one = coverage([measurement("load", settings={"cold": False})], cells(jobs))
    assert (one.lacking, one.is_complete) == ({cell("load"): 1}, False)
    both = [measurement("load", settings={"cold": cold}) for cold in (False, True)]
    assert coverage(both, cells(jobs)).is_complete


def test_a_repetition_counts_once_and_the_newest_is_judged() -> None:
    bad = measurement("train", metrics={"loss_nats": float("nan")})
    good = replace(bad, metrics={"loss_nats": 1.0}, repetition_number=2)
    seen = coverage([good, bad], Counter({cell("train"): 1}))
    assert seen.held == {cell("train"): 1}
    assert seen.is_complete


def test_other_work_has_no_cell() -> None:
    assert coverage([measurement("matmul"), measurement("federate")]).held == {}
    assert cells([Job("train", {"size": 2})]) == {}


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"metrics": {"loss_nats": float("nan")}}, "loss_nats is not a number"),
        ({"cpu_time_s": float("inf")}, "cpu_time_s is not a number"),
        ({"energy_j": 0.0}, "energy_j is not above 0"),
        ({"energy_kind": None}, "energy_j does not say whether it was measured or estimated"),
    ],
)
def test_flaws_are_named(changed: dict[str, Any], what: str) -> None:
    flawed = measurement("train", **changed)
    assert coverage([flawed]).flaws == (Flaw(flawed.key, what),)


def test_unknown_energy_is_no_flaw() -> None:
    assert coverage([measurement("train", energy_j=None, energy_kind=None)]).flaws == ()
