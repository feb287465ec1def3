"""Where the hardware stands: price, carbon and water of its electricity, and its prices an hour."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from engine import catalogue
from engine.projection import carbon, cost, embodied, energy, money_hardware, water
from engine.projection.hardware import Device
from engine.projection.money_hardware import choice_or
from engine.projection.spread import spread
from engine.projection.working import chosen, derive, known_fact, nothing, unknown
from engine.records import Estimate
from engine.scenario import Scenario
from engine.units import Float

RENT_HOLDS_IT = "the rent holds it"
NO_CARBON_PRICE = nothing("no price is put on carbon")

SPREADS = {
    "price_usd_per_kwh": "tariff_ratio",
    "carbon_kgco2e_per_kwh": "grid_carbon_ratio",
    "water_litres_per_kwh": "grid_water_ratio",
}
"""How far what holds on a site lies from what is printed for its place."""


@dataclass(frozen=True, slots=True)
class Site:
    """What every stage's bill is worked out with."""

    usd_per_device_hour: Estimate
    upkeep_usd_per_device_hour: Estimate | None
    """None where the rent holds it."""
    usd_per_kwh: Estimate
    electricity_in_rent: Estimate | None
    """A 0 with its reason where the rent already holds the electricity."""
    grid_kgco2e_per_kwh: Estimate
    bought_kgco2e_per_kwh: Estimate
    embodied_kgco2e_per_device_hour: Estimate
    water_litres_per_it_kwh: Estimate
    carbon_usd_per_tonne: Estimate | None
    """None where carbon has no price."""
    pue: Estimate

    def hardware(self, paid_device_hours: Estimate) -> Estimate:
        """Rent, or capital recovered, for some device-hours."""
        return derive(
            cost.hardware_usd,
            paid_device_hours=paid_device_hours,
            usd_per_device_hour=self.usd_per_device_hour,
        )

    def upkeep(self, paid_device_hours: Estimate) -> Estimate:
        """Maintenance, space and staff for some device-hours."""
        if self.upkeep_usd_per_device_hour is None:
            return nothing(RENT_HOLDS_IT)
        return derive(
            cost.upkeep_usd,
            paid_device_hours=paid_device_hours,
            upkeep_usd_per_device_hour=self.upkeep_usd_per_device_hour,
        )

    def embodied(self, paid_device_hours: Estimate) -> Estimate:
        """Carbon of making what some device-hours use up."""
        return derive(
            embodied.embodied_kgco2e,
            paid_device_hours=paid_device_hours,
            embodied_kgco2e_per_device_hour=self.embodied_kgco2e_per_device_hour,
        )


def site(scenario: Scenario, device: Device) -> Site:
    """Prices, carbon, water and PUE of a scenario."""
    is_cloud = scenario.ownership == "cloud"
    grid = _place_fact(scenario.carbon_kgco2e_per_kwh, scenario.place, "carbon_kgco2e_per_kwh")
    pue = choice_or(scenario.pue, "pue_cloud" if is_cloud else "pue_owned")
    price = scenario.carbon_usd_per_tonne
    return Site(
        usd_per_device_hour=money_hardware.usd_per_device_hour(scenario, device),
        upkeep_usd_per_device_hour=(
            None if is_cloud else money_hardware.upkeep_usd_per_device_hour(scenario, device)
        ),
        usd_per_kwh=_tariff(scenario),
        electricity_in_rent=nothing(RENT_HOLDS_IT) if is_cloud else None,
        grid_kgco2e_per_kwh=grid,
        bought_kgco2e_per_kwh=derive(
            carbon.bought_kgco2e_per_kwh,
            grid_kgco2e_per_kwh=grid,
            renewable_share=chosen(scenario.renewable_share),
        ),
        embodied_kgco2e_per_device_hour=embodied.per_device_hour(
            device, money_hardware.device_life_years(scenario)
        ),
        water_litres_per_it_kwh=_water(scenario, pue),
        carbon_usd_per_tonne=None if price is None else chosen(price),
        pue=pue,
    )


def _tariff(scenario: Scenario) -> Estimate:
    common = _place_fact(scenario.electricity_usd_per_kwh, scenario.place, "price_usd_per_kwh")
    if scenario.renewable_usd_per_kwh is None:
        return common
    return derive(
        energy.mixed_usd_per_kwh,
        usd_per_kwh=common,
        renewable_usd_per_kwh=chosen(scenario.renewable_usd_per_kwh),
        renewable_share=chosen(scenario.renewable_share),
    )


def _water(scenario: Scenario, pue: Estimate) -> Estimate:
    where = "cloud" if scenario.ownership == "cloud" else "owned"
    return derive(
        water.water_litres_per_it_kwh,
        site_water_litres_per_kwh=choice_or(
            scenario.site_water_litres_per_kwh, f"site_water_{where}_litres_per_kwh"
        ),
        grid_water_litres_per_kwh=_published_place_fact(scenario.place, "water_litres_per_kwh"),
        pue=pue,
    )


def _place_fact(choice: Float | None, place_id: str, field: str) -> Estimate:
    return chosen(choice) if choice is not None else _published_place_fact(place_id, field)


@cache
def _published_place_fact(place_id: str, field: str) -> Estimate:
    place = catalogue.place(place_id)
    fact = getattr(place, field)
    if fact is None:
        return unknown(f"no {field} is known for {place.name}")
    return spread(known_fact(fact, place.sources), SPREADS[field])
