"""Training and storage with their bills, and the total of all stages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from engine.elementwise import everywhere
from engine.projection import (
    cost,
    embodied,
    energy,
    money_methods,
    money_spot,
    storage_bills,
)
from engine.projection.billing import Used, bill
from engine.projection.hardware import Device
from engine.projection.money_hardware import paid_training_hours
from engine.projection.site import Site
from engine.projection.sized import Sized
from engine.projection.storage import Kept
from engine.projection.training import Work
from engine.projection.working import assumed, chosen, derive, nothing
from engine.records import Bill, Estimate, Storage, Total, Training
from engine.scenario import Scenario

IN_STORAGE_PRICE = nothing("inside the price of the storage")


def training_stage(
    scenario: Scenario, model: Sized, device: Device, site: Site, work: Work
) -> Training:
    """Training with its bill, all runs together."""
    paid = training_bill(scenario, device, site, work)
    return Training(
        parameter_count=model.parameter_count,
        item_count=work.item_count,
        flop=work.flop,
        mfu=work.mfu,
        time_h=work.time_h,
        device_hours=work.device_hours,
        memory_bytes_per_device=work.memory_bytes_per_device,
        memory_fit_share=work.memory_fit_share,
        trained_parameter_count=work.trained_parameter_count,
        goodput_share=work.goodput_share,
        interruption_count=work.interruption_count,
        checkpoint_interval_h=work.checkpoint_interval_h,
        experiment_device_hours=work.experiment_device_hours,
        plan=work.plan,
        memory_parts=work.memory_parts,
        step_time=work.step_time,
        methods=money_methods.methods(
            scenario, device, site, work.device_hours, paid.facility_energy_kwh
        ),
        bill=paid,
    )


def training_bill(scenario: Scenario, device: Device, site: Site, work: Work) -> Bill:
    """What all runs take and cost."""
    return bill(site, _training_used(scenario, device, site, work))


def _training_used(scenario: Scenario, device: Device, site: Site, work: Work) -> Used:
    """Energy and money of all runs; on spot, with what interruptions make them do again."""
    worked = work.device_hours
    paid = paid_training_hours(scenario, worked)
    used = Used(
        it_energy_kwh=derive(
            energy.it_energy_kwh,
            device_hours=worked,
            it_power_w=energy.training_power_w(device),
        ),
        embodied_kgco2e=site.embodied(paid),
        hardware_usd=site.hardware(paid),
        upkeep_usd=site.upkeep(paid),
    )
    lost = money_spot.lost_share(scenario, work.checkpoint_interval_h)
    return used if lost is None else _interrupted(used, device, site, worked, lost)


def _interrupted(used: Used, device: Device, site: Site, worked: Estimate, lost: Estimate) -> Used:
    """The same with the hours that spot interruptions add."""
    hours = derive(money_spot.hours_with_interruptions, device_hours=worked, interrupted_share=lost)
    return replace(
        used,
        it_energy_kwh=derive(
            energy.it_energy_kwh,
            device_hours=hours,
            it_power_w=energy.training_power_w(device),
        ),
        embodied_kgco2e=site.embodied(hours),
        interruption_usd=derive(
            money_spot.interruption_usd,
            device_hours=worked,
            interrupted_share=lost,
            usd_per_device_hour=site.usd_per_device_hour,
        ),
    )


def storage_stage(scenario: Scenario, site: Site, kept: Kept) -> Storage:
    """What is kept, with its bill; disks and their electricity are inside the seller's price."""
    used = derive(
        energy.storage_energy_kwh,
        kept_bytes=kept.kept_bytes,
        storage_kwh_per_tb_month=assumed("storage_energy_kwh_per_tb_month"),
        horizon_months=chosen(scenario.horizon_months),
    )
    return Storage(
        raw_bytes=kept.raw_bytes,
        dataset_bytes=kept.dataset_bytes,
        checkpoint_bytes=kept.checkpoint_bytes,
        artefact_bytes=kept.artefact_bytes,
        kept_bytes=kept.kept_bytes,
        cost_usd_per_month=kept.cost_usd_per_month,
        bill=bill(
            replace(site, electricity_in_rent=IN_STORAGE_PRICE),
            Used(
                it_energy_kwh=used,
                embodied_kgco2e=derive(
                    embodied.storage_embodied_kgco2e,
                    kept_bytes=kept.kept_bytes,
                    embodied_kgco2e_per_tb_month=assumed("storage_embodied_kgco2e_per_tb_month"),
                    horizon_months=chosen(scenario.horizon_months),
                ),
                hardware_usd=IN_STORAGE_PRICE,
                storage_usd=kept.storage_usd,
                network_usd=kept.copies_usd,
                network_bytes=_copied(scenario, kept),
            ),
        ),
    )


def _copied(scenario: Scenario, kept: Kept) -> Estimate | None:
    if everywhere(scenario.replica_count == 1):
        return None
    return derive(
        storage_bills.copied_bytes,
        kept_bytes=kept.kept_bytes,
        replica_count=chosen(scenario.replica_count),
    )


def total(scenario: Scenario, bills: Mapping[str, Bill]) -> Total:
    """All stages together; unknown as long as one of them is."""
    total_usd = derive(cost.total_cost_usd, **{f"{k}_usd": b.cost_usd for k, b in bills.items()})
    per_month = derive(
        cost.usd_per_month,
        cost_usd=total_usd,
        horizon_months=chosen(scenario.horizon_months),
    )
    return Total(
        facility_energy_kwh=derive(
            cost.total_facility_energy_kwh,
            **{f"{k}_kwh": b.facility_energy_kwh for k, b in bills.items()},
        ),
        carbon_kgco2e=derive(
            cost.total_carbon_kgco2e, **{f"{k}_kgco2e": b.carbon_kgco2e for k, b in bills.items()}
        ),
        embodied_kgco2e=derive(
            cost.total_embodied_kgco2e,
            **{f"{k}_kgco2e": b.embodied_kgco2e for k, b in bills.items()},
        ),
        water_litres=derive(
            cost.total_water_litres, **{f"{k}_litres": b.water_litres for k, b in bills.items()}
        ),
        cost_usd=total_usd,
        cost_usd_per_month=per_month,
    )
