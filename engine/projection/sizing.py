"""How many replicas carry a load, how long requests wait for one, and how long they are on."""

from __future__ import annotations

import numpy as np

from engine.elementwise import ceil, is_nan, maximum, minimum, where
from engine.projection import queueing
from engine.units import DAYS_PER_MONTH, HOURS_PER_DAY, SECONDS_PER_HOUR, Float


def service_time_s(batch_count: Float, requests_per_s_per_replica: Float) -> Float:
    """Seconds that one place in a replica's batch is taken by a request.

    Source: Little 1961, "A proof for the queuing formula L = lambda W",
    https://doi.org/10.1287/opre.9.3.383
    """
    return batch_count / requests_per_s_per_replica


def place_count(replica_count: Float, batch_count: Float) -> Float:
    """Requests that all replicas work on together."""
    return replica_count * batch_count


def replica_count_for_goals(
    peak_requests_per_s: Float,
    service_time_s: Float,
    batch_count: Float,
    variability_ratio: Float,
    longest_wait_s: Float,
) -> Float:
    """Fewest replicas whose 95th-percentile wait in the busiest hour keeps the goals.

    Where a goal is missed without any waiting, as many as carry the load.
    """
    places = queueing.server_count_for_wait(
        peak_requests_per_s, service_time_s, variability_ratio, batch_count, longest_wait_s
    )
    carrying = ceil(peak_requests_per_s * service_time_s / batch_count)
    found = places / batch_count
    return where(is_nan(found), carrying, maximum(found, carrying))


def day_load_ratios(peak_to_mean_ratio: Float, serving_hours_per_day: Float) -> list[Float]:
    """Load of every hour of a day over the mean, from the busiest hour to the quietest.

    A load-duration curve `R (1 - t)^(r - 1)`, `r` being the ratio within the hours in which
    requests come: its peak and its mean are those asked for, whatever the shape of the day.
    """
    hours = serving_hours_per_day
    within_ratio = maximum(peak_to_mean_ratio * hours / HOURS_PER_DAY, 1.0)

    def left(hour: float) -> Float:
        return maximum(1.0 - hour / hours, 0.0) ** within_ratio

    return [HOURS_PER_DAY * (left(h) - left(h + 1.0)) for h in range(int(HOURS_PER_DAY))]


def autoscaled_hours(
    replica_count: Float,
    devices_per_replica: Float,
    peak_to_mean_ratio: Float,
    serving_hours_per_day: Float,
    horizon_months: Float,
) -> Float:
    """Device-hours paid when whole replicas are added and given back by the hour.

    The busiest hour takes all; every other one its share of them, rounded up, and none
    where nothing is asked.
    """
    ratios = day_load_ratios(peak_to_mean_ratio, serving_hours_per_day)
    peak_ratio = maximum(peak_to_mean_ratio, HOURS_PER_DAY / serving_hours_per_day)
    needed = [ceil(replica_count * minimum(r / peak_ratio, 1.0)) for r in ratios[1:]]
    per_day = sum(needed, start=np.asarray(replica_count, dtype=np.float64))
    return per_day * devices_per_replica * DAYS_PER_MONTH * horizon_months


def device_s_per_request(devices_per_replica: Float, requests_per_s_per_replica: Float) -> Float:
    """Seconds of one device that a request takes up, in a replica whose batch is full."""
    return devices_per_replica / requests_per_s_per_replica


def output_time_share(input_time_share: Float) -> Float:
    """Share of the devices' working time that goes to output."""
    return 1.0 - input_time_share


def items_per_s_per_device(
    requests_per_s_per_replica: Float, devices_per_replica: Float, items_per_request: Float
) -> Float:
    """Tokens written each second by one device, its replica's batch always full."""
    return requests_per_s_per_replica * items_per_request / devices_per_replica


def busy_share(
    request_count: Float, device_s_per_request: Float, paid_device_hours: Float
) -> Float:
    """Share of the hours paid in which serving devices work rather than wait."""
    paid_s = paid_device_hours * SECONDS_PER_HOUR
    worked_s = request_count * device_s_per_request
    return where(paid_s > 0, minimum(worked_s / where(paid_s > 0, paid_s, 1.0), 1.0), 0.0)


def p95_s(time_s: Float, wait_p95_s: Float) -> Float:
    """Seconds that 95 % of requests keep: a replica's own time, and the wait for a place."""
    return time_s + wait_p95_s


def replica_bytes(weight_bytes: Float, cache_bytes: Float, temporary_bytes: Float) -> Float:
    """Memory one replica takes on all its devices."""
    return weight_bytes + cache_bytes + temporary_bytes
