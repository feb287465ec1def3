"""Making training data out of raw data: bytes, processor time, and their bill."""

from __future__ import annotations

from dataclasses import replace

from engine.projection.billing import Used, bill
from engine.projection.energy import it_energy_kwh
from engine.projection.money_hardware import choice_or
from engine.projection.site import RENT_HOLDS_IT, Site
from engine.projection.sized import Sized
from engine.projection.working import assumed, derive, nothing
from engine.records import Estimate, Preparation
from engine.scenario import Scenario
from engine.units import Float

BYTES_PER_TB = 1e12
IN_RENT = nothing(RENT_HOLDS_IT)
NOT_COUNTED = nothing("processors are shared by many; making them is not counted")


def raw_bytes(dataset_bytes: Float, raw_to_prepared_ratio: Float) -> Float:
    """Bytes of the data before filtering and removing what is there twice."""
    return dataset_bytes * raw_to_prepared_ratio


def core_hours(raw_bytes: Float, preparation_core_hours_per_tb: Float) -> Float:
    """Processor time to prepare the data once."""
    return raw_bytes / BYTES_PER_TB * preparation_core_hours_per_tb


def processors_usd(core_hours: Float, core_usd_per_hour: Float) -> Float:
    """Rent of the processors."""
    return core_hours * core_usd_per_hour


def raw(scenario: Scenario, model: Sized, dataset_bytes: Estimate) -> Estimate:
    """Bytes of the scenario's raw data."""
    return derive(
        raw_bytes,
        dataset_bytes=dataset_bytes,
        raw_to_prepared_ratio=choice_or(
            scenario.raw_to_prepared_ratio, f"raw_to_prepared_{model.known.item}_ratio"
        ),
    )


def preparation_stage(
    scenario: Scenario, model: Sized, site: Site, raw_bytes: Estimate
) -> Preparation:
    """Preparation with its bill, on rented processors whoever owns the accelerators."""
    hours = derive(
        core_hours,
        raw_bytes=raw_bytes,
        preparation_core_hours_per_tb=choice_or(
            scenario.preparation_core_hours_per_tb,
            f"preparation_{model.known.item}_core_hours_per_tb",
        ),
    )
    used = Used(
        it_energy_kwh=derive(
            it_energy_kwh, device_hours=hours, it_power_w=assumed("cpu_core_power_w")
        ),
        embodied_kgco2e=NOT_COUNTED,
        hardware_usd=derive(
            processors_usd, core_hours=hours, core_usd_per_hour=assumed("core_usd_per_hour")
        ),
    )
    return Preparation(
        raw_bytes=raw_bytes,
        core_hours=hours,
        bill=bill(replace(site, electricity_in_rent=IN_RENT), used),
    )
