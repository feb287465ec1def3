"""Devices of a replica and requests it works on together: what fits, and what meets the goals.

Devices are the fewest whose memory holds the replica. Where goals of latency are set and the
batch is not, every power of two is tried: of those that meet the goals, the one that needs
the fewest devices for the busiest hour, waiting included. Only where a single request misses
a goal on the fewest devices are two, four or eight times as many taken. Without goals the batch
is the usual one, or a smaller one where that takes fewer devices for the busiest hour: long
requests and few of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from engine.elementwise import anywhere, everywhere, floor, maximum, minimum, plain, where
from engine.projection import queueing, serving
from engine.projection.working import assumed
from engine.records import Note
from engine.scenario import Scenario
from engine.units import Float

Array = npt.NDArray[np.float64]

TRIED_BATCHES: Array = 2.0 ** np.arange(12, dtype=np.float64)
SMALLER_BATCHES: Array = np.array([1.0, 4.0, 32.0])
"""Parts of the usual batch that are tried where it takes more devices than one request."""
TRIED_DEVICE_RATIOS: Array = np.array([1.0, 2.0, 4.0, 8.0])
LEAST_REQUEST_BYTES = 1.0
"""What a request takes of the memory at least: models that keep nothing of it are not endless."""


REPLICA_FIELDS = (
    "parameters_billion",
    "input_items_per_request",
    "output_items_per_request",
    "reasoning_tokens_per_request",
    "prefix_cache_hit_share",
    "serving_batch_count",
    "serving_tensor_parallel_count",
    "serving_pipeline_parallel_count",
)
LOAD_FIELDS = (
    "requests_per_day",
    "peak_to_mean_ratio",
    "serving_hours_per_day",
    "ttft_slo_s",
    "tpot_slo_s",
    "latency_slo_s",
)


class Times(Protocol):
    """What a replica does, as far as goals ask."""

    @property
    def requests_per_s(self) -> Float:
        """Its batch always full."""

    @property
    def first_token_s(self) -> Float:
        """Until the first token; of what does not write, until the answer."""

    @property
    def token_s(self) -> Float:
        """Between tokens; 0 of what does not write."""

    @property
    def latency_s(self) -> Float:
        """From question to last token."""


class Answered(NamedTuple):
    """The same as plain numbers."""

    requests_per_s: Float
    first_token_s: Float
    token_s: Float
    latency_s: Float


@dataclass(frozen=True, slots=True)
class Fits:
    """Memory: what a replica needs, and what one device has for it."""

    weight_bytes: Float
    cache_bytes: Float
    """Of one request, as an engine reserves it."""
    usable_bytes: Float
    cache_head_count: Float
    """Devices that can share out the cache, a head each; more of them hold copies."""


class Devices(NamedTuple):
    """Of a replica."""

    sharing_count: Float
    """That share every layer."""
    all_count: Float


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen for a replica."""

    tensor_device_count: Float
    device_count: Float
    batch_count: Float
    batch_limit_count: Float
    meets_goals: Float
    """1 where every goal that is set can be met."""
    weights_share: Float
    """Weights over the memory for them."""

    def notes(self, scenario: Scenario) -> tuple[Note, ...]:
        """What to say of a goal missed, or of a batch that memory cuts."""
        said = []
        if anywhere(self.weights_share > 1):
            share = float(np.max(self.weights_share))
            said.append(Note("weights-do-not-fit", {"share": share}))
        if anywhere(self.meets_goals < 1):
            said.append(Note("latency-goal-missed", {}))
        wanted = scenario.serving_batch_count
        if wanted is not None and anywhere(wanted > self.batch_limit_count):
            limit = float(np.min(self.batch_limit_count))
            said.append(Note("batch-limited-by-memory", {"count": limit}))
        return tuple(said)


def batch_limit(fits: Fits, device_count: Float, tensor_device_count: Float) -> Float:
    """Most requests whose attention cache fits beside the weights; at least one."""
    free = fits.usable_bytes * device_count - fits.weight_bytes
    copies = cache_copy_count(fits, tensor_device_count)
    each = maximum(fits.cache_bytes * copies, LEAST_REQUEST_BYTES)
    return maximum(floor(free / each), 1.0)


def cache_copy_count(fits: Fits, tensor_device_count: Float) -> Float:
    """Copies of the cache that devices which share a layer hold: more than heads cannot share."""
    return maximum(tensor_device_count / fits.cache_head_count, 1.0)


def weights_share(fits: Fits, device_count: Float) -> Float:
    """Weights over the memory for them; above 1 some are read from the host in every step."""
    return fits.weight_bytes / maximum(fits.usable_bytes * device_count, LEAST_REQUEST_BYTES)


def choice(scenario: Scenario, served: Callable[[Float, Float], Times], fits: Fits) -> Choice:
    """Devices and batch of a replica for a scenario's load and goals.

    `served` tells what a replica does, by devices that share its layers and by batch.
    """
    wanted = scenario.serving_batch_count
    batch = _value("serving_batch_count") if wanted is None else wanted
    tensor = _tensor_device_count(scenario, fits, batch)
    if not has_goals(scenario):
        if wanted is None and anywhere(tensor > _tensor_device_count(scenario, fits, 1.0)):
            return _fewest_devices(scenario, served, fits)
        return _chosen(fits, _devices(scenario, tensor), batch, 1.0)
    if wanted is None:
        return _batch_and_devices(scenario, served, fits, tensor)
    devices = _devices(scenario, _enough_devices(scenario, served, tensor))
    running = minimum(wanted, _limit(fits, devices))
    met = _met(scenario, served(devices.sharing_count, running))
    return _chosen(fits, devices, wanted, met)


def batch_choice(
    scenario: Scenario, served: Callable[[Float], Times], fits: Fits, device_count: Float
) -> Choice:
    """Batch of a replica on devices that are settled, for a scenario's load and goals.

    `served` tells what the replica does, by batch.
    """
    wanted, devices = scenario.serving_batch_count, Devices(device_count, device_count)
    if not has_goals(scenario):
        batch = _value("serving_batch_count") if wanted is None else wanted
        return _chosen(fits, devices, batch, 1.0)
    if wanted is None:
        tried = _tried(TRIED_BATCHES, scenario)
        return _best_batch(scenario, served(tried), tried, fits, devices)
    running = minimum(wanted, _limit(fits, devices))
    return _chosen(fits, devices, wanted, _met(scenario, served(running)))


def has_goals(scenario: Scenario) -> bool:
    """Whether any goal of latency is set."""
    return any(goal is not None for goal in _goals(scenario))


def shape(scenario: Scenario) -> tuple[int, ...]:
    """Shape of what one replica does: that of the choices it depends on, together."""
    names = REPLICA_FIELDS + (LOAD_FIELDS if has_goals(scenario) else ())
    values = [getattr(scenario, name) for name in names]
    return np.broadcast_shapes(*[v.shape for v in values if isinstance(v, np.ndarray)])


def longest_wait_s(
    ttft_s: Float, latency_s: Float, ttft_slo_s: Float = np.inf, latency_slo_s: Float = np.inf
) -> Float:
    """Longest wait that still keeps the goals; negative where they are missed without one."""
    return minimum(ttft_slo_s - ttft_s, latency_slo_s - latency_s)


def _waiting_goals(scenario: Scenario) -> tuple[Float, Float]:
    first, whole = scenario.ttft_slo_s, scenario.latency_slo_s
    return np.inf if first is None else first, np.inf if whole is None else whole


def _goals(scenario: Scenario) -> tuple[Float | None, ...]:
    return scenario.ttft_slo_s, scenario.tpot_slo_s, scenario.latency_slo_s


def _devices(scenario: Scenario, sharing_count: Float) -> Devices:
    return Devices(sharing_count, sharing_count * scenario.serving_pipeline_parallel_count)


def _limit(fits: Fits, devices: Devices) -> Float:
    return batch_limit(fits, devices.all_count, devices.sharing_count)


def _chosen(fits: Fits, devices: Devices, wanted: Float, met: Float) -> Choice:
    limit, share = _limit(fits, devices), weights_share(fits, devices.all_count)
    return Choice(*devices, minimum(wanted, limit), limit, met, share)


def _tensor_device_count(scenario: Scenario, fits: Fits, batch_count: Float) -> Float:
    if scenario.serving_tensor_parallel_count is not None:
        return scenario.serving_tensor_parallel_count
    needed_bytes = fits.weight_bytes + batch_count * fits.cache_bytes
    pipeline = scenario.serving_pipeline_parallel_count
    return serving.devices_per_replica(needed_bytes / pipeline, fits.usable_bytes)


def _met(scenario: Scenario, out: Times) -> Float:
    """1 where a replica's own times keep every goal, waiting not counted."""
    times = (out.first_token_s, out.token_s, out.latency_s)
    met: Float = 1.0
    for goal, time_s in zip(_goals(scenario), times, strict=True):
        if goal is not None:
            met = met * where(time_s <= goal, 1.0, 0.0)
    return met


def _tried(options: Array, scenario: Scenario) -> Array:
    """Options along a first axis, before those of the scenario."""
    return np.reshape(options, (-1,) + (1,) * len(shape(scenario)))


def _picked(values: Float, index: np.ndarray, whole: tuple[int, ...]) -> Float:
    """The option at `index` along the first axis of a `whole` shape, for each of the others."""
    every = np.broadcast_to(values, whole)
    return plain(np.take_along_axis(every, index[None, ...], axis=0)[0])


def _fewest_devices(
    scenario: Scenario, served: Callable[[Float, Float], Times], fits: Fits
) -> Choice:
    """The batch that carries the busiest hour with the fewest devices; the largest of several."""
    peak = _busiest_requests_per_s(scenario)
    axes = np.broadcast_shapes(shape(scenario), np.shape(peak))
    tried = np.reshape(_value("serving_batch_count") / SMALLER_BATCHES, (-1,) + (1,) * len(axes))
    devices = _devices(scenario, _tensor_device_count(scenario, fits, tried))
    running = minimum(tried, _limit(fits, devices))
    replicas = serving.replica_count(peak, served(devices.sharing_count, running).requests_per_s)
    needed = np.broadcast_to(maximum(replicas, 1.0) * devices.all_count, (len(tried), *axes))
    index = np.argmin(needed, axis=0)
    sharing, batch = (_picked(v, index, needed.shape) for v in (devices.sharing_count, tried))
    return _chosen(fits, _devices(scenario, sharing), batch, 1.0)


def _busiest_requests_per_s(scenario: Scenario) -> Float:
    return serving.busiest_requests_per_s(
        scenario.requests_per_day, scenario.peak_to_mean_ratio, scenario.serving_hours_per_day
    )


def _enough_devices(
    scenario: Scenario, served: Callable[[Float, Float], Times], tensor: Float
) -> Float:
    if scenario.serving_tensor_parallel_count is not None:
        return tensor
    # Most often the fewest devices are enough: then one replica is worked out and not four.
    if everywhere(_met(scenario, served(tensor, 1.0)) > 0):
        return tensor
    tried = np.asarray(tensor * _tried(TRIED_DEVICE_RATIOS, scenario))
    met = np.broadcast_to(
        _met(scenario, served(tried, np.ones_like(tried))), (len(tried), *shape(scenario))
    )
    return _picked(tried, np.argmax(met > 0, axis=0), met.shape)


def _batch_and_devices(
    scenario: Scenario, served: Callable[[Float, Float], Times], fits: Fits, tensor: Float
) -> Choice:
    """The fewest devices that keep the goals for one request, and the best batch on them."""
    tried = _tried(TRIED_BATCHES, scenario)
    out = served(tensor, tried)
    # Most often the fewest devices are enough, and the first batch tried is one request.
    alone = np.broadcast_to(_met(scenario, out), (len(tried), *shape(scenario)))[0]
    if scenario.serving_tensor_parallel_count is None and not everywhere(alone > 0):
        tensor = _enough_devices(scenario, served, tensor)
        out = served(tensor, tried)
    return _best_batch(scenario, out, tried, fits, _devices(scenario, tensor))


def _best_batch(
    scenario: Scenario, out: Times, tried: Array, fits: Fits, devices: Devices
) -> Choice:
    """The batch that keeps the goals with the fewest replicas; 1 where none does."""
    met = (_met(scenario, out) > 0) & (tried <= _limit(fits, devices))
    replicas = queueing.server_count_for_wait(
        arrivals_per_s=_busiest_requests_per_s(scenario),
        service_time_s=tried / out.requests_per_s,
        variability_ratio=queueing.variability_ratio(
            queueing.RANDOM_ARRIVALS_RATIO, _value("serving_service_variation_ratio")
        ),
        step_count=tried,
        longest_wait_s=longest_wait_s(
            out.first_token_s, out.latency_s, *_waiting_goals(scenario)
        ),
    ) / tried  # fmt: skip
    cost = where(met & np.isfinite(replicas), replicas, np.inf)
    cost = np.broadcast_to(cost, (len(tried), *shape(scenario)))
    batch = _picked(tried, np.argmin(cost, axis=0), cost.shape)
    any_met = where(np.isfinite(cost.min(axis=0)), 1.0, 0.0)
    return _chosen(fits, devices, batch, any_met)


def _value(name: str) -> Float:
    value = assumed(name).value
    assert value is not None
    return value
