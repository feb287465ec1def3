"""Energy: from the device to the computers to the building."""

from __future__ import annotations

from functools import cache

from engine.projection.hardware import Device, accelerator_fact
from engine.projection.working import assumed, derive, first_known, unknown
from engine.records import Estimate
from engine.units import BYTES_PER_GB, WATTS_PER_KILOWATT, Float

BYTES_PER_TB = 1e12
IDLE = "device_power_share_idle"


def device_power_w(tdp_w: Float, power_share: Float) -> Float:
    """Power one device draws, as a share of the most its cooling is made for.

    Real devices stay below: an H100 draws 0.63 of it at small batches, 0.86 at large ones.
    """
    return tdp_w * power_share


def it_power_w(device_power_w: Float, host_power_share: Float) -> Float:
    """Power of a device and its part of the server: processors, memory, network, fans."""
    return device_power_w * (1.0 + host_power_share)


def mean_power_w(busy_power_w: Float, idle_power_w: Float, busy_share: Float) -> Float:
    """Power over time of a device that is on all the time and busy a share of it."""
    return idle_power_w + (busy_power_w - idle_power_w) * busy_share


def it_energy_kwh(device_hours: Float, it_power_w: Float) -> Float:
    """Energy the computers draw, the building not counted."""
    return device_hours * it_power_w / WATTS_PER_KILOWATT


def storage_energy_kwh(
    kept_bytes: Float, storage_kwh_per_tb_month: Float, horizon_months: Float
) -> Float:
    """Energy of the disks that keep bytes over the horizon; the seller's own copies are not in it.

    Source: Cloud Carbon Footprint, methodology, storage,
    https://www.cloudcarbonfootprint.org/docs/methodology/
    """
    return kept_bytes / BYTES_PER_TB * storage_kwh_per_tb_month * horizon_months


def network_energy_kwh(network_bytes: Float, network_energy_kwh_per_gb: Float) -> Float:
    """Energy of the networks that bytes cross between data centres and to their readers.

    Source: Cloud Carbon Footprint, methodology, networking,
    https://www.cloudcarbonfootprint.org/docs/methodology/
    """
    return network_bytes / BYTES_PER_GB * network_energy_kwh_per_gb


def with_network_kwh(it_energy_kwh: Float, network_energy_kwh: Float) -> Float:
    """Energy of the computers, and of the networks that carry what they send."""
    return it_energy_kwh + network_energy_kwh


def facility_energy_kwh(it_energy_kwh: Float, pue: Float) -> Float:
    """Energy the building draws to deliver `it_energy_kwh` to its computers.

    Cooling, conversion and lights are in the PUE, and the PUE is counted here only.

    Source: ISO/IEC 30134-2, power usage effectiveness, https://www.iso.org/standard/63451.html
    """
    return it_energy_kwh * pue


def mixed_usd_per_kwh(
    usd_per_kwh: Float, renewable_usd_per_kwh: Float, renewable_share: Float
) -> Float:
    """Price of a kWh, a share of which is bought carbon-free at a price of its own."""
    return usd_per_kwh + (renewable_usd_per_kwh - usd_per_kwh) * renewable_share


def training_power_w(device: Device) -> Estimate:
    """Power of one device and its share of the server while training."""
    return _it_power_w(device, "device_power_share_training")


def provisioned_power_w(device: Device) -> Estimate:
    """Most power a device and its share of the server may draw: what its room must feed."""
    tdp_w = device.fact("tdp_w")
    return _with_host(tdp_w) if tdp_w.known else training_power_w(device)


def serving_power_w(
    device: Device, busy_share: Estimate, working_power_w: Estimate | None = None
) -> Estimate:
    """Mean power of one device that is on, and its share of the server, while serving.

    `working_power_w` is that of a device at work where the load says it better than in general.
    """
    usual = "device_power_share_serving"
    busy = _with_host(working_power_w) if working_power_w else _it_power_w(device, usual)
    idle = _idle_it_power_w(device)
    return derive(mean_power_w, busy_power_w=busy, idle_power_w=idle, busy_share=busy_share)


def idle_power_w(busy_power_w: Float, idle_to_busy_power_ratio: Float) -> Float:
    """Power of a device that waits, where only its busy power was measured."""
    return busy_power_w * idle_to_busy_power_ratio


def _it_power_w(device: Device, share_name: str) -> Estimate:
    measured = device.evidence.busy_power_w if device.evidence else None
    if measured is not None and measured.kind == "measured":
        return _with_host(measured)
    printed = _printed_it_power_w(device.accelerator_id, share_name)
    return printed or _with_host(_metered_power_w(device))


def _metered_power_w(device: Device) -> Estimate:
    """As a meter saw or estimated it, for a device whose design power nobody printed."""
    metered = device.evidence.busy_power_w if device.evidence else None
    missing = f"neither the energy nor the design power of {device.name} is known"
    return first_known(metered, unknown(missing))


def _idle_it_power_w(device: Device) -> Estimate:
    printed = _printed_it_power_w(device.accelerator_id, IDLE)
    if printed is not None:
        return printed
    idle = derive(
        idle_power_w,
        busy_power_w=_metered_power_w(device),
        idle_to_busy_power_ratio=assumed("idle_to_busy_power_ratio"),
    )
    return _with_host(idle)


@cache
def _printed_it_power_w(accelerator_id: str | None, share_name: str) -> Estimate | None:
    """A share of the printed design power, and the server's; None where none is printed.

    Where the mean power was printed instead, that is what the device draws at work.
    """
    if accelerator_id is None:
        return None
    tdp_w = accelerator_fact(accelerator_id, "tdp_w")
    if tdp_w is not None:
        return _with_host(derive(device_power_w, tdp_w=tdp_w, power_share=assumed(share_name)))
    mean_w = accelerator_fact(accelerator_id, "mean_power_w")
    if mean_w is None:
        return None
    if share_name != IDLE:
        return _with_host(mean_w)
    waiting = {"idle_to_busy_power_ratio": assumed("idle_to_busy_power_ratio")}
    return _with_host(derive(idle_power_w, busy_power_w=mean_w, **waiting))


def _with_host(device_power: Estimate) -> Estimate:
    return derive(
        it_power_w, device_power_w=device_power, host_power_share=assumed("host_power_share")
    )
