"""The bill of one stage: its energy, carbon, water and money."""

from __future__ import annotations

from dataclasses import dataclass

from engine.projection import cost
from engine.projection.carbon import location_kgco2e, operational_kgco2e
from engine.projection.energy import (
    facility_energy_kwh,
    network_energy_kwh,
    with_network_kwh,
)
from engine.projection.site import NO_CARBON_PRICE, RENT_HOLDS_IT, Site
from engine.projection.water import water_litres
from engine.projection.working import assumed, derive, nothing
from engine.records import Bill, Estimate

NOT_SPOT = nothing("nothing is rented at spot prices")
STORED_APART = nothing("what is kept has its own stage")
NO_TRAFFIC = nothing("this stage sends nothing out")
NO_UPKEEP = nothing(RENT_HOLDS_IT)


@dataclass(frozen=True, slots=True)
class Used:
    """What a stage uses up, before the site's prices."""

    it_energy_kwh: Estimate
    embodied_kgco2e: Estimate
    hardware_usd: Estimate
    upkeep_usd: Estimate = NO_UPKEEP
    interruption_usd: Estimate = NOT_SPOT
    storage_usd: Estimate = STORED_APART
    network_usd: Estimate = NO_TRAFFIC
    network_bytes: Estimate | None = None
    """Sent through networks whose electricity is in the price of the traffic."""


def bill(site: Site, used: Used) -> Bill:
    """Energy, carbon, water and money of one stage."""
    own = derive(facility_energy_kwh, it_energy_kwh=used.it_energy_kwh, pue=site.pue)
    drawn, facility = used.it_energy_kwh, own
    if used.network_bytes is not None:
        drawn = _with_network(used.it_energy_kwh, used.network_bytes)
        facility = derive(facility_energy_kwh, it_energy_kwh=drawn, pue=site.pue)
    bought = derive(
        operational_kgco2e,
        facility_energy_kwh=facility,
        bought_kgco2e_per_kwh=site.bought_kgco2e_per_kwh,
    )
    money = {
        "hardware_usd": used.hardware_usd,
        "interruption_usd": used.interruption_usd,
        "upkeep_usd": used.upkeep_usd,
        "electricity_usd": _electricity(site, own),
        "storage_usd": used.storage_usd,
        "network_usd": used.network_usd,
        "carbon_usd": _carbon(site, bought, used.embodied_kgco2e),
    }
    return Bill(
        it_energy_kwh=drawn,
        facility_energy_kwh=facility,
        carbon_kgco2e=bought,
        location_carbon_kgco2e=derive(
            location_kgco2e,
            facility_energy_kwh=facility,
            grid_kgco2e_per_kwh=site.grid_kgco2e_per_kwh,
        ),
        embodied_kgco2e=used.embodied_kgco2e,
        water_litres=derive(
            water_litres,
            it_energy_kwh=drawn,
            water_litres_per_it_kwh=site.water_litres_per_it_kwh,
        ),
        **money,
        cost_usd=derive(cost.cost_usd, **money),
    )


def _with_network(it_energy: Estimate, network_bytes: Estimate) -> Estimate:
    carried = derive(
        network_energy_kwh,
        network_bytes=network_bytes,
        network_energy_kwh_per_gb=assumed("network_energy_kwh_per_gb"),
    )
    return derive(with_network_kwh, it_energy_kwh=it_energy, network_energy_kwh=carried)


def _electricity(site: Site, facility: Estimate) -> Estimate:
    return site.electricity_in_rent or derive(
        cost.electricity_usd, facility_energy_kwh=facility, usd_per_kwh=site.usd_per_kwh
    )


def _carbon(site: Site, bought: Estimate, embodied: Estimate) -> Estimate:
    if site.carbon_usd_per_tonne is None:
        return NO_CARBON_PRICE
    return derive(
        cost.carbon_usd,
        carbon_kgco2e=bought,
        embodied_kgco2e=embodied,
        carbon_usd_per_tonne=site.carbon_usd_per_tonne,
    )
