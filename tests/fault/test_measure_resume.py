"""Interrupted in the middle: nothing finished is lost or repeated, and the next run goes on."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.measurement.machine import this_machine
from engine.measurement.suites import job_key, toy

COMMAND = [sys.executable, "-c", "from engine.cli import main; main()", "measure"]
CPU = torch.device("cpu")
TOY_COUNT = 9
PATIENCE_S = 240
"""Where other programs use the cores."""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A database and a cache of our own, one thread, and no way to the network."""
    return os.environ | {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'measured.db'}",
        "MODELWORTH_CACHE": str(tmp_path / "cache"),
        "MODELWORTH_ATTEMPTS": str(tmp_path / "attempts.json"),
        "OMP_NUM_THREADS": "1",
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_RETRIES": "0",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }


def keys(folder: Path) -> list[str]:
    """Keys of the measurements held, in the order they were added."""
    path = folder / "measured.db"
    if not path.exists():
        return []
    connection = sqlite3.connect(path, timeout=PATIENCE_S)
    try:
        return [key for (key,) in connection.execute("SELECT key FROM measurement ORDER BY id")]
    except sqlite3.OperationalError:
        return []
    finally:
        connection.close()


def integrity(folder: Path) -> str:
    connection = sqlite3.connect(folder / "measured.db")
    try:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])
    finally:
        connection.close()


def heed_interrupts() -> None:
    """As at a terminal: a shell lets what it runs in the background ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def begun(environment: dict[str, str], folder: Path, held_count: int) -> subprocess.Popen[str]:
    """A run that has stored that many measurements and is still going."""
    process = subprocess.Popen(
        [*COMMAND, "--suite", "toy"],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,
    )
    deadline_s = time.monotonic() + PATIENCE_S
    while len(keys(folder)) < held_count:
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline_s
        time.sleep(0.02)
    return process


def measured(environment: dict[str, str], *options: str) -> tuple[dict[str, Any], str, int]:
    run = subprocess.run(
        [*COMMAND, "--json", *options],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    return json.loads(run.stdout), run.stderr, run.returncode


KILLED_TEN_TIMES = """
import os, random, signal, sys, time
from engine.cli import main
from engine.measurement import suites  # before the forks, so that each begins at once
from tests.fault.test_measure_resume import Path, keys

random.seed(7)
folder = Path(sys.argv[1])
sys.argv = ["modelworth", "measure", "--suite", "toy"]
for count in (0, 0, 1, 2, 3, 4, 5, 6, 6, 7):
    child = os.fork()
    if child == 0:
        main()
    while len(keys(folder)) < count:
        time.sleep(0.01)
    time.sleep(random.uniform(0.0, 0.4))
    os.kill(child, signal.SIGKILL)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
"""So many measurements later, at a moment nobody chose."""


@pytest.mark.slow
def test_killed_at_ten_random_moments_it_ends_with_the_same_set(
    environment: dict[str, str], tmp_path: Path
) -> None:
    seen: list[list[str]] = []
    command = [sys.executable, "-c", KILLED_TEN_TIMES, str(tmp_path)]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as killing:
        assert killing.stdout is not None
        ends = [(int(line), seen.append(keys(tmp_path)))[0] for line in killing.stdout]
    assert ends == [-signal.SIGKILL] * 10
    held = seen[-1]
    assert 0 < len(held) < TOY_COUNT
    assert all(held[: len(earlier)] == earlier for earlier in seen)

    summary, _, exit_code = measured(environment, "--suite", "toy")
    assert exit_code == 0
    assert (summary["added"], summary["skipped"]) == (TOY_COUNT - len(held), len(held))
    everything = keys(tmp_path)
    assert everything == [*held, *(m["key"] for m in summary["measurements"])]
    machine = replace(this_machine(CPU), thread_count=1)
    assert sorted(everything) == sorted(job_key(job, machine) for job in toy(CPU))
    assert integrity(tmp_path) == "ok"

    summary, said, exit_code = measured(environment, "--suite", "toy")
    assert (summary["added"], summary["skipped"], exit_code) == (0, TOY_COUNT, 0)
    assert said == (
        f"Nothing to do: all {TOY_COUNT} measurements of this machine "
        "are already in the database.\n"
    )
    assert keys(tmp_path) == everything


@pytest.mark.slow
def test_stopped_by_hand_it_says_what_is_kept(environment: dict[str, str], tmp_path: Path) -> None:
    process = begun(environment, tmp_path, held_count=1)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=PATIENCE_S)
    held_count = len(keys(tmp_path))
    assert process.returncode == 1
    assert said.splitlines()[-1] == (
        f"Stopped. {held_count} of {TOY_COUNT} new measurements are kept; "
        "the same command goes on from there."
    )
    assert "Traceback" not in said


def test_without_data_it_says_so_once_and_fails(
    environment: dict[str, str], tmp_path: Path
) -> None:
    summary, said, exit_code = measured(environment, "--only", "text_classifier")
    assert exit_code == 1
    assert summary["added"] == 0
    assert len(summary["failed"]) >= 10
    last = said.splitlines()[-1]
    assert last.startswith(f"0 measurements added, {len(summary['failed'])} could not be taken: ")
    assert "Connect to the network" in last
    assert last.endswith("The same command tries them again.")
    assert "Traceback" not in said


DEADLY = """
import os, signal
from engine.cli import main
from engine.measurement import suites
from engine.measurement.workloads import Matmul

class Deadly(Matmul):
    name = "deadly"
    def prepare(self, device):
        os.kill(os.getpid(), signal.SIGSEGV)

jobs = [Deadly(size=8, precision="fp32"), Matmul(size=8, precision="fp32")]
suites.SUITES["toy"] = lambda device: jobs
main()
"""


def test_what_takes_the_process_down_is_tried_last_the_next_time(
    environment: dict[str, str], tmp_path: Path
) -> None:
    command = [sys.executable, "-c", DEADLY, "measure", "--suite", "toy"]
    ends = [subprocess.run(command, env=environment, check=False).returncode for _ in range(2)]
    assert ends == [-signal.SIGSEGV, -signal.SIGSEGV]
    assert len(keys(tmp_path)) == 1
    assert integrity(tmp_path) == "ok"
