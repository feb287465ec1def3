"""Each plain workload does the work it says, at toy size."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
import torch

from engine.measurement.workloads import (
    WORKLOADS,
    Matmul,
    MemoryCopy,
    MemoryUpdate,
    StorageRead,
    StorageWrite,
)
from engine.measurement.workloads.base import Workload
from engine.measurement.workloads.storage_io import BLOCK_BYTES, can_read_cold
from engine.records import CannotContinue

CPU = torch.device("cpu")
MIB = 2**20


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MODELWORTH_CACHE", str(tmp_path))
    return tmp_path


def test_workloads_are_listed_under_their_names() -> None:
    assert [kind.name for kind in WORKLOADS.values()] == list(WORKLOADS)


@pytest.mark.parametrize(
    ("workload", "settings", "flop", "moved_bytes"),
    [
        (Matmul(4, "fp32"), {"size": 4, "precision": "fp32"}, 128.0, 192.0),
        (Matmul(4, "bf16"), {"size": 4, "precision": "bf16"}, 128.0, 96.0),
        (MemoryCopy(100), {"size_bytes": 100}, None, 200.0),
        (MemoryUpdate(80), {"size_bytes": 80}, 20.0, 120.0),
        (StorageWrite(100), {"size_bytes": 100}, None, 100.0),
        (StorageRead(100, cold=True), {"size_bytes": 100, "cold": True}, None, 100.0),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_settings_arithmetic_and_bytes_are_stated(
    workload: Workload, settings: object, flop: float | None, moved_bytes: float
) -> None:
    assert workload.settings == settings
    assert workload.flop_per_step == flop
    assert workload.moved_bytes_per_step == moved_bytes


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_a_product_is_a_square_matrix_of_its_precision(precision: str) -> None:
    product = Matmul(8, precision).prepare(CPU)()
    assert isinstance(product, torch.Tensor)
    assert product.shape == (8, 8)
    assert (
        product.dtype
        == {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]
    )


def test_a_copy_is_all_there() -> None:
    copied = MemoryCopy(1000).prepare(CPU)()
    assert isinstance(copied, torch.Tensor)
    assert copied.sum() == 1000


def test_a_write_leaves_a_file_of_its_size_until_closed(cache: Path) -> None:
    size_bytes = 2 * MIB + 5
    step = StorageWrite(size_bytes).prepare(CPU)
    for _ in range(2):
        step()
        assert [path.stat().st_size for path in cache.iterdir()] == [size_bytes]
    step.close()  # type: ignore[attr-defined]
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize("cold", [True, False])
def test_a_read_goes_through_the_whole_file(
    cold: bool, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if cold and not hasattr(os, "posix_fadvise"):
        pytest.skip("this system cannot be told to forget a file")
    size_bytes = 3 * MIB + 7
    workload = StorageRead(size_bytes, cold=cold)
    step = workload.prepare(CPU)
    step()
    file = step._one_pass.__self__._file  # type: ignore[attr-defined]
    assert file.tell() == size_bytes
    step.close()  # type: ignore[attr-defined]
    assert list(cache.iterdir()) == []


def test_reads_in_a_file_system_in_memory_are_not_called_cold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    memory = Path("/dev/shm")
    if not memory.is_dir() or not os.access(memory, os.W_OK):
        pytest.skip("no file system in memory here")
    monkeypatch.setenv("MODELWORTH_CACHE", str(memory / f"modelworth-{os.getpid()}"))
    try:
        assert not can_read_cold()
    finally:
        (memory / f"modelworth-{os.getpid()}").rmdir()


@pytest.mark.parametrize("often_cold", [False, True])
def test_one_odd_answer_of_the_system_does_not_change_what_is_measured(
    cache: Path, monkeypatch: pytest.MonkeyPatch, *, often_cold: bool
) -> None:
    answers = iter([not often_cold, *[often_cold] * 10])

    def asked(*_: object) -> int:
        if next(answers):
            raise BlockingIOError
        return BLOCK_BYTES

    monkeypatch.setattr(os, "preadv", asked)
    assert can_read_cold() is often_cold
    assert list(cache.iterdir()) == []


def test_a_full_disk_is_one_sentence_and_leaves_nothing(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    step = StorageWrite(100).prepare(CPU)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CannotContinue, match="No space left on device"):
        step()
    assert list(cache.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_one_sentence(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (cache / "file").write_text("")
    monkeypatch.setenv("MODELWORTH_CACHE", str(cache / "file" / "folder"))
    with pytest.raises(CannotContinue, match="MODELWORTH_CACHE"):
        StorageWrite(100).prepare(CPU)
    assert not can_read_cold()
