"""Bytes kept and moved, and their price."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.elementwise import clip, floor, maximum, minimum, where
from engine.projection import storage_bills
from engine.projection.memory import FULL_WEIGHT_BYTES, OPTIMISER_BYTES
from engine.projection.preparation import raw
from engine.projection.serving import weight_bytes
from engine.projection.sized import Sized
from engine.projection.storage_prices import published_egress_tiers
from engine.projection.training import Work
from engine.projection.working import (
    assumed,
    chosen,
    derive,
    known_fact,
)
from engine.records import Estimate
from engine.scenario import Scenario
from engine.units import BILLION, BYTES_PER_GB, BYTES_PER_VALUE, DAYS_PER_MONTH, Float


def dataset_bytes(
    dataset_items_billion: Float, bytes_per_item: Float, training_run_count: Float
) -> Float:
    """Bytes of the training data; none is kept for a model taken as it is."""
    return where(training_run_count > 0, dataset_items_billion * BILLION * bytes_per_item, 0.0)


def kept_checkpoint_count(
    time_h: Float,
    checkpoint_interval_hours: Float,
    checkpoints_kept_count: Float,
    training_run_count: Float,
) -> Float:
    """Checkpoints on storage: those written, as many as are to be kept."""
    written = maximum(floor(time_h / checkpoint_interval_hours), 1.0)
    return where(training_run_count > 0, minimum(written, checkpoints_kept_count), 0.0)


def checkpoint_bytes(
    parameter_count: Float, state_bytes_per_parameter: Float, kept_checkpoint_count: Float
) -> Float:
    """Bytes of all checkpoints kept: 32-bit weights and optimiser state, no gradients.

    Only of parameters that learn: weights that stay as they are lie beside them once, as served.

    Source: Bekman, "Machine Learning Engineering", checkpoint size,
    https://github.com/stas00/ml-engineering
    """
    return parameter_count * state_bytes_per_parameter * kept_checkpoint_count


def everyday_bytes(dataset_bytes: Float, artefact_bytes: Float) -> Float:
    """What is read at any time: the training data and the finished model."""
    return dataset_bytes + artefact_bytes


def kept_bytes(
    everyday_bytes: Float, raw_bytes: Float, checkpoint_bytes: Float, replica_count: Float
) -> Float:
    """Everything kept, in all its copies."""
    return (everyday_bytes + raw_bytes + checkpoint_bytes) * replica_count


def request_bytes(input_items_per_request: Float, bytes_per_item: Float) -> Float:
    """Bytes one request brings in."""
    return input_items_per_request * bytes_per_item


def response_bytes(answered_items_per_request: Float, response_bytes_per_item: Float) -> Float:
    """Bytes one answer sends out: for each item written, or for each item judged."""
    return answered_items_per_request * response_bytes_per_item


def network_bytes(request_count: Float, request_bytes: Float, response_bytes: Float) -> Float:
    """Bytes in and out over the horizon."""
    return request_count * (request_bytes + response_bytes)


def egress_gb_per_month(requests_per_day: Float, response_bytes: Float) -> Float:
    """GB sent out in a month; what comes in is not charged."""
    return requests_per_day * DAYS_PER_MONTH * response_bytes / BYTES_PER_GB


def egress_usd_per_month(
    egress_gb_per_month: Float, tier_start_gb: Float, tier_usd_per_gb: Float
) -> Float:
    """Price of a month's traffic out of the seller's network, each tier at its own price."""
    starts, prices = np.atleast_1d(tier_start_gb), np.atleast_1d(tier_usd_per_gb)
    total_usd: Float = 0.0
    for tier in range(starts.shape[-1]):
        start = starts[..., tier]
        end = starts[..., tier + 1] if tier + 1 < starts.shape[-1] else np.inf
        in_tier_gb = clip(egress_gb_per_month - start, 0.0, end - start)
        total_usd = total_usd + in_tier_gb * prices[..., tier]
    return total_usd


def network_usd(egress_usd_per_month: Float, horizon_months: Float) -> Float:
    """Price of the traffic over the horizon."""
    return egress_usd_per_month * horizon_months


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept, and its price."""

    raw_bytes: Estimate
    dataset_bytes: Estimate
    checkpoint_bytes: Estimate
    artefact_bytes: Estimate
    kept_bytes: Estimate
    cost_usd_per_month: Estimate
    storage_usd: Estimate
    copies_usd: Estimate


@dataclass(frozen=True, slots=True)
class Traffic:
    """What goes in and out, and its price."""

    network_bytes: Estimate
    network_usd: Estimate


def kept(scenario: Scenario, model: Sized, work: Work) -> Kept:
    """What the scenario keeps over its horizon."""
    dataset = _dataset(scenario, model)
    raw_data = raw(scenario, model, dataset)
    checkpoints = _checkpoints(scenario, work)
    artefact = derive(
        weight_bytes,
        parameter_count=model.parameter_count,
        bytes_per_value=chosen(_artefact_bytes_per_value(scenario)),
    )
    everyday = derive(everyday_bytes, dataset_bytes=dataset, artefact_bytes=artefact)
    parts = {
        "everyday_bytes": everyday,
        "raw_bytes": raw_data,
        "checkpoint_bytes": checkpoints,
        "replica_count": chosen(scenario.replica_count),
    }
    everything = derive(kept_bytes, **parts)
    price = storage_bills.price(scenario, parts, everything, dataset)
    return Kept(
        raw_data,
        dataset,
        checkpoints,
        artefact,
        everything,
        price.usd_per_month,
        price.storage_usd,
        price.copies_usd,
    )


def raw_bytes(scenario: Scenario, model: Sized) -> Estimate:
    """Bytes of the raw data, which the training data is made from."""
    return raw(scenario, model, _dataset(scenario, model))


def _dataset(scenario: Scenario, model: Sized) -> Estimate:
    return derive(
        dataset_bytes,
        dataset_items_billion=chosen(scenario.dataset_items_billion),
        bytes_per_item=bytes_per_item(scenario, model),
        training_run_count=chosen(scenario.training_run_count),
    )


def _artefact_bytes_per_value(scenario: Scenario) -> float:
    """Bytes a parameter takes in the finished model, kept as trained and as served."""
    return sum(BYTES_PER_VALUE[p] for p in {scenario.precision, scenario.serving_precision})


def _checkpoints(scenario: Scenario, work: Work) -> Estimate:
    state_bytes = FULL_WEIGHT_BYTES + OPTIMISER_BYTES[scenario.optimiser]
    return derive(
        checkpoint_bytes,
        parameter_count=work.trained_parameter_count,
        state_bytes_per_parameter=chosen(state_bytes),
        kept_checkpoint_count=derive(
            kept_checkpoint_count,
            time_h=work.time_h,
            checkpoint_interval_hours=chosen(scenario.checkpoint_interval_hours),
            checkpoints_kept_count=chosen(scenario.checkpoints_kept_count),
            training_run_count=chosen(scenario.training_run_count),
        ),
    )


def traffic(scenario: Scenario, model: Sized, requests: Estimate) -> Traffic:
    """What serving the scenario's load sends and receives."""
    per_item = bytes_per_item(scenario, model)
    answered = (
        scenario.output_items_per_request if model.generates else scenario.input_items_per_request
    )
    response = derive(
        response_bytes,
        answered_items_per_request=chosen(answered),
        response_bytes_per_item=assumed(f"response_bytes_per_{model.known.item}"),
    )
    request = derive(
        request_bytes,
        input_items_per_request=chosen(scenario.input_items_per_request),
        bytes_per_item=per_item,
    )
    starts, prices = published_egress_tiers(scenario.storage_provider)
    per_month = derive(
        egress_usd_per_month,
        egress_gb_per_month=derive(
            egress_gb_per_month,
            requests_per_day=chosen(scenario.requests_per_day),
            response_bytes=response,
        ),
        tier_start_gb=starts,
        tier_usd_per_gb=prices,
    )
    return Traffic(
        derive(
            network_bytes, request_count=requests, request_bytes=request, response_bytes=response
        ),
        derive(
            network_usd,
            egress_usd_per_month=per_month,
            horizon_months=chosen(scenario.horizon_months),
        ),
    )


def bytes_per_item(scenario: Scenario, model: Sized) -> Estimate:
    """Bytes of one token, image or row: chosen, else published for the model, else assumed."""
    if scenario.dataset_bytes_per_item is not None:
        return chosen(scenario.dataset_bytes_per_item)
    known = model.known
    if known.dataset_bytes_per_item is not None:
        return known_fact(known.dataset_bytes_per_item, known.sources)
    return assumed(f"dataset_bytes_per_{known.item}")
