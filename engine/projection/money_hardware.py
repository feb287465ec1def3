"""What an hour of the hardware costs: rented, or owned with capital, space and staff."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache

import numpy as np

from engine import catalogue
from engine.catalogue.schema import CloudPrice, Pricing
from engine.projection import cost, energy
from engine.projection.hardware import Device, accelerator_fact
from engine.projection.spread import spread
from engine.projection.working import assumed, chosen, derive, source_record, unknown
from engine.records import Estimate
from engine.scenario import Scenario
from engine.units import Float

RENT_RANGE_PERCENT = (5.0, 95.0)
COMMITTED: frozenset[Pricing] = frozenset({"reserved_1y", "reserved_3y"})
"""Rents that are owed for the whole term, used or not."""


def pays_idle_hours(scenario: Scenario) -> bool:
    """Whether hours that training hardware waits are paid: one's own, and reserved."""
    return scenario.ownership == "owned" or scenario.pricing in COMMITTED


def paid_training_hours(scenario: Scenario, device_hours: Estimate) -> Estimate:
    """Device-hours to pay for training: those worked, and idle ones where they are paid."""
    if not pays_idle_hours(scenario):
        return device_hours
    return derive(
        cost.owned_hours,
        device_hours=device_hours,
        owned_use_share=choice_or(scenario.owned_use_share, "owned_use_share"),
    )


def choice_or(choice: Float | None, assumption: str) -> Estimate:
    """What the user chose, else what is assumed."""
    return assumed(assumption) if choice is None else chosen(choice)


def usd_per_device_hour(scenario: Scenario, device: Device) -> Estimate:
    """Rent of a device, or capital to recover, for one hour."""
    if scenario.ownership == "owned":
        return _capital(scenario, device)
    if scenario.usd_per_device_hour is not None:
        return chosen(scenario.usd_per_device_hour)
    return rent(device, scenario.pricing)


def rent(device: Device, pricing: Pricing) -> Estimate:
    """What sellers ask for an hour of the device."""
    if device.accelerator_id is None:
        return unknown(f"nobody is known to rent out {device.name}")
    return published_rent(device.accelerator_id, pricing)


@cache
def newest_rents(accelerator_id: str, pricing: Pricing) -> dict[str, CloudPrice]:
    """Newest rent of each seller and region."""
    newest: dict[str, CloudPrice] = {}
    for price in catalogue.cloud_prices(accelerator_id):
        if price.pricing == pricing:
            newest.setdefault(f"{price.provider} {price.region}".strip(), price)
    return newest


@cache
def published_rent(accelerator_id: str, pricing: Pricing) -> Estimate:
    """Usual rent; under other terms than on demand by what the same sellers take off."""
    ratio = None if pricing == "on_demand" else _price_ratio(accelerator_id, pricing)
    on_demand = _median_rent(accelerator_id, "on_demand")
    if ratio is None or not on_demand.known:
        return _median_rent(accelerator_id, pricing)
    return derive(
        cost.usd_per_device_hour_under_terms,
        on_demand_usd_per_device_hour=on_demand,
        price_ratio=ratio,
    )


@cache
def _median_rent(accelerator_id: str, pricing: Pricing) -> Estimate:
    """Median of the newest rent of each seller and region, with the range of nine in ten."""
    newest = newest_rents(accelerator_id, pricing)
    if not newest:
        return unknown(f"no {pricing} rent is on record for {accelerator_id}")
    sellers = {seller: _rent(price) for seller, price in sorted(newest.items())}
    return _middle(derive(cost.median_usd_per_device_hour, **sellers), sellers)


def _rent(price: CloudPrice) -> Estimate:
    source = source_record(price.source, price.as_of)
    return Estimate(price.usd_per_device_hour, "published", source=source, note=price.note)


def _middle(median: Estimate, listed: Mapping[str, Estimate]) -> Estimate:
    values = [float(e.value) for e in listed.values() if e.value is not None]
    if len(values) == 1:
        return spread(median, "device_price_ratio")
    low, high = np.percentile(values, RENT_RANGE_PERCENT)
    return median._replace(low=float(low), high=float(high))


def _price_ratio(accelerator_id: str, pricing: Pricing) -> Estimate | None:
    """Price over that on demand of the same seller, best of the same list; None without any."""
    newest = newest_rents(accelerator_id, pricing)
    on_demand = newest_rents(accelerator_id, "on_demand")
    listed = {s: (p, o) for s, p in newest.items() if (o := _of_the_same_list(p)) is not None}
    listed = listed or {s: (p, on_demand[s]) for s, p in newest.items() if s in on_demand}
    if not listed:
        return None
    ratios = {
        seller: derive(
            cost.price_ratio,
            usd_per_device_hour=_rent(price),
            on_demand_usd_per_device_hour=_rent(plain),
        )
        for seller, (price, plain) in sorted(listed.items())
    }
    return _middle(derive(cost.median_price_ratio, **ratios), ratios)


def _of_the_same_list(price: CloudPrice) -> CloudPrice | None:
    wanted = (price.provider, price.region, price.as_of, price.source)
    return next(
        (
            p
            for p in catalogue.cloud_prices(price.accelerator)
            if p.pricing == "on_demand" and (p.provider, p.region, p.as_of, p.source) == wanted
        ),
        None,
    )


def price_date(scenario: Scenario, device: Device) -> date | None:
    """Day the newest price on record that was taken held; None where none is, or none is dated."""
    if device.accelerator_id is None:
        return None
    if scenario.ownership == "owned":
        typed = scenario.usd_per_device is not None
        return None if typed else _purchase_date(device.accelerator_id)
    typed = scenario.usd_per_device_hour is not None
    return None if typed else _rent_date(device.accelerator_id, scenario.pricing)


def _purchase_date(accelerator_id: str) -> date | None:
    found = catalogue.accelerator(accelerator_id)
    fact = found.server_price_usd or found.price_usd
    return None if fact is None else fact.as_of


@cache
def _rent_date(accelerator_id: str, pricing: Pricing) -> date | None:
    known = [p.as_of for p in newest_rents(accelerator_id, pricing).values() if p.as_of]
    return max(known, default=None)


def device_life_years(scenario: Scenario) -> Estimate:
    """Years over which hardware is paid off and used up."""
    return choice_or(scenario.device_life_years, "device_life_years")


def _capital(scenario: Scenario, device: Device) -> Estimate:
    return derive(
        cost.owned_usd_per_device_hour,
        purchase_usd=purchase(scenario, device),
        recovered_share_per_year=derive(
            cost.recovered_share_per_year,
            discount_share_per_year=chosen(scenario.discount_share_per_year),
            device_life_years=device_life_years(scenario),
            residual_share=chosen(scenario.residual_share),
        ),
    )


def upkeep_usd_per_device_hour(scenario: Scenario, device: Device) -> Estimate:
    """Maintenance, space and staff of an owned device for one hour."""
    return derive(
        cost.upkeep_usd_per_device_hour,
        purchase_usd=purchase(scenario, device),
        maintenance_share_per_year=choice_or(
            scenario.maintenance_share_per_year, "maintenance_share_per_year"
        ),
        provisioned_power_w=energy.provisioned_power_w(device),
        space_usd_per_kw_month=choice_or(scenario.space_usd_per_kw_month, "space_usd_per_kw_month"),
        staff_usd_per_device_per_year=choice_or(
            scenario.staff_usd_per_device_per_year, "staff_usd_per_device_per_year"
        ),
    )


def purchase(scenario: Scenario, device: Device) -> Estimate:
    """Price of a device with its part of the server; of the whole where it is a computer."""
    if scenario.usd_per_device is None:
        return _published_purchase(device)
    return chosen(scenario.usd_per_device)


def _published_purchase(device: Device) -> Estimate:
    if device.accelerator_id is None or device.is_whole_machine:
        return device.fact("price_usd")
    return _catalogued_purchase(device.accelerator_id)


@cache
def _catalogued_purchase(accelerator_id: str) -> Estimate:
    with_server = _printed_price(accelerator_id, "server_price_usd")
    if with_server.known:
        return with_server
    return _with_server(_printed_price(accelerator_id, "price_usd"))


def _printed_price(accelerator_id: str, field: str) -> Estimate:
    found = accelerator_fact(accelerator_id, field)
    if found is None:
        return unknown(f"no {field} is known for {accelerator_id}")
    return spread(found, "device_price_ratio")


def _with_server(price: Estimate) -> Estimate:
    return derive(
        cost.purchase_usd,
        usd_per_device=price,
        server_price_ratio=assumed("server_price_ratio"),
    )
