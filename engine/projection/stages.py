"""The three stages a model passes: trained, kept, served; each with its bill."""

from __future__ import annotations

from dataclasses import replace

from engine.projection import cost, energy, serving
from engine.projection.billing import bill
from engine.projection.hardware import Device
from engine.projection.replicas import Service
from engine.projection.site import Site, paid_training_hours
from engine.projection.sized import Sized
from engine.projection.storage import Kept, Traffic
from engine.projection.training import Work
from engine.projection.working import assumed, chosen, derive, nothing
from engine.records import Deployment, Estimate, Storage, Total, Training
from engine.scenario import Scenario

STORED_APART = "what is kept has its own stage"
IN_STORAGE_PRICE = "inside the price of the storage"
NO_TRAFFIC = "only serving sends anything out"


def training_stage(
    scenario: Scenario, model: Sized, device: Device, site: Site, work: Work
) -> Training:
    """Training with its bill, all runs together."""
    used = derive(
        energy.it_energy_kwh,
        device_hours=work.device_hours,
        it_power_w=energy.training_power_w(device),
    )
    return Training(
        parameter_count=model.parameter_count,
        item_count=work.item_count,
        flop=work.flop,
        mfu=work.mfu,
        time_h=work.time_h,
        device_hours=work.device_hours,
        memory_bytes_per_device=work.memory_bytes_per_device,
        memory_fit_share=work.memory_fit_share,
        bill=bill(
            site,
            it_energy_kwh=used,
            hardware=site.hardware(paid_training_hours(scenario, work.device_hours)),
            storage_usd=nothing(STORED_APART),
            network_usd=nothing(NO_TRAFFIC),
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
        dataset_bytes=kept.dataset_bytes,
        checkpoint_bytes=kept.checkpoint_bytes,
        artefact_bytes=kept.artefact_bytes,
        kept_bytes=kept.kept_bytes,
        cost_usd_per_month=kept.cost_usd_per_month,
        bill=bill(
            replace(site, electricity_in_rent=nothing(IN_STORAGE_PRICE)),
            it_energy_kwh=used,
            hardware=nothing(IN_STORAGE_PRICE),
            storage_usd=kept.storage_usd,
            network_usd=nothing(NO_TRAFFIC),
        ),
    )


def deployment_stage(
    scenario: Scenario,
    model: Sized,
    device: Device,
    site: Site,
    service: Service,
    requests: Estimate,
    traffic: Traffic,
) -> Deployment:
    """Serving with its bill: every device is on, and paid, for the whole horizon."""
    hours = derive(
        cost.always_on_hours,
        device_count=service.device_count,
        horizon_months=chosen(scenario.horizon_months),
    )
    used = derive(
        energy.it_energy_kwh,
        device_hours=hours,
        it_power_w=energy.serving_power_w(device, service.busy_share),
    )
    paid = bill(
        site,
        it_energy_kwh=used,
        hardware=site.hardware(hours),
        storage_usd=nothing(STORED_APART),
        network_usd=traffic.network_usd,
    )
    return Deployment(
        devices_per_replica=service.devices_per_replica,
        requests_per_s_per_replica=service.requests_per_s_per_replica,
        peak_requests_per_s=service.peak_requests_per_s,
        replica_count=service.replica_count,
        device_count=service.device_count,
        latency_s=service.latency_s,
        network_bytes=traffic.network_bytes,
        cost_usd_per_thousand_requests=derive(
            cost.usd_per_thousand_requests, cost_usd=paid.cost_usd, request_count=requests
        ),
        cost_usd_per_million_items=derive(
            cost.usd_per_million_items,
            cost_usd=paid.cost_usd,
            request_count=requests,
            input_items_per_request=chosen(scenario.input_items_per_request),
            output_items_per_request=chosen(
                scenario.output_items_per_request if model.generates else 0.0
            ),
        ),
        bill=paid,
    )


def request_count(scenario: Scenario) -> Estimate:
    """Requests over the horizon."""
    return derive(
        serving.request_count,
        requests_per_day=chosen(scenario.requests_per_day),
        horizon_months=chosen(scenario.horizon_months),
    )


def total(
    scenario: Scenario, training: Training, storage: Storage, deployment: Deployment
) -> Total:
    """All stages together; unknown as long as one of them is."""
    bills = {"training": training.bill, "storage": storage.bill, "deployment": deployment.bill}
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
        cost_usd=total_usd,
        cost_usd_per_month=per_month,
    )
