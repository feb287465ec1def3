"""The bill of one stage: its energy, carbon and money."""

from __future__ import annotations

from engine.projection import cost
from engine.projection.carbon import operational_kgco2e
from engine.projection.energy import facility_energy_kwh
from engine.projection.site import Site
from engine.projection.working import derive
from engine.records import Bill, Estimate


def bill(
    site: Site,
    it_energy_kwh: Estimate,
    hardware: Estimate,
    storage_usd: Estimate,
    network_usd: Estimate,
) -> Bill:
    """Energy, carbon and money of one stage."""
    facility = derive(facility_energy_kwh, it_energy_kwh=it_energy_kwh, pue=site.pue)
    electricity = site.electricity_in_rent or derive(
        cost.electricity_usd, facility_energy_kwh=facility, usd_per_kwh=site.usd_per_kwh
    )
    return Bill(
        it_energy_kwh=it_energy_kwh,
        facility_energy_kwh=facility,
        carbon_kgco2e=derive(
            operational_kgco2e,
            facility_energy_kwh=facility,
            bought_kgco2e_per_kwh=site.bought_kgco2e_per_kwh,
        ),
        hardware_usd=hardware,
        electricity_usd=electricity,
        storage_usd=storage_usd,
        network_usd=network_usd,
        cost_usd=derive(
            cost.cost_usd,
            hardware_usd=hardware,
            electricity_usd=electricity,
            storage_usd=storage_usd,
            network_usd=network_usd,
        ),
    )
