"""Money: rent or capital, electricity, and what they come to."""

from __future__ import annotations

import numpy as np

from engine.units import HOURS_PER_MONTH, HOURS_PER_YEAR, Float

FEWEST_COUNT = 1e-9
"""Less than this many requests are none."""


def median_usd_per_device_hour(**usd_per_device_hour: Float) -> Float:
    """Middle of the known sellers' rents for one device and hour."""
    return float(np.median(list(usd_per_device_hour.values())))


def purchase_usd(usd_per_device: Float, server_price_ratio: Float) -> Float:
    """Price of a device with its part of the server around it."""
    return usd_per_device * server_price_ratio


def capital_recovery_factor(discount_share_per_year: Float, device_life_years: Float) -> Float:
    """Share of a price to pay each year so that price and interest are paid off in its life.

    `r / (1 - (1 + r)^-n)`; `1 / n` without interest. Nothing is taken to be left at the end.

    Source: Short, Packey, Holt 1995, "A Manual for the Economic Evaluation of Energy
    Efficiency and Renewable Energy Technologies", https://doi.org/10.2172/35391
    """
    rate = np.where(discount_share_per_year == 0.0, np.nan, discount_share_per_year)
    factor = rate / -np.expm1(-device_life_years * np.log1p(rate))
    return np.where(np.isnan(rate), 1.0 / device_life_years, factor)


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


def electricity_usd(facility_energy_kwh: Float, usd_per_kwh: Float) -> Float:
    """Price of the electricity the building draws."""
    return facility_energy_kwh * usd_per_kwh


def cost_usd(
    hardware_usd: Float, electricity_usd: Float, storage_usd: Float, network_usd: Float
) -> Float:
    """Everything one stage costs over the horizon."""
    return hardware_usd + electricity_usd + storage_usd + network_usd


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


def usd_per_month(cost_usd: Float, horizon_months: Float) -> Float:
    """Cost of an average month of the horizon."""
    return cost_usd / horizon_months


def total_facility_energy_kwh(
    training_kwh: Float, storage_kwh: Float, deployment_kwh: Float
) -> Float:
    """Energy of training, storage and deployment together."""
    return training_kwh + storage_kwh + deployment_kwh


def total_carbon_kgco2e(
    training_kgco2e: Float, storage_kgco2e: Float, deployment_kgco2e: Float
) -> Float:
    """Carbon of training, storage and deployment together."""
    return training_kgco2e + storage_kgco2e + deployment_kgco2e


def total_cost_usd(training_usd: Float, storage_usd: Float, deployment_usd: Float) -> Float:
    """Money for training, storage and deployment together."""
    return training_usd + storage_usd + deployment_usd


def _per(amount: Float, count: Float) -> Float:
    """Amount over count; NaN, which is unknown, where there is nothing to divide by."""
    return amount / np.where(count > FEWEST_COUNT, count, np.nan)
