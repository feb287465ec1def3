"""Measuring started from the dashboard: one at a time, stopped, killed, taken up again."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dashboard import measuring
from dashboard.measuring import Status

TOY_COUNT = 9
PATIENCE_S = 120.0


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("MODELWORTH_CACHE", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'measured.db'}")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    yield
    measuring.stop()
    for child in measuring._started:
        child.wait(PATIENCE_S)


def until(what: Callable[[Status], bool]) -> Status:
    deadline_s = time.monotonic() + PATIENCE_S
    while not what(now := measuring.status()):
        assert time.monotonic() < deadline_s, now.log
        time.sleep(0.05)
    return now


def has_measured(count: int) -> Callable[[Status], bool]:
    return lambda now: now.progress.measured_count >= count


def is_over(now: Status) -> bool:
    return now.state != "running"


def keys(folder: Path) -> list[str]:
    connection = sqlite3.connect(folder / "measured.db")
    try:
        return [key for (key,) in connection.execute("SELECT key FROM measurement ORDER BY id")]
    finally:
        connection.close()


def test_nothing_was_ever_started() -> None:
    assert measuring.status().state == "never"
    measuring.stop()
    assert measuring.status().state == "never"


@pytest.mark.slow
def test_a_run_is_watched_to_its_end(tmp_path: Path) -> None:
    measuring.start("toy")
    seen = until(has_measured(1))
    assert seen.state == "running"
    assert seen.run is not None
    assert seen.run.suite == "toy"
    assert (seen.progress.all_count, seen.progress.left_count) == (TOY_COUNT, TOY_COUNT)
    assert 0.0 < seen.progress.done_share < 1.0
    end = until(is_over)
    assert (end.state, end.progress.measured_count, end.progress.done_share) == (
        "done", TOY_COUNT, 1.0,
    )  # fmt: skip
    assert f"Added {TOY_COUNT} measurements" in end.log
    assert len(keys(tmp_path)) == TOY_COUNT


@pytest.mark.slow
def test_stopped_it_keeps_what_it_took_and_goes_on_from_there(tmp_path: Path) -> None:
    measuring.start("toy")
    until(has_measured(2))
    measuring.stop()
    end = measuring.status()
    assert end.state == "stopped"
    held = keys(tmp_path)
    assert 2 <= len(held) < TOY_COUNT
    assert "Traceback" not in end.log
    measuring.start("toy")
    end = until(is_over)
    assert end.state == "done"
    assert end.progress.measured_count == TOY_COUNT - len(held)
    assert keys(tmp_path)[: len(held)] == held
    assert len(set(keys(tmp_path))) == TOY_COUNT


@pytest.mark.slow
def test_a_killed_run_is_seen_as_such_and_is_not_in_the_way(tmp_path: Path) -> None:
    measuring.start("toy")
    seen = until(has_measured(1))
    assert seen.run is not None
    os.kill(seen.run.pid, signal.SIGKILL)
    end = until(is_over)
    assert end.state == "died"
    held = keys(tmp_path)
    measuring.start("toy")
    end = until(is_over)
    assert end.state == "done"
    assert end.progress.measured_count == TOY_COUNT - len(held)


@pytest.mark.slow
def test_two_cannot_measure_at_once_and_the_first_is_not_disturbed() -> None:
    measuring.start("toy")
    until(has_measured(1))
    first = measuring.status().run
    with pytest.raises(measuring.Busy, match="being measured already"):
        measuring.start("quick")
    assert measuring.status().run == first
    measuring.stop()
    assert measuring.status().state == "stopped"


@pytest.mark.slow
def test_it_outlives_the_program_that_started_it() -> None:
    program = "from dashboard import measuring; measuring.start('toy')"
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True)
    until(has_measured(1))
    measuring.stop()
    assert measuring.status().state == "stopped"


def test_one_that_does_not_listen_is_killed_with_all_it_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deaf = (
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], close_fds=False)\n"
        "print('deaf', flush=True)\n"
        "time.sleep(60)"
    )
    monkeypatch.setattr(measuring, "_command", lambda *_: [sys.executable, "-c", deaf])
    measuring.start("toy")
    until(lambda now: "deaf" in now.log)
    measuring.stop(patience_s=0.2)
    assert measuring.status().state == "died"


def test_the_lock_of_orphans_is_freed_by_stopping(monkeypatch: pytest.MonkeyPatch) -> None:
    parent = (
        "import os, subprocess, sys\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'],"
        " close_fds=False)\n"
        "os._exit(1)"
    )
    monkeypatch.setattr(measuring, "_command", lambda *_: [sys.executable, "-c", parent])
    measuring.start("toy")
    measuring._started[-1].wait(PATIENCE_S)
    assert measuring.status().state == "running"
    measuring.stop(patience_s=0.2)
    assert measuring.status().state == "died"


def test_a_number_that_means_another_process_by_now_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as other:
        measuring.folder().mkdir()
        measuring._remember(measuring.Run("toy", 1, False, other.pid, 1.0, "2026-01-01T00:00:00"))
        with measuring._locked():
            measuring.stop(patience_s=0.1)
        assert other.poll() is None
        other.kill()


def test_a_folder_that_cannot_be_made_is_said_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MODELWORTH_CACHE", str(tmp_path / "file"))
    with pytest.raises(measuring.CannotContinue, match="Set MODELWORTH_CACHE"):
        measuring.start("toy")
