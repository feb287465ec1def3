"""GPU energy from the NVIDIA driver, and what else it tells while the work runs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Literal

import pynvml
import torch

from engine.measurement.meters.base import MeterUnavailable
from engine.measurement.meters.sampling import (
    Reading,
    Sample,
    Sampler,
    integral,
    mean_over_time,
    series,
)

MILLIJOULES_PER_JOULE = 1_000.0
MILLIWATTS_PER_WATT = 1_000.0
PERCENT = 100.0
COUNTER_RANGES_MJ = (2**32, 2**64)
"""Where a counter of that many values starts again from 0."""
AGREEMENT_SHARE = 0.1
"""Counter and integrated power are told apart beyond this."""

POWER = "gpu_power_w"


class Gpu:
    """One GPU as the driver knows it; a MIG slice is read through the board that holds it."""

    def __init__(self, uuid: str, driver: Any = pynvml) -> None:
        """Find the board.

        Raises:
            MeterUnavailable: the driver is not loaded, or does not know the GPU.
        """
        self._driver = driver
        try:
            found = handle(uuid, driver)
            self.is_slice = uuid.startswith("MIG-")
            self._board = (
                driver.nvmlDeviceGetDeviceHandleFromMigDeviceHandle(found)
                if self.is_slice
                else found
            )
            self.name = str(driver.nvmlDeviceGetName(self._board))
        except driver.NVMLError as error:
            raise MeterUnavailable(_sentence(error)) from error
        self._readers: dict[str, Callable[[], float]] = {
            POWER: self.power_w,
            "gpu_clock_mhz": lambda: self._clock_mhz(driver.NVML_CLOCK_SM),
            "gpu_memory_clock_mhz": lambda: self._clock_mhz(driver.NVML_CLOCK_MEM),
            "gpu_temperature_celsius": lambda: float(
                driver.nvmlDeviceGetTemperature(self._board, driver.NVML_TEMPERATURE_GPU)
            ),
            "gpu_use_share": lambda: (
                driver.nvmlDeviceGetUtilizationRates(self._board).gpu / PERCENT
            ),
            "gpu_memory_used_bytes": lambda: float(
                driver.nvmlDeviceGetMemoryInfo(self._board).used
            ),
        }

    @property
    def described(self) -> str:
        """The board, and that a slice shares it."""
        shared = ", all its MIG slices" if self.is_slice else ""
        return f"one {self.name} board{shared}"

    def counter_mj(self) -> int:
        """The driver's energy counter.

        Raises:
            MeterUnavailable: the GPU has none, or is gone.
        """
        try:
            return int(self._driver.nvmlDeviceGetTotalEnergyConsumption(self._board))
        except self._driver.NVMLError as error:
            raise MeterUnavailable(_sentence(error)) from error

    def power_w(self) -> float:
        """Power now where the driver has it, else its own running mean (1 s on newer boards)."""
        driver = self._driver
        if hasattr(driver, "NVML_FI_DEV_POWER_INSTANT"):
            with suppress(driver.NVMLError):
                fields = [driver.NVML_FI_DEV_POWER_INSTANT]
                (instant,) = driver.nvmlDeviceGetFieldValues(self._board, fields)
                if instant.nvmlReturn == driver.NVML_SUCCESS:
                    return float(instant.value.uiVal) / MILLIWATTS_PER_WATT
        return float(driver.nvmlDeviceGetPowerUsage(self._board)) / MILLIWATTS_PER_WATT

    def reading(self) -> Reading:
        """Everything it tells now; what it does not support is left out.

        Raises:
            MeterUnavailable: it tells nothing any more.
        """
        values: dict[str, float] = {}
        trouble: Exception | None = None
        for name, read in self._readers.items():
            try:
                values[name] = read()
            except self._driver.NVMLError as error:
                trouble = error
        if trouble is not None and not values:
            raise MeterUnavailable(_sentence(trouble)) from trouble
        return values

    def _clock_mhz(self, kind: int) -> float:
        return float(self._driver.nvmlDeviceGetClockInfo(self._board, kind))


class _GpuMeter:
    """A GPU watched in a thread while a window is open."""

    quantity = "gpu_energy_j"
    kind: Literal["measured"] = "measured"
    least_time_s = 2.0
    sees_all_programs = False

    def __init__(self, gpu: Gpu, sampler: Sampler | None = None) -> None:
        self._gpu = gpu
        self._sampler = sampler or Sampler(gpu.reading)
        self._metrics: dict[str, float] = {}

    @property
    def metrics(self) -> dict[str, float]:
        """Power, clocks, temperature, use and memory of the last window."""
        return self._metrics

    def _samples(self) -> list[Sample]:
        samples = self._sampler.stop()
        self._metrics = _summary(samples)
        return samples


class GpuEnergyMeter(_GpuMeter):
    """Energy of one GPU board, from the driver's own counter (Volta and later).

    The counter moves every 20 to 100 ms, so windows should last seconds. The host,
    its fans and the building are not in it. Sampled power, integrated, stands beside it as
    `gpu_power_to_counter_ratio`; a counter that went back has wrapped only where the two
    agree within 10 %, else its driver was reloaded and the energy is not known.

    Source: nvmlDeviceGetTotalEnergyConsumption, https://docs.nvidia.com/deploy/nvml-api/
    """

    def __init__(self, gpu: Gpu, sampler: Sampler | None = None) -> None:
        super().__init__(gpu, sampler)
        self._start_mj = gpu.counter_mj()
        self.description = f"nvml: energy counter of {gpu.described}"

    def start(self) -> None:
        """Read the counter, begin to sample."""
        self._metrics = {}
        self._start_mj = self._gpu.counter_mj()
        self._sampler.start()

    def stop(self) -> float:
        """Energy since `start`, J."""
        sampled_j = integral(series(self._samples(), POWER))
        used_j = self._counted_j(sampled_j)
        if sampled_j is not None and used_j > 0:
            self._metrics["gpu_power_to_counter_ratio"] = sampled_j / used_j
        return used_j

    def _counted_j(self, sampled_j: float | None) -> float:
        used_mj = self._gpu.counter_mj() - self._start_mj
        if used_mj >= 0:
            return used_mj / MILLIJOULES_PER_JOULE
        for range_mj in COUNTER_RANGES_MJ:
            wrapped_j = (used_mj + range_mj) / MILLIJOULES_PER_JOULE
            if sampled_j is not None and abs(sampled_j - wrapped_j) <= AGREEMENT_SHARE * wrapped_j:
                return wrapped_j
        raise MeterUnavailable("The GPU's energy counter went back: its driver was reloaded.")


class GpuPowerMeter(_GpuMeter):
    """Energy of one GPU board without a counter: its power, read ten times a second, integrated.

    Bursts between two readings are missed; where the driver gives a mean over the last second,
    so is the start of the window.
    """

    def __init__(self, gpu: Gpu, sampler: Sampler | None = None) -> None:
        """Open it.

        Raises:
            MeterUnavailable: the driver does not tell the power either.
        """
        super().__init__(gpu, sampler)
        if POWER not in gpu.reading():
            raise MeterUnavailable(f"The driver tells neither energy nor power of {gpu.described}.")
        self.description = f"nvml: sampled power of {gpu.described}, integrated"

    def start(self) -> None:
        """Begin to sample."""
        self._metrics = {}
        self._sampler.start()

    def stop(self) -> float:
        """Energy since `start`, J."""
        used_j = integral(series(self._samples(), POWER))
        if self._sampler.died or used_j is None:
            raise MeterUnavailable("The GPU's power could not be read to the end.")
        return used_j


def open_meter(device: torch.device) -> GpuEnergyMeter | GpuPowerMeter:
    """The meter of the GPU that torch calls `device`: its counter, else its sampled power."""
    if device.type != "cuda":
        raise MeterUnavailable("The work runs on the CPU, which the GPU driver does not see.")
    return meter_of(_gpu(str(torch.cuda.get_device_properties(device).uuid)))


def meter_of(gpu: Gpu) -> GpuEnergyMeter | GpuPowerMeter:
    """The energy counter where the GPU has one, else its sampled power.

    Raises:
        MeterUnavailable: it tells neither.
    """
    try:
        return GpuEnergyMeter(gpu)
    except MeterUnavailable:
        return GpuPowerMeter(gpu)


def uuid_of(device: torch.device) -> str:
    """The driver's name for a torch device, whose numbering CUDA_VISIBLE_DEVICES may change."""
    return f"GPU-{torch.cuda.get_device_properties(device).uuid}"


def handle(gpu_uuid: str, driver: Any = pynvml) -> Any:
    """The driver's handle of one GPU."""
    driver.nvmlInit()
    return driver.nvmlDeviceGetHandleByUUID(gpu_uuid)


def _gpu(bare_uuid: str) -> Gpu:
    """The GPU of that number: torch does not say whether it is a board or a slice of one."""
    try:
        return Gpu(f"GPU-{bare_uuid}")
    except MeterUnavailable:
        return Gpu(f"MIG-{bare_uuid}")


def _summary(samples: list[Sample]) -> dict[str, float]:
    """Means over the window; the highest where the highest is what matters."""
    names = dict.fromkeys(name for sample in samples for name in sample.values)
    summary: dict[str, float] = {}
    for name in names:
        points = series(samples, name)
        if name in ("gpu_temperature_celsius", "gpu_memory_used_bytes"):
            summary[name] = max(value for _, value in points)
        elif (mean := mean_over_time(points)) is not None:
            summary[name] = mean
    clocks = [value for _, value in series(samples, "gpu_clock_mhz")]
    if len(clocks) > 1 and clocks[0] > 0:
        summary["gpu_clock_change_share"] = clocks[-1] / clocks[0] - 1.0
    return summary


def _sentence(error: Exception) -> str:
    return (
        f"The GPU's energy counter cannot be read ({error}). "
        "It needs a Volta or later NVIDIA GPU with its driver loaded."
    )
