"""What keeping bytes costs: rent by tier, requests, reading back, copies in other regions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.elementwise import maximum
from engine.projection.storage_prices import (
    inter_region_price,
    published_storage_price,
    request_prices,
    retrieval_price,
)
from engine.projection.working import assumed, chosen, derive
from engine.records import Estimate
from engine.scenario import Scenario
from engine.units import BYTES_PER_GB, THOUSAND, Float


def storage_usd_per_month(
    everyday_bytes: Float,
    raw_bytes: Float,
    checkpoint_bytes: Float,
    replica_count: Float,
    everyday_usd_per_gb_month: Float,
    raw_usd_per_gb_month: Float,
    checkpoint_usd_per_gb_month: Float,
) -> Float:
    """Rent of the storage for one month, each part in its tier, in all copies."""
    per_copy = (
        everyday_bytes * everyday_usd_per_gb_month
        + raw_bytes * raw_usd_per_gb_month
        + checkpoint_bytes * checkpoint_usd_per_gb_month
    )
    return per_copy / BYTES_PER_GB * replica_count


def requests_usd(
    kept_bytes: Float,
    dataset_bytes: Float,
    epoch_count: Float,
    stored_object_bytes: Float,
    write_usd_per_thousand_requests: Float,
    read_usd_per_thousand_requests: Float,
) -> Float:
    """Price of writing everything kept once, and of reading the training data every pass."""
    writes = kept_bytes / stored_object_bytes
    reads = dataset_bytes * epoch_count / stored_object_bytes
    cost = writes * write_usd_per_thousand_requests + reads * read_usd_per_thousand_requests
    return cost / THOUSAND


def retrieval_usd(
    raw_bytes: Float,
    checkpoint_bytes: Float,
    raw_usd_per_gb: Float,
    checkpoint_usd_per_gb: Float,
) -> Float:
    """Price of reading the raw data and the checkpoints back once from where they are kept."""
    return (raw_bytes * raw_usd_per_gb + checkpoint_bytes * checkpoint_usd_per_gb) / BYTES_PER_GB


def storage_usd(
    storage_usd_per_month: Float,
    horizon_months: Float,
    requests_usd: Float,
    retrieval_usd: Float,
) -> Float:
    """Rent of the storage over the horizon, all kept to its end, with its requests."""
    return storage_usd_per_month * horizon_months + requests_usd + retrieval_usd


def copied_bytes(kept_bytes: Float, replica_count: Float) -> Float:
    """Bytes sent to other regions: every copy beyond the first, once."""
    return kept_bytes * maximum(replica_count - 1.0, 0.0) / replica_count


def copies_usd(kept_bytes: Float, replica_count: Float, inter_region_usd_per_gb: Float) -> Float:
    """Price of sending each copy beyond the first to its own region, once."""
    sent_share = maximum(replica_count - 1.0, 0.0) / replica_count
    return kept_bytes * sent_share / BYTES_PER_GB * inter_region_usd_per_gb


@dataclass(frozen=True, slots=True)
class Price:
    """What the kept bytes cost."""

    usd_per_month: Estimate
    storage_usd: Estimate
    copies_usd: Estimate


def price(
    scenario: Scenario, parts: Mapping[str, Estimate], kept_bytes: Estimate, dataset_bytes: Estimate
) -> Price:
    """Price of what is kept: `parts` as `storage_usd_per_month` names them."""
    seller = scenario.storage_provider
    per_month = derive(
        storage_usd_per_month,
        **parts,
        everyday_usd_per_gb_month=published_storage_price(seller),
        raw_usd_per_gb_month=published_storage_price(seller, scenario.raw_data_tier),
        checkpoint_usd_per_gb_month=published_storage_price(seller, scenario.checkpoint_tier),
    )
    all_usd = derive(
        storage_usd,
        storage_usd_per_month=per_month,
        horizon_months=chosen(scenario.horizon_months),
        requests_usd=_requests(scenario, kept_bytes, dataset_bytes),
        retrieval_usd=_retrieval(scenario, parts["raw_bytes"], parts["checkpoint_bytes"]),
    )
    copies = derive(
        copies_usd,
        kept_bytes=kept_bytes,
        replica_count=parts["replica_count"],
        inter_region_usd_per_gb=inter_region_price(seller),
    )
    return Price(per_month, all_usd, copies)


def _requests(scenario: Scenario, everything: Estimate, dataset: Estimate) -> Estimate:
    writes, reads = request_prices(scenario.storage_provider)
    return derive(
        requests_usd,
        kept_bytes=everything,
        dataset_bytes=dataset,
        epoch_count=chosen(scenario.epoch_count),
        stored_object_bytes=assumed("stored_object_bytes"),
        write_usd_per_thousand_requests=writes,
        read_usd_per_thousand_requests=reads,
    )


def _retrieval(scenario: Scenario, raw_data: Estimate, checkpoints: Estimate) -> Estimate:
    seller = scenario.storage_provider
    return derive(
        retrieval_usd,
        raw_bytes=raw_data,
        checkpoint_bytes=checkpoints,
        raw_usd_per_gb=retrieval_price(seller, scenario.raw_data_tier),
        checkpoint_usd_per_gb=retrieval_price(seller, scenario.checkpoint_tier),
    )
