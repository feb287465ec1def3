"""Measuring from the dashboard: a process of its own, one at a time on this machine.

The process holds a lock that the operating system takes back when it ends, however it ends:
two visitors cannot start two, a closed tab or a dashboard that goes away stops nothing, and
a killed process leaves nothing that must be cleared away by hand.
"""

import importlib.util
import ipaddress
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Literal

import psutil

from dashboard.measuring_progress import Progress, progress_of
from engine.measurement.archives import cache_folder
from engine.records import CannotContinue

SUITES = ("toy", "quick", "standard", "full")
State = Literal["never", "running", "done", "stopped", "failed", "died"]

SWITCH = "MODELWORTH_MEASURE"
"""Environment variable: `on` lets every visitor measure, `off` nobody."""
FORWARDED = ("X-Forwarded-For", "X-Real-Ip", "Forwarded")
"""What a proxy adds: then visitors come from elsewhere, whatever address we serve on."""

LOG_TAIL_BYTES = 16_000
LOCK_PATIENCE_S = 1.0
"""A look at the lock holds it for a moment; whoever starts waits that out."""
STOP_PATIENCE_S = 15.0
"""A process asked to end gets so long to keep what it has; then it is killed."""
POLL_S = 0.05
SAME_START_S = 1.0

_started: list["subprocess.Popen[bytes]"] = []
"""Children of this dashboard: looked at now and then, so that none stays as a zombie."""


class Busy(CannotContinue):
    """Measuring runs already."""


@dataclass(frozen=True, slots=True)
class Run:
    """What was started, and how to know its process again."""

    suite: str
    process_count: int
    again: bool
    pid: int
    created_s: float
    """When the system says the process began: numbers of processes are used again."""
    started_at: str
    """UTC, ISO 8601."""


@dataclass(frozen=True, slots=True)
class Status:
    """Where measuring stands."""

    state: State
    run: Run | None
    progress: Progress
    log: str
    """The last of what the process said."""


def allowed(address: str | None, headers: Mapping[str, str], switch: str | None) -> bool:
    """Whether visitors may start measuring: by themselves only those of this machine.

    Args:
        address: what the dashboard serves on; None is every address of the machine.
        headers: of the visitor's request.
        switch: `on` or `off` where the person who serves has decided.
    """
    if switch in ("on", "off"):
        return switch == "on"
    return _is_loopback(address) and not any(name in headers for name in FORWARDED)


def obstacle() -> Literal["torch", "system"] | None:
    """Why nothing can be measured from here at all; None where it can."""
    if importlib.util.find_spec("torch") is None:
        return "torch"
    return None if importlib.util.find_spec("fcntl") else "system"


def folder() -> Path:
    """Where the lock, the progress and the log of the one run lie."""
    return cache_folder() / "measuring"


def status() -> Status:
    """Where measuring stands now, whoever started it."""
    is_running = _is_locked()
    for child in _started[:]:
        if child.poll() is not None:
            _started.remove(child)
    run = _run()
    progress = progress_of(_lines(folder() / "progress.jsonl"))
    return Status(_state(is_running, run, progress), run, progress, _tail(folder() / "log.txt"))


def start(suite: str, *, process_count: int = 1, again: bool = False) -> None:
    """Begin measuring this machine in a process that outlives the page and the dashboard.

    Raises:
        Busy: measuring runs already.
        CannotContinue: the folder cannot be written.
    """
    command = _command(suite, process_count, again)
    try:
        folder().mkdir(parents=True, exist_ok=True)
        with _locked() as lock, (folder() / "log.txt").open("wb") as log:
            (folder() / "progress.jsonl").write_text("", encoding="utf-8")
            child = subprocess.Popen(  # noqa: S603 - our own interpreter, no shell
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=(lock.fileno(),),
                start_new_session=True,
            )
            _started.append(child)
            _remember(Run(suite, process_count, again, child.pid, _created_s(child.pid), _now()))
    except OSError as error:
        raise CannotContinue(
            f"Measuring cannot be started: {error.strerror or error} ({error.filename}). "
            "Set MODELWORTH_CACHE to a folder that can be written."
        ) from error


def stop(patience_s: float = STOP_PATIENCE_S) -> None:
    """End the run, if there is one; what it took is kept, and the same suite goes on from there."""
    run = _run()
    if run is None or not _is_locked():
        return
    process = _process(run)
    if process is not None:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
        if _ended(patience_s):
            return
    elif psutil.pid_exists(run.pid):
        return
    # Its own session, so its group is all that it started. A number that no process has, or
    # ours has, cannot be another group's.
    with suppress(ProcessLookupError):
        os.killpg(run.pid, signal.SIGKILL)
    _ended(patience_s)


def _command(suite: str, process_count: int, again: bool) -> list[str]:
    return [
        sys.executable, "-m", "engine.cli", "measure",
        "--suite", suite,
        "--progress", str(folder() / "progress.jsonl"),
        *(["--nproc", str(process_count)] if process_count > 1 else []),
        *(["--again"] if again else []),
    ]  # fmt: skip


def _state(is_running: bool, run: Run | None, progress: Progress) -> State:
    if is_running:
        return "running"
    if run is None:
        return "never"
    if not progress.has_ended:
        return "died"
    if progress.reason is None:
        return "done"
    return "stopped" if progress.was_stopped else "failed"


@contextmanager
def _locked() -> Iterator[BinaryIO]:
    """The lock's file, held by us and by every process it is passed on to."""
    import fcntl

    with (folder() / "lock").open("ab") as lock:
        until_s = time.monotonic() + LOCK_PATIENCE_S
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until_s:
                    raise Busy(
                        "This machine is being measured already. Wait for it, or stop it first."
                    ) from None
                time.sleep(POLL_S)
        yield lock


def _is_locked() -> bool:
    import fcntl

    try:
        with (folder() / "lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except (FileNotFoundError, NotADirectoryError):
        return False
    return False


def _ended(patience_s: float) -> bool:
    until_s = time.monotonic() + patience_s
    while _is_locked():
        if time.monotonic() > until_s:
            return False
        time.sleep(POLL_S)
    return True


def _remember(run: Run) -> None:
    new = folder() / "run.json.new"
    new.write_text(json.dumps(asdict(run)), encoding="utf-8")
    new.replace(folder() / "run.json")


def _run() -> Run | None:
    try:
        return Run(**json.loads((folder() / "run.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _process(run: Run) -> psutil.Process | None:
    """The run's process, unless its number means another one by now."""
    try:
        process = psutil.Process(run.pid)
        return process if abs(process.create_time() - run.created_s) < SAME_START_S else None
    except psutil.NoSuchProcess:
        return None


def _created_s(pid: int) -> float:
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return 0.0


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return []


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - LOG_TAIL_BYTES))
            return file.read().decode(errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return ""


def _is_loopback(address: str | None) -> bool:
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False
