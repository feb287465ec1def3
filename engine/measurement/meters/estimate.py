"""CPU energy where nothing meters it: CPU time times a stated power per core."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

import torch

from engine import catalogue
from engine.measurement.meters.base import MeterUnavailable

ASSUMPTION = "cpu_core_power_w"


class CpuTimeEnergyMeter:
    """An estimate, never mixed with measured energy: this process's CPU time at one power.

    Idle power, memory and other programs are not in it.
    """

    quantity = "cpu_energy_j"
    kind: Literal["estimated"] = "estimated"
    least_time_s = 0.0
    sees_all_programs = False

    def __init__(
        self, core_power_w: float, source: str, cpu_time_s: Callable[[], float] = time.process_time
    ) -> None:
        self._core_power_w = core_power_w
        self._cpu_time_s = cpu_time_s
        self.description = (
            f"estimate: CPU time of this process x {core_power_w:g} W per busy core ({source})"
        )
        self.start()

    def start(self) -> None:
        """Note the CPU time."""
        self._start_s = self._cpu_time_s()

    def stop(self) -> float:
        """Energy since `start`, J."""
        return (self._cpu_time_s() - self._start_s) * self._core_power_w


def open_meter(device: torch.device) -> CpuTimeEnergyMeter:
    """The estimate at the catalogue's power per core, for work that runs on the CPU."""
    if device.type != "cpu":
        raise MeterUnavailable("CPU time says nothing about the energy of a GPU.")
    power = catalogue.assumption(ASSUMPTION)
    source = power.source.title if power.source else power.reason
    return CpuTimeEnergyMeter(power.value, source)
