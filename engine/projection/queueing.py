"""Waiting for a place: many servers, random arrivals, and how long one request in twenty waits.

A server here is one of the sequences that a replica works on at once. All functions broadcast.

Sources: Sakasegawa 1977, "An approximation formula L_q = a rho^b / (1 - rho)",
https://doi.org/10.1007/BF02911312; Allen 1990, "Probability, Statistics and Queueing Theory",
section 5.3 (the Allen-Cunneen correction for service that is not exponential).
"""

from __future__ import annotations

import numpy as np

from engine.elementwise import (
    Condition,
    anywhere,
    ceil,
    clip,
    floor,
    maximum,
    minimum,
    where,
)
from engine.units import Float

SLOW_SHARE = 0.05
"""One request in twenty may be slower than a 95th percentile."""
RANDOM_ARRIVALS_RATIO = 1.0
"""Standard deviation over mean of the gaps between requests that know nothing of each other."""
EMPTIEST_SHARE = 1e-12


def utilisation_share(arrivals_per_s: Float, service_time_s: Float, server_count: Float) -> Float:
    """Share of the servers that work; at 1 and above the queue grows without end."""
    return arrivals_per_s * service_time_s / maximum(server_count, EMPTIEST_SHARE)


def waiting_share(utilisation_share: Float, server_count: Float) -> Float:
    """Share of the requests that find every server taken.

    `rho^(sqrt(2 (c + 1)) - 1)`: exact for one server, a few points above Erlang's C formula
    for several. All wait once servers are as busy as they can be.
    """
    exponent = np.sqrt(2.0 * (server_count + 1.0)) - 1.0
    return clip(utilisation_share, 0.0, 1.0) ** exponent


def slow_wait_s(
    utilisation_share: Float,
    server_count: Float,
    service_time_s: Float,
    variability_ratio: Float,
    slow_share: Float = SLOW_SHARE,
) -> Float:
    """Seconds that the slowest `slow_share` of requests wait at least; NaN without an end.

    Those that wait at all wait exponentially long with mean `S / (c (1 - rho))`, times the
    mean of the squared variations of arrivals and of service (1 where both are random).
    """
    free_count = server_count * (1.0 - utilisation_share)
    mean_s = variability_ratio * service_time_s / where(free_count > 0, free_count, np.nan)
    waiting = maximum(waiting_share(utilisation_share, server_count), EMPTIEST_SHARE)
    return maximum(np.log(waiting / slow_share), 0.0) * mean_s


def variability_ratio(arrival_variation_ratio: Float, service_variation_ratio: Float) -> Float:
    """Mean of the squared coefficients of variation of arrivals and of service."""
    return (arrival_variation_ratio**2 + service_variation_ratio**2) / 2.0


def server_count_for_wait(
    arrivals_per_s: Float,
    service_time_s: Float,
    variability_ratio: Float,
    step_count: Float,
    longest_wait_s: Float,
) -> Float:
    """Fewest servers, in whole steps of `step_count`, whose 95th-percentile wait is short enough.

    NaN where not even any number of servers would do: the wait allowed is negative.
    """
    load = arrivals_per_s * service_time_s

    def enough(step_counts: Float) -> Condition:
        servers = step_counts * step_count
        share = load / maximum(servers, EMPTIEST_SHARE)
        busy = where(share < 1.0, share, np.nan)
        return slow_wait_s(busy, servers, service_time_s, variability_ratio) <= longest_wait_s

    low = floor(load / step_count)
    most = ceil(load / step_count / SLOW_SHARE) + 1.0
    # Most often few more than the load itself are enough: the search doubles its way up to them.
    high, gap = minimum(low + 1.0, most), 1.0
    while anywhere(missed := where(enough(high), 0.0, where(high < most, 1.0, 0.0)) > 0):
        gap *= 2.0
        low, high = where(missed, high, low), where(missed, minimum(high + gap, most), high)
    while anywhere(high - low > 1.0):
        middle = floor((low + high) / 2.0)
        found_there = enough(middle)
        low, high = where(found_there, low, middle), where(found_there, middle, high)
    found = where(load > 0, high, 0.0) * step_count
    return where(longest_wait_s >= 0, found, np.nan)
