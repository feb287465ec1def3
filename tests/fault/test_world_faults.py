"""Several processes measured as one, and one of them lost."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

COMMAND = [sys.executable, "-c", "from engine.cli import main; main()", "measure"]
WORLD = [*COMMAND, "--nproc", "2", "--suite", "toy"]
TOY_COUNT = 12
COLLECTIVE_COUNT = 9
PATIENCE_S = 240.0
"""To begin, where other programs use the cores; what is asserted is shorter."""
CLEAR_WITHIN_S = 60.0


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return os.environ | {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'measured.db'}",
        "MODELWORTH_CACHE": str(tmp_path / "cache"),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }


@pytest.fixture
def world(environment: dict[str, str], tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Two processes that have stored a measurement and are still going."""
    process = subprocess.Popen(WORLD, env=environment, stderr=subprocess.PIPE, text=True)
    deadline_s = time.monotonic() + PATIENCE_S
    while not held(tmp_path):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline_s
        time.sleep(0.05)
    yield process
    process.kill()
    process.communicate()


def held(folder: Path) -> list[tuple[str, str]]:
    """Work and settings of each measurement held."""
    path = folder / "measured.db"
    if not path.exists():
        return []
    connection = sqlite3.connect(path, timeout=PATIENCE_S)
    try:
        return list(connection.execute("SELECT workload, settings FROM measurement ORDER BY id"))
    except sqlite3.OperationalError:
        return []
    finally:
        connection.close()


def workers(process: subprocess.Popen[str]) -> dict[int, psutil.Process]:
    """The processes of the world by their rank."""
    children = psutil.Process(process.pid).children(recursive=True)
    ranks = {child: child.environ().get("RANK") for child in children}
    return {int(rank): child for child, rank in ranks.items() if rank is not None}


@pytest.mark.slow
def test_one_process_killed_is_said_at_once_and_nothing_is_half_stored(
    world: subprocess.Popen[str], environment: dict[str, str], tmp_path: Path
) -> None:
    ranks = workers(world)
    assert ranks.keys() == {0, 1}
    killed_at_s = time.monotonic()
    ranks[1].kill()
    _, said = world.communicate(timeout=CLEAR_WITHIN_S)
    assert time.monotonic() - killed_at_s < CLEAR_WITHIN_S
    assert world.returncode == 1
    kept = held(tmp_path)
    assert said.splitlines()[-1] == (
        "Process 1 was ended by SIGKILL; the others were stopped. Where nobody ended it, the "
        "system did, as it does when memory runs out. "
        f"{len(kept)} new measurements are kept; the same command goes on from there."
    )
    assert "Traceback" not in said
    assert not psutil.pid_exists(ranks[0].pid)

    again = subprocess.run(
        [*WORLD, "--json"], env=environment, capture_output=True, text=True, check=False
    )
    assert again.returncode == 0, again.stderr
    summary = json.loads(again.stdout)
    assert (summary["added"], summary["skipped"]) == (TOY_COUNT - len(kept), len(kept))
    everything = held(tmp_path)
    assert everything[: len(kept)] == kept
    assert len(set(everything)) == TOY_COUNT
    fits = {fit["collective"]: fit for fit in summary["fits"]}
    assert fits.keys() == {"all_reduce", "all_gather", "all_to_all"}
    assert sum(fit["point_count"] for fit in fits.values()) == COLLECTIVE_COUNT
    assert all(fit["line"]["latency_s"] > 0 for fit in fits.values())


@pytest.mark.slow
def test_whoever_started_the_world_gone_the_world_goes(world: subprocess.Popen[str]) -> None:
    ranks = workers(world)
    world.send_signal(signal.SIGKILL)
    world.wait()
    _, alive = psutil.wait_procs(ranks.values(), timeout=CLEAR_WITHIN_S)
    assert alive == []
