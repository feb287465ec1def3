"""Carbon of making the hardware, spread over the hours it is kept."""

from __future__ import annotations

from engine.projection.hardware import Device
from engine.projection.working import assumed, derive
from engine.records import Estimate
from engine.units import HOURS_PER_YEAR, Float

BYTES_PER_TB = 1e12


def embodied_kgco2e_per_device_hour(
    embodied_kgco2e_per_device: Float, device_life_years: Float
) -> Float:
    """Carbon of making a device with its part of the server, for each hour of its life.

    Source: ITU-T L.1410; spread evenly over the life, as the GHG Protocol's ICT guidance allows,
    https://ghgprotocol.org/guidance-built-ghg-protocol
    """
    return embodied_kgco2e_per_device / (device_life_years * HOURS_PER_YEAR)


def embodied_kgco2e(paid_device_hours: Float, embodied_kgco2e_per_device_hour: Float) -> Float:
    """Carbon of making what some hours use up; idle hours of one's own use it up as well."""
    return paid_device_hours * embodied_kgco2e_per_device_hour


def storage_embodied_kgco2e(
    kept_bytes: Float, embodied_kgco2e_per_tb_month: Float, horizon_months: Float
) -> Float:
    """Carbon of making the disks that keep bytes over the horizon."""
    return kept_bytes / BYTES_PER_TB * embodied_kgco2e_per_tb_month * horizon_months


def per_device_hour(device: Device, device_life_years: Estimate) -> Estimate:
    """Carbon of making the scenario's device, for each hour of its life."""
    whole = "machine" if device.is_whole_machine else "device"
    return derive(
        embodied_kgco2e_per_device_hour,
        embodied_kgco2e_per_device=assumed(f"embodied_kgco2e_per_{whole}"),
        device_life_years=device_life_years,
    )
