"""Every meter; the best one for a device is the first that opens."""

from __future__ import annotations

from collections.abc import Callable

import torch

from engine.measurement.meters import estimate, nvml, rapl, zeus
from engine.measurement.meters.base import EnergyMeter, Meter, MeterUnavailable, Observer

METERS: tuple[Callable[[torch.device], EnergyMeter], ...] = (
    nvml.open_meter,
    zeus.open_meter,
    rapl.open_meter,
    estimate.open_meter,
)
"""How to open each energy meter, surest first."""


def energy_meter(device: torch.device) -> EnergyMeter | None:
    """The surest energy meter this machine has for `device`; None leaves energy unknown."""
    for open_meter in METERS:
        try:
            return open_meter(device)
        except MeterUnavailable:
            continue
    return None


__all__ = ["METERS", "EnergyMeter", "Meter", "MeterUnavailable", "Observer", "energy_meter"]
