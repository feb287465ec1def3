"""Which jobs were begun and never ended: one that takes the whole process down goes last."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import platformdirs

FILE = "attempts.json"
Job = TypeVar("Job")


def attempts_path() -> Path:
    """Where it is noted: MODELWORTH_ATTEMPTS, else the user's data folder."""
    chosen = os.environ.get("MODELWORTH_ATTEMPTS", "").strip()
    folder = platformdirs.user_data_path("modelworth", appauthor=False)
    return Path(chosen) if chosen else folder / FILE


class Attempt:
    """Notes the job under way; what takes the process down leaves the note behind."""

    def __init__(self) -> None:
        self._key: str | None = None

    def begin(self, key: str) -> None:
        """The job before has ended, this one begins."""
        self.end()
        found = _read()
        _write(found | {key: found.get(key, 0) + 1})
        self._key = key

    def end(self) -> None:
        """The job has ended, well or badly."""
        if self._key is not None:
            _write({name: count for name, count in _read().items() if name != self._key})
            self._key = None

    def __enter__(self) -> Attempt:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


def unlucky_last(jobs: Sequence[Job], key_of: Callable[[Job], str]) -> list[Job]:
    """The jobs in their order, those that were never seen to end last."""
    found = _read()
    return sorted(jobs, key=lambda job: found.get(key_of(job), 0))


def _read() -> dict[str, int]:
    try:
        found = json.loads(attempts_path().read_text(encoding="utf-8"))
        return {str(key): int(count) for key, count in found.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def _write(found: dict[str, int]) -> None:
    # Only the order of jobs depends on it: a folder that cannot be written is no reason to stop.
    path = attempts_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(f".{os.getpid()}")
        beside.write_text(json.dumps(found), encoding="utf-8")
        beside.replace(path)
    except OSError:
        return
