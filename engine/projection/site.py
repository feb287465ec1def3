"""Where the hardware stands and who owns it: prices, carbon and PUE, each as surely as known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from engine import catalogue
from engine.catalogue.schema import CloudPrice, Pricing
from engine.projection import carbon, cost
from engine.projection.hardware import Device
from engine.projection.working import (
    assumed,
    chosen,
    derive,
    known_fact,
    nothing,
    source_record,
    unknown,
)
from engine.records import Estimate
from engine.scenario import Scenario
from engine.units import Float

RENT_RANGE_PERCENT = (5.0, 95.0)


@dataclass(frozen=True, slots=True)
class Site:
    """What every stage's bill is worked out with."""

    usd_per_device_hour: Estimate
    usd_per_kwh: Estimate
    bought_kgco2e_per_kwh: Estimate
    pue: Estimate
    electricity_in_rent: Estimate | None
    """A 0 with its reason where the rent already holds the electricity."""

    def hardware(self, paid_device_hours: Estimate) -> Estimate:
        """Rent, or capital recovered, for some device-hours."""
        return derive(
            cost.hardware_usd,
            paid_device_hours=paid_device_hours,
            usd_per_device_hour=self.usd_per_device_hour,
        )


def site(scenario: Scenario, device: Device) -> Site:
    """Prices, carbon and PUE of a scenario."""
    is_cloud = scenario.ownership == "cloud"
    return Site(
        usd_per_device_hour=_rent(scenario, device) if is_cloud else _capital(scenario, device),
        usd_per_kwh=_place_fact(
            scenario.electricity_usd_per_kwh, scenario.place, "price_usd_per_kwh"
        ),
        bought_kgco2e_per_kwh=derive(
            carbon.bought_kgco2e_per_kwh,
            grid_kgco2e_per_kwh=_place_fact(
                scenario.carbon_kgco2e_per_kwh, scenario.place, "carbon_kgco2e_per_kwh"
            ),
            renewable_share=chosen(scenario.renewable_share),
        ),
        pue=_pue(scenario),
        electricity_in_rent=nothing("the rent holds the electricity") if is_cloud else None,
    )


def paid_training_hours(scenario: Scenario, device_hours: Estimate) -> Estimate:
    """Device-hours to pay for training: those worked, and an owner's idle ones."""
    if scenario.ownership == "cloud":
        return device_hours
    use_share = (
        chosen(scenario.owned_use_share)
        if scenario.owned_use_share is not None
        else assumed("owned_use_share")
    )
    return derive(cost.owned_hours, device_hours=device_hours, owned_use_share=use_share)


def _pue(scenario: Scenario) -> Estimate:
    if scenario.pue is not None:
        return chosen(scenario.pue)
    return assumed("pue_cloud" if scenario.ownership == "cloud" else "pue_owned")


def _place_fact(choice: Float | None, place_id: str, field: str) -> Estimate:
    return chosen(choice) if choice is not None else _published_place_fact(place_id, field)


@cache
def _published_place_fact(place_id: str, field: str) -> Estimate:
    place = catalogue.place(place_id)
    fact = getattr(place, field)
    if fact is None:
        return unknown(f"no {field} is known for {place.name}")
    return known_fact(fact, place.sources)


def _rent(scenario: Scenario, device: Device) -> Estimate:
    if scenario.usd_per_device_hour is not None:
        return chosen(scenario.usd_per_device_hour)
    if device.accelerator_id is None:
        return unknown(f"nobody is known to rent out {device.name}")
    return published_rent(device.accelerator_id, scenario.pricing)


@cache
def published_rent(accelerator_id: str, pricing: Pricing) -> Estimate:
    """Median of the newest rent of each seller and region, with the range of nine in ten."""
    newest: dict[str, CloudPrice] = {}
    for price in catalogue.cloud_prices(accelerator_id):
        if price.pricing == pricing:
            newest.setdefault(f"{price.provider} {price.region}".strip(), price)
    if not newest:
        return unknown(f"no {pricing} rent is on record for {accelerator_id}")
    sellers = {
        seller: Estimate(
            price.usd_per_device_hour,
            "published",
            source=source_record(price.source),
            note=price.note,
        )
        for seller, price in sorted(newest.items())
    }
    rents = [price.usd_per_device_hour for price in newest.values()]
    low, high = np.percentile(rents, RENT_RANGE_PERCENT)
    middle = derive(cost.median_usd_per_device_hour, **sellers)
    return replace(middle, low=float(low), high=float(high))


def _capital(scenario: Scenario, device: Device) -> Estimate:
    life = scenario.device_life_years
    return derive(
        cost.owned_usd_per_device_hour,
        purchase_usd=_purchase(scenario, device),
        recovered_share_per_year=derive(
            cost.capital_recovery_factor,
            discount_share_per_year=chosen(scenario.discount_share_per_year),
            device_life_years=chosen(life) if life is not None else assumed("device_life_years"),
        ),
    )


def _purchase(scenario: Scenario, device: Device) -> Estimate:
    choice = scenario.usd_per_device
    if choice is None:
        with_server = device.fact("server_price_usd")
        if with_server.known:
            return with_server
    price = chosen(choice) if choice is not None else device.fact("price_usd")
    if device.is_whole_machine:
        return price
    return derive(
        cost.purchase_usd,
        usd_per_device=price,
        server_price_ratio=assumed("server_price_ratio"),
    )
