"""Peak memory a workload needs beyond what was there before it."""

from __future__ import annotations

import ctypes
import functools
import gc
import sys
from pathlib import Path

import torch

from engine.measurement.meters.base import Meter, MeterUnavailable

BYTES_PER_KIB = 1_024.0
PROCESS = Path("/proc/self")
RESET_PEAK = "5"
"""What `clear_refs` takes to forget the peak: https://docs.kernel.org/filesystems/proc.html"""
MANY_MODULES = 100


class ResidentMemoryMeter:
    """Growth of this process's resident memory to its peak (Linux)."""

    quantity = "peak_memory_bytes"

    def __init__(self, folder: Path = PROCESS) -> None:
        self._folder = folder
        self.start()

    def start(self) -> None:
        """Hand free memory back, forget the peak, note what is in use."""
        _return_free_memory()
        try:
            (self._folder / "clear_refs").write_text(RESET_PEAK)
            self._start_bytes = self._peak_bytes()
        except OSError as error:
            raise MeterUnavailable(f"Peak memory cannot be read here ({error}).") from error

    def stop(self) -> float:
        """Peak since `start` less what was in use then, bytes."""
        try:
            return self._peak_bytes() - self._start_bytes
        except OSError as error:
            raise MeterUnavailable(f"Peak memory cannot be read here ({error}).") from error

    def _peak_bytes(self) -> float:
        for line in (self._folder / "status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * BYTES_PER_KIB
        raise MeterUnavailable("This kernel does not show a process's peak memory.")


class GpuMemoryMeter:
    """Peak of what torch allocated on one GPU, less what it held before."""

    quantity = "peak_gpu_memory_bytes"

    def __init__(self, device: torch.device) -> None:
        self._device = device

    def start(self) -> None:
        """Forget the peak, note what is allocated."""
        _collect()
        torch.cuda.reset_peak_memory_stats(self._device)
        self._start_bytes = torch.cuda.memory_allocated(self._device)

    def stop(self) -> float:
        """Peak since `start` less what was allocated then, bytes."""
        return float(torch.cuda.max_memory_allocated(self._device) - self._start_bytes)


def open_meter(device: torch.device) -> Meter | None:
    """The memory meter for work on `device`; None where no peak is shown."""
    if device.type == "cuda":
        return GpuMemoryMeter(device)
    try:
        return ResidentMemoryMeter()
    except MeterUnavailable:
        return None


def _return_free_memory() -> None:
    """Without this, one workload's freed memory hides the next one's need."""
    _collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


def _collect() -> None:
    gc.collect()
    _set_aside(len(sys.modules) // MANY_MODULES)


@functools.cache
def _set_aside(loaded: int) -> None:  # noqa: ARG001
    """Once for so many modules: each look through all of them takes 0.1 to 0.2 s."""
    gc.freeze()
