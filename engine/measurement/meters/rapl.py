"""CPU and memory energy from the processor's own counters, as Linux shows them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from engine.measurement.meters.base import MeterUnavailable

POWERCAP = Path("/sys/class/powercap")
MICROJOULES_PER_JOULE = 1_000_000.0


@dataclass(frozen=True)
class _Zone:
    """One counter: a processor package, or the memory beside it."""

    name: str
    folder: Path
    range_uj: int

    def counter_uj(self) -> int:
        return int((self.folder / "energy_uj").read_text())


class PackageEnergyMeter:
    """Energy of the whole processor packages and, where shown, their memory.

    Other programs' work is in it. The counters wrap (after about 20 minutes at
    200 W), which is corrected once per window.

    Source: https://docs.kernel.org/power/powercap/powercap.html
    """

    quantity = "cpu_energy_j"
    kind: Literal["measured"] = "measured"
    least_time_s = 0.2
    sees_all_programs = True

    def __init__(self, folder: Path = POWERCAP) -> None:
        try:
            self._zones = [zone for zone in _zones(folder) if _is_counted(zone.name)]
        except (OSError, ValueError) as error:
            raise MeterUnavailable(_sentence(folder, error)) from error
        if not self._zones:
            raise MeterUnavailable(f"{folder} holds no intel-rapl package on this machine.")
        names = ", ".join(zone.name for zone in self._zones)
        self.description = f"rapl: {names}, all programs"
        self._folder = folder
        self.start()

    def start(self) -> None:
        """Read the counters."""
        self._start_uj = self._counters_uj()

    def stop(self) -> float:
        """Energy since `start`, J, all counters together."""
        used_uj = 0
        readings = zip(self._zones, self._start_uj, self._counters_uj(), strict=True)
        for zone, start_uj, end_uj in readings:
            wrapped_uj = zone.range_uj if end_uj < start_uj else 0
            used_uj += end_uj - start_uj + wrapped_uj
        return used_uj / MICROJOULES_PER_JOULE

    def _counters_uj(self) -> list[int]:
        try:
            return [zone.counter_uj() for zone in self._zones]
        except (OSError, ValueError) as error:
            raise MeterUnavailable(_sentence(self._folder, error)) from error


def open_meter(device: torch.device) -> PackageEnergyMeter:
    """The meter of this machine's processors, for work that runs on them."""
    if device.type != "cpu":
        raise MeterUnavailable("The work runs on the GPU, which the processor does not meter.")
    return PackageEnergyMeter()


def _zones(folder: Path) -> list[_Zone]:
    # Packages are intel-rapl:0, their parts intel-rapl:0:0; other zones there (mmio) repeat them.
    return [
        _Zone(
            name=(path / "name").read_text().strip(),
            folder=path,
            range_uj=int((path / "max_energy_range_uj").read_text()),
        )
        for path in sorted(folder.glob("intel-rapl:*"))
    ]


def _is_counted(name: str) -> bool:
    # "core" and "uncore" are inside the package; "psys" holds the package itself.
    return name.startswith("package") or name == "dram"


def _sentence(folder: Path, error: Exception) -> str:
    return (
        f"The processor's energy counters in {folder} cannot be read ({error}). "
        "To allow it: sudo chmod -R a+r /sys/class/powercap/intel-rapl:*"
    )
