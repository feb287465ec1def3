"""Serving with its bill: what a load takes, what it costs on standby, and what per use."""

from __future__ import annotations

from engine.projection import api_price, cost, energy, sizing
from engine.projection.billing import Used, bill
from engine.projection.hardware import Device
from engine.projection.replicas import Service
from engine.projection.site import Site
from engine.projection.sized import Sized
from engine.projection.storage import Traffic
from engine.projection.working import chosen, derive
from engine.records import Bill, Deployment, Estimate, ServingCost, ServingMemory
from engine.scenario import Scenario


def deployment_stage(
    scenario: Scenario, model: Sized, device: Device, site: Site, service: Service, traffic: Traffic
) -> Deployment:
    """Serving the scenario's load; hours paid are on whether devices work or wait."""
    hours, speed = service.paid_device_hours, service.speed
    paid = bill(
        site,
        Used(
            it_energy_kwh=derive(
                energy.it_energy_kwh,
                device_hours=hours,
                it_power_w=energy.serving_power_w(device, service.busy_share, speed.device_power_w),
            ),
            embodied_kgco2e=site.embodied(hours),
            hardware_usd=site.hardware(hours),
            upkeep_usd=site.upkeep(hours),
            network_usd=traffic.network_usd,
            network_bytes=traffic.network_bytes,
        ),
    )
    return Deployment(
        devices_per_replica=service.devices_per_replica,
        batch_count=speed.batch_count,
        batch_limit_count=speed.batch_limit_count,
        requests_per_s_per_replica=speed.requests_per_s,
        peak_requests_per_s=service.peak_requests_per_s,
        replica_count=service.replica_count,
        device_count=service.device_count,
        paid_device_hours=hours,
        utilisation_share=service.utilisation_share,
        busy_share=service.busy_share,
        **times(service),
        items_per_s_per_device=derive(
            sizing.items_per_s_per_device,
            requests_per_s_per_replica=speed.requests_per_s,
            devices_per_replica=service.devices_per_replica,
            items_per_request=_output(scenario, model)
            if model.generates
            else chosen(scenario.input_items_per_request),
        ),
        memory_parts=serving_memory(service),
        network_bytes=traffic.network_bytes,
        cost_usd_per_thousand_requests=derive(
            cost.usd_per_thousand_requests,
            cost_usd=paid.cost_usd,
            request_count=service.request_count,
        ),
        cost_usd_per_million_items=_per_million_items(scenario, model, service, paid.cost_usd),
        split=_split(scenario, model, service, paid),
        api_usd=api_price.api_usd(scenario, service.request_count),
        bill=paid,
    )


def times(service: Service) -> dict[str, Estimate]:
    """How long answers take."""
    speed = service.speed
    return {
        "latency_s": speed.alone_s,
        "latency_p95_s": _p95(speed.latency_s, service),
        "ttft_s": speed.ttft_s,
        "ttft_p95_s": _p95(speed.ttft_s, service),
        "tpot_s": speed.tpot_s,
    }


def _output(scenario: Scenario, model: Sized) -> Estimate:
    """Items written for a request, those not shown included, as sellers of tokens count them."""
    if not model.generates:
        return chosen(0.0)
    return chosen(scenario.output_items_per_request + scenario.reasoning_tokens_per_request)


def _p95(time_s: Estimate, service: Service) -> Estimate:
    return derive(sizing.p95_s, time_s=time_s, wait_p95_s=service.wait_p95_s)


def serving_memory(service: Service) -> ServingMemory:
    """What one replica holds, part by part."""
    speed = service.speed
    parts = {
        "weight_bytes": speed.weight_bytes,
        "cache_bytes": speed.cache_bytes,
        "temporary_bytes": speed.temporary_bytes,
    }
    return ServingMemory(
        **parts,
        replica_bytes=derive(sizing.replica_bytes, **parts),
        cache_bytes_per_token=speed.cache_bytes_per_token,
    )


def _per_million_items(
    scenario: Scenario, model: Sized, service: Service, cost_usd: Estimate
) -> Estimate:
    return derive(
        cost.usd_per_million_items,
        cost_usd=cost_usd,
        request_count=service.request_count,
        input_items_per_request=chosen(scenario.input_items_per_request),
        output_items_per_request=_output(scenario, model),
    )


def _split(scenario: Scenario, model: Sized, service: Service, paid: Bill) -> ServingCost:
    """The bill by input and output, each by the devices' time it takes; and without idle hours."""
    read = service.speed.input_time_share
    in_use = derive(
        cost.in_use_usd,
        cost_usd=paid.cost_usd,
        network_usd=paid.network_usd,
        busy_share=service.busy_share,
    )

    def part(share: Estimate, items_per_request: Estimate) -> Estimate:
        return derive(
            cost.usd_per_million_items_of_part,
            cost_usd=paid.cost_usd,
            time_share=share,
            request_count=service.request_count,
            items_per_request=items_per_request,
        )

    return ServingCost(
        usd_per_million_input_items=part(read, chosen(scenario.input_items_per_request)),
        usd_per_million_output_items=part(
            derive(sizing.output_time_share, input_time_share=read), _output(scenario, model)
        ),
        in_use_usd=in_use,
        in_use_usd_per_million_items=_per_million_items(scenario, model, service, in_use),
        in_use_usd_per_thousand_requests=derive(
            cost.usd_per_thousand_requests, cost_usd=in_use, request_count=service.request_count
        ),
    )
