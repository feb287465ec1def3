"""Money: rent or capital, electricity, and what they come to."""

from __future__ import annotations

import numpy as np

from engine.elementwise import is_nan, where
from engine.units import HOURS_PER_MONTH, HOURS_PER_YEAR, WATTS_PER_KILOWATT, Float

KG_PER_TONNE = 1e3

FEWEST_COUNT = 1e-9
"""Less than this many requests are none."""


def median_usd_per_device_hour(**usd_per_device_hour: Float) -> Float:
    """Middle of the known sellers' rents for one device and hour."""
    return float(np.median(list(usd_per_device_hour.values())))


def price_ratio(usd_per_device_hour: Float, on_demand_usd_per_device_hour: Float) -> Float:
    """What a seller asks under some terms, over what it asks on demand at that time."""
    return usd_per_device_hour / on_demand_usd_per_device_hour


def median_price_ratio(**price_ratio: Float) -> Float:
    """Middle of the sellers' prices under some terms, over their own on demand."""
    return float(np.median(list(price_ratio.values())))


def usd_per_device_hour_under_terms(
    on_demand_usd_per_device_hour: Float, price_ratio: Float
) -> Float:
    """Rent under other terms: usual rent on demand, times what sellers take off their own.

    Those who let in advance or at spot prices are often the dear ones, so that the middle of
    their rents would say that committing oneself costs more.
    """
    return on_demand_usd_per_device_hour * price_ratio


def purchase_usd(usd_per_device: Float, server_price_ratio: Float) -> Float:
    """Price of a device with its part of the server around it."""
    return usd_per_device * server_price_ratio


def capital_recovery_factor(discount_share_per_year: Float, device_life_years: Float) -> Float:
    """Share of a price to pay each year so that price and interest are paid off in its life.

    `r / (1 - (1 + r)^-n)`; `1 / n` without interest. Nothing is taken to be left at the end.

    Source: Short, Packey, Holt 1995, "A Manual for the Economic Evaluation of Energy
    Efficiency and Renewable Energy Technologies", https://doi.org/10.2172/35391
    """
    rate = where(discount_share_per_year == 0.0, np.nan, discount_share_per_year)
    factor = rate / -np.expm1(-device_life_years * np.log1p(rate))
    return where(is_nan(rate), 1.0 / device_life_years, factor)


def recovered_share_per_year(
    discount_share_per_year: Float, device_life_years: Float, residual_share: Float
) -> Float:
    """Share of a price to recover each year, less what the hardware still fetches at the end.

    `CRF * (1 - s / (1 + r)^n)`: the residual value is received after the life, so it counts
    for what it is worth today.

    Source: Short, Packey, Holt 1995, https://doi.org/10.2172/35391
    """
    worth_today_share = residual_share * (1.0 + discount_share_per_year) ** -device_life_years
    return capital_recovery_factor(discount_share_per_year, device_life_years) * (
        1.0 - worth_today_share
    )


def owned_usd_per_device_hour(purchase_usd: Float, recovered_share_per_year: Float) -> Float:
    """Capital to recover for each hour that passes, whether the device works or not."""
    return purchase_usd * recovered_share_per_year / HOURS_PER_YEAR


def owned_hours(device_hours: Float, owned_use_share: Float) -> Float:
    """Hours of ownership behind the hours worked: idle ones are paid as well."""
    return device_hours / owned_use_share


def always_on_hours(device_count: Float, horizon_months: Float) -> Float:
    """Device-hours of hardware that is kept on for the whole horizon, busy or not."""
    return device_count * horizon_months * HOURS_PER_MONTH


def hardware_usd(paid_device_hours: Float, usd_per_device_hour: Float) -> Float:
    """Rent, or capital recovered, for the hours paid."""
    return paid_device_hours * usd_per_device_hour


def upkeep_usd_per_device_hour(
    purchase_usd: Float,
    maintenance_share_per_year: Float,
    provisioned_power_w: Float,
    space_usd_per_kw_month: Float,
    staff_usd_per_device_per_year: Float,
) -> Float:
    """Maintenance, space and staff for each hour that an owned device stands there.

    Space is let by the power it can feed, not by the power drawn.
    """
    per_year = purchase_usd * maintenance_share_per_year + staff_usd_per_device_per_year
    space_per_month = provisioned_power_w / WATTS_PER_KILOWATT * space_usd_per_kw_month
    return per_year / HOURS_PER_YEAR + space_per_month / HOURS_PER_MONTH


def upkeep_usd(paid_device_hours: Float, upkeep_usd_per_device_hour: Float) -> Float:
    """Maintenance, space and staff of owned hardware, idle hours included."""
    return paid_device_hours * upkeep_usd_per_device_hour


def carbon_usd(carbon_kgco2e: Float, embodied_kgco2e: Float, carbon_usd_per_tonne: Float) -> Float:
    """Price put on the carbon of the electricity bought and of the hardware used up."""
    return (carbon_kgco2e + embodied_kgco2e) / KG_PER_TONNE * carbon_usd_per_tonne


def electricity_usd(facility_energy_kwh: Float, usd_per_kwh: Float) -> Float:
    """Price of the electricity the building draws."""
    return facility_energy_kwh * usd_per_kwh


def cost_usd(
    hardware_usd: Float,
    interruption_usd: Float,
    upkeep_usd: Float,
    electricity_usd: Float,
    storage_usd: Float,
    network_usd: Float,
    carbon_usd: Float,
) -> Float:
    """Everything one stage costs over the horizon."""
    computing_usd = hardware_usd + interruption_usd + upkeep_usd + electricity_usd
    return computing_usd + storage_usd + network_usd + carbon_usd


def usd_per_thousand_requests(cost_usd: Float, request_count: Float) -> Float:
    """Cost of a thousand requests; no answer without requests."""
    return _per(cost_usd, request_count) * 1e3


def usd_per_million_items(
    cost_usd: Float,
    request_count: Float,
    input_items_per_request: Float,
    output_items_per_request: Float,
) -> Float:
    """Cost of a million items read or written; no answer without requests."""
    return (
        _per(cost_usd, request_count * (input_items_per_request + output_items_per_request)) * 1e6
    )


def usd_per_million_items_of_part(
    cost_usd: Float, time_share: Float, request_count: Float, items_per_request: Float
) -> Float:
    """Cost of a million items of input, or of output, by the devices' time they take."""
    return _per(cost_usd * time_share, request_count * items_per_request) * 1e6


def in_use_usd(cost_usd: Float, network_usd: Float, busy_share: Float) -> Float:
    """What the hours worked cost, and all traffic; the idle hours are left out."""
    return (cost_usd - network_usd) * busy_share + network_usd


def usd_per_month(cost_usd: Float, horizon_months: Float) -> Float:
    """Cost of an average month of the horizon."""
    return cost_usd / horizon_months


def total_facility_energy_kwh(**stage_kwh: Float) -> Float:
    """Energy of all stages together."""
    return sum(stage_kwh.values())


def total_carbon_kgco2e(**stage_kgco2e: Float) -> Float:
    """Carbon of the electricity of all stages together."""
    return sum(stage_kgco2e.values())


def total_embodied_kgco2e(**stage_kgco2e: Float) -> Float:
    """Carbon of making what all stages use up."""
    return sum(stage_kgco2e.values())


def total_water_litres(**stage_litres: Float) -> Float:
    """Water of all stages together."""
    return sum(stage_litres.values())


def total_cost_usd(**stage_usd: Float) -> Float:
    """Money for all stages together."""
    return sum(stage_usd.values())


def _per(amount: Float, count: Float) -> Float:
    """Amount over count; NaN, which is unknown, where there is nothing to divide by."""
    return amount / where(count > FEWEST_COUNT, count, np.nan)


def saved_usd(bill_now_usd: Float, bill_then_usd: Float) -> Float:
    """What a change takes off the bill; negative where it adds to it."""
    return bill_now_usd - bill_then_usd
