"""GPU energy from the NVIDIA driver."""

from __future__ import annotations

from typing import Any, Literal

import pynvml
import torch

from engine.measurement.meters.base import MeterUnavailable

MILLIJOULES_PER_JOULE = 1_000.0


class GpuEnergyMeter:
    """Energy of one GPU board, from the driver's own counter (Volta and later).

    The counter moves every 20 to 100 ms, so windows should last seconds. The host,
    its fans and the building are not in it.

    Source: nvmlDeviceGetTotalEnergyConsumption, https://docs.nvidia.com/deploy/nvml-api/
    """

    quantity = "gpu_energy_j"
    kind: Literal["measured"] = "measured"
    least_time_s = 2.0

    def __init__(self, gpu_uuid: str, driver: Any = pynvml) -> None:
        self._driver = driver
        try:
            self._gpu = handle(gpu_uuid, driver)
            name = driver.nvmlDeviceGetName(self._gpu)
        except driver.NVMLError as error:
            raise MeterUnavailable(_sentence(error)) from error
        self.description = f"nvml: energy counter of one {name} board"
        self.start()

    def start(self) -> None:
        """Read the counter."""
        self._start_mj = self._counter_mj()

    def stop(self) -> float:
        """Energy since `start`, J."""
        used_mj = self._counter_mj() - self._start_mj
        if used_mj < 0:
            raise MeterUnavailable("The GPU's energy counter went back: its driver was reloaded.")
        return used_mj / MILLIJOULES_PER_JOULE

    def _counter_mj(self) -> int:
        try:
            return int(self._driver.nvmlDeviceGetTotalEnergyConsumption(self._gpu))
        except self._driver.NVMLError as error:
            raise MeterUnavailable(_sentence(error)) from error


def open_meter(device: torch.device) -> GpuEnergyMeter:
    """The meter of the GPU that torch calls `device`."""
    if device.type != "cuda":
        raise MeterUnavailable("The work runs on the CPU, which the GPU driver does not see.")
    return GpuEnergyMeter(uuid_of(device))


def uuid_of(device: torch.device) -> str:
    """The driver's name for a torch device, whose numbering CUDA_VISIBLE_DEVICES may change."""
    return f"GPU-{torch.cuda.get_device_properties(device).uuid}"


def handle(gpu_uuid: str, driver: Any = pynvml) -> Any:
    """The driver's handle of one GPU."""
    driver.nvmlInit()
    return driver.nvmlDeviceGetHandleByUUID(gpu_uuid)


def _sentence(error: Exception) -> str:
    return (
        f"The GPU's energy counter cannot be read ({error}). "
        "It needs a Volta or later NVIDIA GPU with its driver loaded."
    )
