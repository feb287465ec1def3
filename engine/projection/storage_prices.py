"""What sellers charge for keeping and sending bytes."""

from __future__ import annotations

from functools import cache

import numpy as np

from engine import catalogue
from engine.catalogue.schema import StoragePrice
from engine.projection.working import source_record, unknown
from engine.records import Estimate

GB_PER_TB = 1e3
EVERYDAY_TIERS = frozenset({"Standard", "Hot LRS"})
"""Tiers whose bytes can be read at any time without a fee."""


@cache
def published_storage_price(provider: str) -> Estimate:
    """Median price of a seller's everyday object storage over its regions."""
    prices = [
        p
        for p in catalogue.storage_prices(provider)
        if p.kind == "object" and p.tier in EVERYDAY_TIERS
    ]
    if not prices:
        return unknown(f"no object storage price is on record for {provider}")
    by_value = sorted(prices, key=lambda p: p.value)
    return _price(by_value[len(by_value) // 2])


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
    source = source_record(in_order[0].source)
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
    source = source_record(price.source)
    return Estimate(price.value, "published", source=source, note=price.note)
