"""What sellers charge for keeping and sending bytes."""

from __future__ import annotations

from datetime import date
from functools import cache

import numpy as np

from engine import catalogue
from engine.catalogue.schema import StoragePrice
from engine.projection.working import assumed, nothing, source_record, unknown
from engine.records import Estimate
from engine.scenario import Tier

GB_PER_TB = 1e3
TIERS: dict[Tier, frozenset[str]] = {
    "hot": frozenset({"Standard", "Hot LRS"}),
    "cool": frozenset({"Standard-IA", "Cool LRS", "Nearline", "Infrequent Access"}),
    "archive": frozenset({"Glacier Deep Archive", "Archive LRS", "Archive"}),
}
"""What sellers call each tier; only the first can be read without a fee."""
WRITES = "Class A"
READS = "Class B"


@cache
def published_storage_price(provider: str, tier: Tier = "hot") -> Estimate:
    """Median price of a tier of a seller's object storage over its regions, with their range."""
    prices = _prices(provider, "object", tier)
    if not prices:
        return unknown(f"no price of {tier} object storage is on record for {provider}")
    low, high = prices[0].value, prices[-1].value
    return _price(prices[len(prices) // 2])._replace(low=low, high=high)


@cache
def retrieval_price(provider: str, tier: Tier) -> Estimate:
    """Price of reading a GB back from a tier."""
    if tier == "hot":
        return nothing("the everyday tier is read without a fee")
    found = _prices(provider, "retrieval", tier)
    return _price(found[0]) if found else assumed(f"retrieval_usd_per_gb_{tier}")


@cache
def request_prices(provider: str) -> tuple[Estimate, Estimate]:
    """Price of a thousand writes and of a thousand reads."""
    return (
        _request_price(provider, WRITES, "write_usd_per_thousand_requests"),
        _request_price(provider, READS, "read_usd_per_thousand_requests"),
    )


def _request_price(provider: str, of_class: str, assumption: str) -> Estimate:
    for price in catalogue.storage_prices(provider):
        if price.kind == "request" and price.tier.startswith(of_class):
            return _price(price)
    return assumed(assumption)


@cache
def price_date(provider: str) -> date | None:
    """Day the newest price of a seller's everyday storage held; None where none is dated."""
    found = _prices(provider, "object", "hot")
    return max((p.as_of for p in found if p.as_of), default=None)


@cache
def inter_region_price(provider: str) -> Estimate:
    """Price of sending a GB to another region of the same seller."""
    found = [p for p in catalogue.storage_prices(provider) if p.kind == "inter_region"]
    if not found:
        return unknown(f"no price between regions is on record for {provider}")
    return _price(found[0])


def _prices(provider: str, kind: str, tier: Tier) -> list[StoragePrice]:
    """Prices of one kind and tier, cheapest first."""
    listed = catalogue.storage_prices(provider)
    found = [p for p in listed if p.kind == kind and p.tier in TIERS[tier]]
    return sorted(found, key=lambda p: p.value)


@cache
def published_egress_tiers(provider: str) -> tuple[Estimate, Estimate]:
    """Where each tier of a seller's price for traffic to the internet starts, and its price."""
    tiers = [
        p
        for p in catalogue.storage_prices(provider)
        if p.kind == "egress" and p.tier.startswith(("<=", ">"))
    ]
    if not tiers:
        missing = unknown(f"no egress price is on record for {provider}")
        return missing, missing
    in_order = sorted(tiers, key=_tier_limit_gb)
    limits = [_tier_limit_gb(p)[0] for p in in_order]
    starts = [limits[i - 1] if i else _first_start_gb(p) for i, p in enumerate(in_order)]
    source = source_record(in_order[0].source, in_order[0].as_of)
    return (
        Estimate(np.array(starts), "published", source=source, note="GB a month"),
        Estimate(np.array([p.value for p in in_order]), "published", source=source),
    )


def _tier_limit_gb(price: StoragePrice) -> tuple[float, bool]:
    """GB at the tier's one printed limit, and whether it lies above: the open tier comes last."""
    is_open = price.tier.startswith(">")
    return float(price.tier.lstrip("<=>").removesuffix("TB")) * GB_PER_TB, is_open


def _first_start_gb(price: StoragePrice) -> float:
    """Start of the first tier: 0, or what is free where only an open tier is charged."""
    limit_gb, is_open = _tier_limit_gb(price)
    return limit_gb if is_open else 0.0


def _price(price: StoragePrice) -> Estimate:
    source = source_record(price.source, price.as_of)
    return Estimate(price.value, "published", source=source, note=price.note)
