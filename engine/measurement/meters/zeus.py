"""AMD GPUs and Apple processors, read by Zeus where it is installed."""

from __future__ import annotations

import importlib
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import torch

from engine.measurement.meters.base import MeterUnavailable
from engine.measurement.meters.sampling import Sampler, integral, series

MILLIJOULES_PER_JOULE = 1_000.0
MILLIWATTS_PER_WATT = 1_000.0
POWER = "gpu_power_w"
APPLE_PARTS = ("cpu_total_mj", "gpu_mj", "gpu_sram_mj", "dram_mj", "ane_mj")
"""Parts of the chip that do not hold one another."""
REMEDY = "Install it with `pip install 'modelworth[zeus]'`."


class CounterMeter:
    """Energy between two readings of a counter in mJ that Zeus keeps."""

    kind: Literal["measured"] = "measured"

    def __init__(
        self,
        quantity: str,
        description: str,
        counter_mj: Callable[[], float],
        *,
        all_programs: bool,
    ) -> None:
        self.quantity = quantity
        self.description = description
        self.least_time_s = 2.0
        self.sees_all_programs = all_programs
        self._counter_mj = counter_mj
        self.start()

    def start(self) -> None:
        """Read the counter."""
        self._start_mj = self._read_mj()

    def stop(self) -> float:
        """Energy since `start`, J."""
        used_mj = self._read_mj() - self._start_mj
        if used_mj < 0:
            raise MeterUnavailable("The energy counter went back: its driver was reloaded.")
        return used_mj / MILLIJOULES_PER_JOULE

    def _read_mj(self) -> float:
        with _one_sentence():
            return self._counter_mj()


class PowerMeter:
    """Energy of a GPU whose counter Zeus does not trust: its power, sampled and integrated."""

    kind: Literal["measured"] = "measured"
    quantity = "gpu_energy_j"
    least_time_s = 2.0
    sees_all_programs = False

    def __init__(self, description: str, power_mw: Callable[[], float]) -> None:
        self.description = description
        self._power_mw = power_mw
        self._sampler = Sampler(self._reading)
        self._reading()

    def start(self) -> None:
        """Begin to sample."""
        self._sampler.start()

    def stop(self) -> float:
        """Energy since `start`, J."""
        used_j = integral(series(self._sampler.stop(), POWER))
        if self._sampler.died or used_j is None:
            raise MeterUnavailable("The GPU's power could not be read to the end.")
        return used_j

    def _reading(self) -> dict[str, float]:
        with _one_sentence():
            return {POWER: self._power_mw() / MILLIWATTS_PER_WATT}


def open_meter(device: torch.device) -> CounterMeter | PowerMeter:
    """The meter of an AMD GPU, or of the Apple chip that holds this CPU."""
    if device.type == "cuda" and torch.version.hip:
        return amd_meter(_module("zeus.device.gpu"), device.index or 0)
    if device.type in ("cpu", "mps") and platform.system() == "Darwin":
        return apple_meter(_module("zeus.device.soc"))
    raise MeterUnavailable("Zeus is asked for AMD GPUs and Apple processors only.")


def amd_meter(gpus_module: Any, index: int) -> CounterMeter | PowerMeter:
    """The meter of one AMD GPU, numbered as torch does: Zeus heeds HIP_VISIBLE_DEVICES too."""
    with _one_sentence():
        gpu = gpus_module.get_gpus().gpus[index]
        name = gpu.get_name()
        has_counter = gpu.supports_get_total_energy_consumption()
    if has_counter:
        return CounterMeter(
            "gpu_energy_j",
            f"zeus: energy counter of one {name}",
            gpu.get_total_energy_consumption,
            all_programs=False,
        )
    return PowerMeter(f"zeus: sampled power of one {name}, integrated", gpu.get_instant_power_usage)


def apple_meter(soc_module: Any) -> CounterMeter:
    """The meter of an Apple chip: CPU, GPU, memory and neural engine, all programs."""
    with _one_sentence():
        soc = soc_module.get_soc()
        parts = [name for name in APPLE_PARTS if name in soc.get_available_metrics()]
    if not parts:
        raise MeterUnavailable("Zeus sees no energy counter of this processor.")
    names = ", ".join(name.removesuffix("_mj") for name in parts)

    def counter_mj() -> float:
        total = soc.get_total_energy_consumption()
        return float(sum(getattr(total, name) for name in parts))

    return CounterMeter(
        "chip_energy_j", f"zeus: {names}, all programs", counter_mj, all_programs=True
    )


@contextmanager
def _one_sentence() -> Iterator[None]:
    """Whatever Zeus or the vendor's library raises becomes MeterUnavailable."""
    try:
        yield
    except Exception as error:
        raise MeterUnavailable(f"Zeus cannot read this device ({error}).") from error


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MeterUnavailable(f"Zeus, which reads this device, is missing. {REMEDY}") from error
