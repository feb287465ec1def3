"""This machine as a record, and how busy it is."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import psutil
import pynvml
import torch

from engine.measurement.meters import nvml
from engine.records import Machine

CPU_INFO = Path("/proc/cpuinfo")
MEMORY_GRAIN_BYTES = 2**28
"""Kernels keep a little for themselves, more or less at each start; the record must not change."""
MILLIWATTS_PER_WATT = 1_000.0


def best_device() -> torch.device:
    """The first GPU torch can use, else the CPU."""
    return torch.device("cuda", 0) if torch.cuda.is_available() else torch.device("cpu")


def this_machine(device: torch.device | None = None) -> Machine:
    """What a measurement on `device` depends on; the GPUs only where the work runs on one."""
    device = device or best_device()
    has_gpu = device.type == "cuda"
    logical_core_count = psutil.cpu_count() or 1
    return Machine(
        cpu_name=cpu_name(),
        physical_core_count=psutil.cpu_count(logical=False) or logical_core_count,
        logical_core_count=logical_core_count,
        memory_bytes=_rounded(psutil.virtual_memory().total),
        operating_system=operating_system(),
        python_version=platform.python_version(),
        torch_version=torch.__version__,
        thread_count=torch.get_num_threads(),
        gpu_names=_gpu_names() if has_gpu else (),
        gpu_memory_bytes=_gpu_memory_bytes(device) if has_gpu else None,
        gpu_power_cap_w=_gpu_power_cap_w(device) if has_gpu else None,
        gpu_driver_version=_gpu_driver_version() if has_gpu else None,
    )


def load_average() -> float | None:
    """Programs wanting a core over the last minute; None where the system does not say."""
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):
        return None


def cpu_name(cpu_info: Path = CPU_INFO) -> str:
    """What the processor calls itself."""
    try:
        lines = cpu_info.read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        label, _, value = line.partition(":")
        if label.strip() == "model name":
            return " ".join(value.split())
    return platform.processor() or platform.machine()


def operating_system() -> str:
    """System, first two parts of its release, architecture: patches do not make a new machine."""
    release = ".".join(platform.release().split(".")[:2])
    return f"{platform.system()} {release} {platform.machine()}"


def _rounded(memory_bytes: int) -> int:
    return round(memory_bytes / MEMORY_GRAIN_BYTES) * MEMORY_GRAIN_BYTES


def _gpu_names() -> tuple[str, ...]:
    return tuple(torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count()))


def _gpu_memory_bytes(device: torch.device) -> int:
    return int(torch.cuda.get_device_properties(device).total_memory)


def _gpu_power_cap_w(device: torch.device) -> float | None:
    try:
        gpu = nvml.handle(nvml.uuid_of(device))
        return float(pynvml.nvmlDeviceGetEnforcedPowerLimit(gpu)) / MILLIWATTS_PER_WATT
    except pynvml.NVMLError:
        return None


def _gpu_driver_version() -> str | None:
    try:
        pynvml.nvmlInit()
        return str(pynvml.nvmlSystemGetDriverVersion())
    except pynvml.NVMLError:
        return None
