"""The machine's record: what a measurement depends on, and nothing that wanders."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import pytest
import torch

from engine.measurement import machine
from engine.measurement.machine import cpu_name, load_average, operating_system, this_machine

CPU = torch.device("cpu")


def test_the_record_is_the_same_whatever_else_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    before = this_machine(CPU)
    monkeypatch.setattr(os, "getloadavg", lambda: (99.0, 99.0, 99.0))
    assert this_machine(CPU).fingerprint == before.fingerprint


def test_the_record_says_what_torch_uses() -> None:
    seen = this_machine(CPU)
    assert seen.thread_count == torch.get_num_threads()
    assert seen.torch_version == torch.__version__
    assert seen.python_version == platform.python_version()
    assert 1 <= seen.physical_core_count <= seen.logical_core_count
    assert (seen.gpu_names, seen.gpu_memory_bytes, seen.device_name) == ((), None, seen.cpu_name)


def test_memory_a_kernel_keeps_back_does_not_make_another_machine() -> None:
    assert machine._rounded(16 * 2**30 - 90 * 2**20) == machine._rounded(16 * 2**30) == 16 * 2**30


def test_a_kernel_patch_does_not_make_another_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    releases = []
    for release in ("6.18.2-generic", "6.18.9-generic"):
        monkeypatch.setattr(platform, "release", lambda release=release: release)
        releases.append(operating_system())
    assert releases == ["Linux 6.18 x86_64"] * 2


def test_the_cpu_is_named_as_it_names_itself(tmp_path: Path) -> None:
    listed = tmp_path / "cpuinfo"
    listed.write_text("processor\t: 0\nmodel\t\t: 167\nmodel name\t: AMD  EPYC 9654\n")
    assert cpu_name(listed) == "AMD EPYC 9654"


def test_a_cpu_without_a_name_is_known_by_its_kind(tmp_path: Path) -> None:
    assert cpu_name(tmp_path / "missing") == (platform.processor() or platform.machine())


def test_load_is_unknown_where_the_system_does_not_say(monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported() -> tuple[float, float, float]:
        raise OSError

    monkeypatch.setattr(os, "getloadavg", lambda: (1.5, 2.0, 3.0))
    assert load_average() == 1.5
    monkeypatch.setattr(os, "getloadavg", unsupported)
    assert load_average() is None
