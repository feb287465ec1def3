"""Reading and writing a real file: the storage a data loader and a checkpoint meet."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import ClassVar

import torch

from engine.measurement.archives import cache_folder, cannot_write
from engine.measurement.workloads.base import settings_of
from engine.records import CannotContinue, Setting

BLOCK_BYTES = 2**20
ASKED_TIMES = 7
"""Of a system that now and then keeps, or drops, what it should not, the majority is the same."""


@dataclass(frozen=True)
class StorageRead:
    """Read a file of `size_bytes` from start to end, in blocks of 1 MiB."""

    name: ClassVar[str] = "storage_read"

    size_bytes: int
    cold: bool
    """Whether the system forgets the file before each read; otherwise it comes from memory."""

    @property
    def settings(self) -> dict[str, Setting]:
        """Size, and whether the read was cold."""
        return settings_of(self)

    @property
    def flop_per_step(self) -> None:
        """Reading computes nothing."""
        return

    @property
    def moved_bytes_per_step(self) -> float:
        """The file, once."""
        return float(self.size_bytes)

    def prepare(self, device: torch.device) -> Callable[[], object]:  # noqa: ARG002
        """A file on the disk, and a block to read it into."""
        file = _File(self.size_bytes)
        file.write()
        return _Step(file, file.read_cold if self.cold else file.read)


@dataclass(frozen=True)
class StorageWrite:
    """Write a file of `size_bytes` over and wait until the disk has it."""

    name: ClassVar[str] = "storage_write"

    size_bytes: int

    @property
    def settings(self) -> dict[str, Setting]:
        """The size."""
        return settings_of(self)

    @property
    def flop_per_step(self) -> None:
        """Writing computes nothing."""
        return

    @property
    def moved_bytes_per_step(self) -> float:
        """The file, once."""
        return float(self.size_bytes)

    def prepare(self, device: torch.device) -> Callable[[], object]:  # noqa: ARG002
        """An open file, and a random block that no disk can squeeze."""
        file = _File(self.size_bytes)
        return _Step(file, file.write)


class _Step:
    """One pass over the file; `close` removes it."""

    def __init__(self, file: _File, one_pass: Callable[[], None]) -> None:
        self._one_pass = one_pass
        self.close = file.close

    def __call__(self) -> None:
        self._one_pass()


class _File:
    """A file of fixed name beside the data sets: what a killed run left is written over."""

    def __init__(self, size_bytes: int) -> None:
        self._size_bytes = size_bytes
        self._path = cache_folder() / f"storage-{size_bytes}.bin"
        self._block = memoryview(bytearray(os.urandom(min(size_bytes, BLOCK_BYTES))))
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("w+b", buffering=0)
        except OSError as error:
            raise CannotContinue(cannot_write(self._path.parent, error)) from error

    def write(self) -> None:
        try:
            self._file.seek(0)
            for offset in range(0, self._size_bytes, len(self._block)):
                self._file.write(self._block[: self._size_bytes - offset])
            os.fsync(self._file.fileno())
        except OSError as error:
            self.close()
            raise CannotContinue(cannot_write(self._path.parent, error)) from error

    def read(self) -> None:
        self._file.seek(0)
        while self._file.readinto(self._block):
            pass

    def read_cold(self) -> None:
        os.posix_fadvise(self._file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        self.read()

    def close(self) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)


def forget(path: Path) -> None:
    """Have the system forget the file, so that reading it meets the disk."""
    with path.open("rb") as file:
        # Only what the disk already has can be forgotten.
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def can_read_cold() -> bool:
    """Whether the system can be made to forget a file there, so that reads meet the disk.

    Memory file systems cannot, and some systems have no such call.
    """
    if not (hasattr(os, "posix_fadvise") and hasattr(os, "RWF_NOWAIT")):
        return False
    return _forgets(cache_folder())


@cache
def _forgets(folder: Path) -> bool:
    """Asked once: all that one suite lists must mean the same."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Without a name: two programs may ask at once, and a killed one leaves nothing.
        with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
            file.write(os.urandom(BLOCK_BYTES))
            os.fsync(file.fileno())
            forgotten = [_is_forgotten(file.fileno()) for _ in range(ASKED_TIMES)]
    except OSError:
        return False
    return sum(forgotten) > ASKED_TIMES // 2


def _is_forgotten(descriptor: int) -> bool:
    """Whether a block just read leaves the memory when the system is told to forget it."""
    os.pread(descriptor, BLOCK_BYTES, 0)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    try:
        os.preadv(descriptor, [bytearray(BLOCK_BYTES)], 0, os.RWF_NOWAIT)
    except BlockingIOError:
        return True
    return False
