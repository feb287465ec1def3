"""CPU, memory and disk traffic of this process and of the machine around it."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psutil

PERCENT = 100.0


@dataclass(frozen=True)
class _Seen:
    """One look."""

    at_s: float
    own_cpu_s: float
    busy_cpu_s: float
    read_bytes: int | None
    written_bytes: int | None
    clock_mhz: float | None


class ProcessObserver:
    """What psutil tells of a window: this process's share of the machine, others' share, traffic.

    Two looks and no thread, so that nothing runs beside what is timed. Traffic is what
    reached the disk, not what caches answered. Where a system does not tell something, its
    name is missing.
    """

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._core_count = psutil.cpu_count() or 1
        self._before = self._look()

    def start(self) -> None:
        """Look for the first time."""
        self._before = self._look()

    def stop(self) -> Mapping[str, float]:
        """What happened since `start`."""
        before, after = self._before, self._look()
        core_s = (after.at_s - before.at_s) * self._core_count
        seen: dict[str, float] = {}
        if core_s > 0:
            own_s = after.own_cpu_s - before.own_cpu_s
            other_s = after.busy_cpu_s - before.busy_cpu_s - own_s
            seen["cpu_use_share"] = min(1.0, own_s / core_s)
            seen["other_cpu_use_share"] = min(1.0, max(0.0, other_s / core_s))
        seen |= _growth(before, after)
        seen["resident_bytes"] = float(self._process.memory_info().rss)
        seen["machine_memory_use_share"] = psutil.virtual_memory().percent / PERCENT
        with suppress(AttributeError, OSError):
            seen["load_average_end"] = os.getloadavg()[0]
        if before.clock_mhz and after.clock_mhz:
            seen["cpu_clock_mhz"] = after.clock_mhz
            seen["cpu_clock_change_share"] = after.clock_mhz / before.clock_mhz - 1.0
        return seen

    def _look(self) -> _Seen:
        own, traffic = self._process.cpu_times(), _traffic(self._process)
        return _Seen(
            at_s=time.perf_counter(),
            own_cpu_s=own.user + own.system,
            busy_cpu_s=_busy_s(psutil.cpu_times()),
            read_bytes=None if traffic is None else traffic.read_bytes,
            written_bytes=None if traffic is None else traffic.write_bytes,
            clock_mhz=_clock_mhz(),
        )


def _growth(before: _Seen, after: _Seen) -> dict[str, float]:
    grown: dict[str, float] = {}
    if before.read_bytes is not None and after.read_bytes is not None:
        grown["read_bytes"] = float(after.read_bytes - before.read_bytes)
    if before.written_bytes is not None and after.written_bytes is not None:
        grown["written_bytes"] = float(after.written_bytes - before.written_bytes)
    return grown


def _busy_s(times: Any) -> float:
    """CPU time of all programs; a guest's is in `user` already, waiting is not work."""
    idle = times.idle + getattr(times, "iowait", 0.0)
    guests = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)
    return float(sum(times) - idle - guests)


def _traffic(process: psutil.Process) -> Any:
    try:
        return process.io_counters()
    except (AttributeError, psutil.Error, OSError):
        return None


def _clock_mhz() -> float | None:
    try:
        frequency = psutil.cpu_freq()
    except (NotImplementedError, OSError, RuntimeError):
        return None
    return frequency.current if frequency and frequency.current > 0 else None
