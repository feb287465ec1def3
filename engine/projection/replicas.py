"""The replicas that serve a load: how fast one is, and how many of them for how long."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.projection import (
    cost,
    queueing,
    serving,
    serving_choice,
    serving_language,
    serving_network,
    serving_roofline,
    sizing,
)
from engine.projection.hardware import Device
from engine.projection.serving_speed import Speed, goals
from engine.projection.sized import Sized
from engine.projection.working import assumed, chosen, derive
from engine.records import Estimate
from engine.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Service:
    """Serving before money."""

    speed: Speed
    """Of one replica."""
    request_count: Estimate
    peak_requests_per_s: Estimate
    replica_count: Estimate
    device_count: Estimate
    paid_device_hours: Estimate
    device_s_per_request: Estimate
    utilisation_share: Estimate
    """Of the places in the busiest hour."""
    busy_share: Estimate
    """Of the hours paid."""
    wait_p95_s: Estimate
    """For a place in a batch, in the busiest hour."""

    @property
    def devices_per_replica(self) -> Estimate:
        """Devices that hold one replica."""
        return self.speed.devices_per_replica


def service(scenario: Scenario, model: Sized, device: Device) -> Service:
    """Speed and size of what serves the scenario's load."""
    found = speed(scenario, model, device)
    requests = request_count(scenario)
    peak = derive(
        serving.busiest_requests_per_s,
        requests_per_day=chosen(scenario.requests_per_day),
        peak_to_mean_ratio=chosen(scenario.peak_to_mean_ratio),
        serving_hours_per_day=chosen(scenario.serving_hours_per_day),
    )
    place_s = derive(
        sizing.service_time_s,
        batch_count=found.batch_count,
        requests_per_s_per_replica=found.requests_per_s,
    )
    variability = _variability()
    replicas = _replica_count(scenario, found, peak, place_s, variability)
    hours = _paid_hours(scenario, found, replicas)
    each = derive(
        sizing.device_s_per_request,
        devices_per_replica=found.devices_per_replica,
        requests_per_s_per_replica=found.requests_per_s,
    )
    places = derive(sizing.place_count, replica_count=replicas, batch_count=found.batch_count)
    utilisation = derive(
        queueing.utilisation_share,
        arrivals_per_s=peak,
        service_time_s=place_s,
        server_count=places,
    )
    return Service(
        speed=found,
        request_count=requests,
        peak_requests_per_s=peak,
        replica_count=replicas,
        device_count=derive(
            serving.device_count,
            replica_count=replicas,
            devices_per_replica=found.devices_per_replica,
        ),
        paid_device_hours=hours,
        device_s_per_request=each,
        utilisation_share=utilisation,
        busy_share=derive(
            sizing.busy_share,
            request_count=requests,
            device_s_per_request=each,
            paid_device_hours=hours,
        ),
        wait_p95_s=derive(
            queueing.slow_wait_s,
            utilisation_share=utilisation,
            server_count=places,
            service_time_s=place_s,
            variability_ratio=variability,
        ),
    )


def speed(scenario: Scenario, model: Sized, device: Device) -> Speed:
    """One replica: as measured by the user, else by the fits, else by arithmetic and memory."""
    evidence = device.evidence
    if evidence is not None and (evidence.prefills or evidence.launch_time_s_per_layer):
        return serving_roofline.speed(scenario, model, device)
    return (
        serving_language.speed(scenario, model, device)
        or serving_network.speed(scenario, model, device)
        or serving_roofline.speed(scenario, model, device)
    )


def request_count(scenario: Scenario) -> Estimate:
    """Requests over the horizon."""
    return derive(
        serving.request_count,
        requests_per_day=chosen(scenario.requests_per_day),
        horizon_months=chosen(scenario.horizon_months),
    )


def _variability() -> Estimate:
    return derive(
        queueing.variability_ratio,
        arrival_variation_ratio=chosen(queueing.RANDOM_ARRIVALS_RATIO),
        service_variation_ratio=assumed("serving_service_variation_ratio"),
    )


def _replica_count(
    scenario: Scenario, found: Speed, peak: Estimate, place_s: Estimate, variability: Estimate
) -> Estimate:
    if not serving_choice.has_goals(scenario):
        return derive(
            serving.replica_count,
            peak_requests_per_s=peak,
            requests_per_s_per_replica=found.requests_per_s,
        )
    return derive(
        sizing.replica_count_for_goals,
        peak_requests_per_s=peak,
        service_time_s=place_s,
        batch_count=found.batch_count,
        variability_ratio=variability,
        longest_wait_s=_longest_wait(scenario, found),
    )


def _longest_wait(scenario: Scenario, found: Speed) -> Estimate:
    first = found.ttft_s if found.ttft_s.known else found.latency_s
    if scenario.ttft_slo_s is None and scenario.latency_slo_s is None:
        return chosen(np.inf)
    asked = dict(goals(scenario))
    asked.pop("tpot_slo_s", None)
    return derive(serving_choice.longest_wait_s, ttft_s=first, latency_s=found.latency_s, **asked)


def gives_back(scenario: Scenario) -> bool:
    """Whether replicas that wait are given back by the hour."""
    return scenario.ownership == "cloud" and scenario.serving_scaling == "autoscaled"


def _paid_hours(scenario: Scenario, found: Speed, replicas: Estimate) -> Estimate:
    horizon = chosen(scenario.horizon_months)
    if gives_back(scenario):
        return derive(
            sizing.autoscaled_hours,
            replica_count=replicas,
            devices_per_replica=found.devices_per_replica,
            peak_to_mean_ratio=chosen(scenario.peak_to_mean_ratio),
            serving_hours_per_day=chosen(scenario.serving_hours_per_day),
            horizon_months=horizon,
        )
    devices = derive(
        serving.device_count, replica_count=replicas, devices_per_replica=found.devices_per_replica
    )
    return derive(cost.always_on_hours, device_count=devices, horizon_months=horizon)
