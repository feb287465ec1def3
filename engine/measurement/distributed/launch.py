"""Starts a world under `torchrun` and hands on what it reports, as it comes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.measurement.distributed.world import PATIENCE_S
from engine.measurement.version import SOURCE
from engine.records import CannotContinue

TORCHRUN = "engine.measurement.distributed.torchrun"
WORKER = "engine.measurement.distributed.worker"
POLL_S = 0.1
SHUTDOWN_S = 5
"""For the processes that are left, when one is gone."""


@dataclass(frozen=True)
class Launch:
    """What is asked of `torchrun` and of its workers."""

    process_count: int
    """On this computer."""
    suite: str
    thread_count: int
    machine_thread_count: int
    only: Sequence[str] = ()
    again: bool = False
    rendezvous: Sequence[str] = field(default=("--standalone",))
    """`torchrun`'s own flags for meeting: `--nnodes 2 --rdzv-backend c10d ...`."""


def events(launch: Launch, held: Collection[str]) -> Iterator[dict[str, Any]]:
    """Every line the first process reports; empty on computers that do not have it.

    Args:
        launch: what to start.
        held: keys of measurements that need not be taken again.

    Raises:
        CannotContinue: a process was lost or failed; says which, and why.
    """
    with tempfile.TemporaryDirectory(prefix="modelworth-") as name:
        folder = Path(name)
        report, failure, log = folder / "report", folder / "failure", folder / "log"
        report.touch()
        (folder / "held").write_text(json.dumps(sorted(held)))
        with log.open("wb") as said, report.open(encoding="utf-8") as told:
            process = _start(launch, folder, said.fileno())
            try:
                yield from _lines(told, process)
            finally:
                _stop(process)
        if process.returncode != 0:
            raise CannotContinue(_sentence(failure, log))


def _start(launch: Launch, folder: Path, log: int) -> subprocess.Popen[bytes]:
    command = [
        sys.executable, "-m", TORCHRUN, str(folder / "failure"),
        "--nproc-per-node", str(launch.process_count),
        "--shutdown-timeout", str(SHUTDOWN_S),
        *launch.rendezvous,
        "-m", WORKER,
        "--suite", launch.suite, "--held", str(folder / "held"),
        "--report", str(folder / "report"), "--threads", str(launch.thread_count),
        "--machine-threads", str(launch.machine_thread_count),
        *(word for name in launch.only for word in ("--only", name)),
        *(["--again"] if launch.again else []),
    ]  # fmt: skip
    paths = os.pathsep.join(filter(None, (str(SOURCE), os.environ.get("PYTHONPATH"))))
    environment = os.environ | {
        "OMP_NUM_THREADS": str(launch.thread_count),
        "PYTHONPATH": paths,
    }
    return subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.PIPE, stdout=log, stderr=log, env=environment
    )


def _lines(told: Any, process: subprocess.Popen[bytes]) -> Iterator[dict[str, Any]]:
    """Whole lines only: one that a killed process left unfinished is no report."""
    part = ""
    while True:
        has_ended = process.poll() is not None
        part += told.read()
        *whole, part = part.split("\n")
        for line in whole:
            yield json.loads(line)
        if has_ended:
            return
        if not whole:
            time.sleep(POLL_S)


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(2 * SHUTDOWN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _sentence(failure: Path, log: Path) -> str:
    if not failure.exists():
        lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
        last = lines[-1].strip().rstrip(".") if lines else "it said nothing"
        return f"torchrun could not go on: {last}. Check the rendezvous flags and the network."
    cause = json.loads(failure.read_text())
    if cause["signal"] is not None:
        return (
            f"Process {cause['rank']} was ended by {cause['signal']}; the others were stopped. "
            "Where nobody ended it, the system did, as it does when memory runs out."
        )
    reason = str(cause["message"]).partition("\n")[0].rstrip(".")
    return (
        f"Process {cause['rank']} failed: {reason}. If it lost another process, "
        f"look on that one's computer; each waits {PATIENCE_S:g} s for the others."
    )
