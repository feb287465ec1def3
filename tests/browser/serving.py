"""The dashboard, or another app, in a process of its own on a free port."""

import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.cli.dashboard import served

START_TIMEOUT_S = 60.0


@contextmanager
def serving(
    log: Path, database: str, script: Path | None = None, **environment: str
) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """Its address and process, once it answers; `script` in place of the dashboard's.

    `environment` is added to our own.
    """
    port = free_port()
    command = served("127.0.0.1", port)
    if script is not None:
        command = [str(script) if part.endswith("app.py") else part for part in command]
    with log.open("w") as out:
        server = subprocess.Popen(
            command,
            env={**os.environ, "DATABASE_URL": database, **environment},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/_stcore/health", log)
            yield f"http://127.0.0.1:{port}", server
        finally:
            server.terminate()
            server.wait(timeout=20)


def free_port() -> int:
    """One that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, log: Path) -> None:
    """Return once the app answers.

    Raises:
        TimeoutError: it did not in time, with what it said.
    """
    until = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(f"The app did not start: {log.read_text()}")
