"""Three ways to put a price on the same training run: rented, bought, used up.

Source: Cottier et al. 2024, "The rising costs of training frontier AI models",
https://arxiv.org/abs/2405.21015
"""

from __future__ import annotations

import math
from typing import NamedTuple

from engine.projection import cost, money_hardware
from engine.projection.hardware import Device
from engine.projection.site import Site
from engine.projection.working import assumed, chosen, derive
from engine.records import CostMethods, Estimate
from engine.scenario import Scenario
from engine.units import HOURS_PER_YEAR, WATTS_PER_KILOWATT, Float


class TrainingCosts(NamedTuple):
    """One training run by three methods, USD."""

    cloud_usd: Float
    purchase_usd: Float
    amortised_usd: Float


def cloud_usd(device_hours: Float, usd_per_device_hour: Float) -> Float:
    """All device-hours at the rent."""
    return device_hours * usd_per_device_hour


def cluster_usd(
    device_count: Float, server_usd_per_device: Float, interconnect_share: Float
) -> Float:
    """Price of the whole cluster: devices with their servers, and the network between these."""
    return device_count * server_usd_per_device / (1.0 - interconnect_share)


def worth_usd(
    server_usd_per_device: Float, age_years: Float, price_performance_orders_per_year: Float
) -> Float:
    """What hardware of some age is worth: newer hardware does the same for less."""
    return server_usd_per_device * 10.0 ** (-price_performance_orders_per_year * age_years)


def worn_usd(
    device_hours: Float,
    server_usd_per_device: Float,
    interconnect_share: Float,
    price_performance_orders_per_year: Float,
) -> Float:
    """Worth of the cluster that a run uses up, at the rate at which hardware gets better."""
    worn_share_per_hour = price_performance_orders_per_year * math.log(10.0) / HOURS_PER_YEAR
    return (
        cluster_usd(device_hours, server_usd_per_device, interconnect_share) * worn_share_per_hour
    )


def energy_usd(
    device_hours: Float,
    tdp_w: Float,
    server_power_ratio: Float,
    power_share: Float,
    pue: Float,
    usd_per_kwh: Float,
) -> Float:
    """Price of the electricity of servers that draw a share of their largest power."""
    server_kw = tdp_w / WATTS_PER_KILOWATT * server_power_ratio * power_share
    return device_hours * server_kw * pue * usd_per_kwh


def amortised_usd(worn_usd: Float, energy_usd: Float) -> Float:
    """What the run uses up of the cluster's worth, and its energy."""
    return worn_usd + energy_usd


def training_cost_methods(
    device_hours: Float,
    device_count: Float,
    *,
    usd_per_device_hour: Float,
    server_usd_per_device: Float,
    tdp_w: Float,
    usd_per_kwh: Float,
    pue: Float,
    server_power_ratio: Float,
    power_share: Float,
    interconnect_share: Float,
    price_performance_orders_per_year: Float,
    age_years: Float = 0.0,
) -> TrainingCosts:
    """One training run by the three methods, as numbers.

    Args:
        device_hours: Of the whole run.
        device_count: Devices of the cluster, all bought by the second method.
        usd_per_device_hour: Rent at the time; Epoch takes that of a three-year commitment.
        server_usd_per_device: Price of a device with its part of the server.
        tdp_w: Design power of a device.
        usd_per_kwh: Price of electricity.
        pue: Facility over computers; Epoch takes 1.1 for the largest companies, else 1.25.
        server_power_ratio: Largest power of the server over the design power of its devices.
        power_share: Mean over largest power of the server; Epoch takes 0.75, 0.43 for TPU.
        interconnect_share: Network over the whole cluster's price; Epoch takes 0.19.
        price_performance_orders_per_year: Orders of magnitude a year; Epoch takes 0.14.
        age_years: Of the hardware when training starts; what it has lost by then is not counted.
    """
    worth = worth_usd(server_usd_per_device, age_years, price_performance_orders_per_year)
    worn = worn_usd(device_hours, worth, interconnect_share, price_performance_orders_per_year)
    power = energy_usd(device_hours, tdp_w, server_power_ratio, power_share, pue, usd_per_kwh)
    return TrainingCosts(
        cloud_usd(device_hours, usd_per_device_hour),
        cluster_usd(device_count, server_usd_per_device, interconnect_share),
        amortised_usd(worn, power),
    )


def methods(
    scenario: Scenario,
    device: Device,
    site: Site,
    device_hours: Estimate,
    facility_energy_kwh: Estimate,
) -> CostMethods:
    """The scenario's training by the three methods, all runs together, hardware bought new."""
    server = money_hardware.purchase(scenario, device)
    network = assumed("interconnect_share")
    worn = derive(
        worn_usd,
        device_hours=device_hours,
        server_usd_per_device=server,
        interconnect_share=network,
        price_performance_orders_per_year=assumed("price_performance_orders_per_year"),
    )
    return CostMethods(
        cloud_usd=derive(
            cloud_usd, device_hours=device_hours, usd_per_device_hour=_rent(scenario, device, site)
        ),
        purchase_usd=derive(
            cluster_usd,
            device_count=chosen(scenario.training_device_count),
            server_usd_per_device=server,
            interconnect_share=network,
        ),
        amortised_usd=derive(
            amortised_usd,
            worn_usd=worn,
            energy_usd=derive(
                cost.electricity_usd,
                facility_energy_kwh=facility_energy_kwh,
                usd_per_kwh=site.usd_per_kwh,
            ),
        ),
    )


def _rent(scenario: Scenario, device: Device, site: Site) -> Estimate:
    if scenario.ownership == "cloud":
        return site.usd_per_device_hour
    if scenario.usd_per_device_hour is not None:
        return chosen(scenario.usd_per_device_hour)
    return money_hardware.rent(device, "on_demand")
