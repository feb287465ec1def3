"""Dollars in another currency, for those who read them; the engine itself counts in dollars."""

from __future__ import annotations

from datetime import date

from engine.catalogue import currency
from engine.projection.working import derive, source_record
from engine.records import Estimate
from engine.units import Float


def converted(cost_usd: Float, units_per_usd: Float) -> Float:
    """An amount in another currency at one day's rate."""
    return cost_usd * units_per_usd


def exchange_rate(name: str, on: date | None = None) -> Estimate:
    """How many units of a currency one dollar is, with the day and the source.

    Raises:
        BadInput: the currency is not known, or there was no rate as early as that.
    """
    found = currency.rate(name, on)
    return Estimate(
        found.units_per_usd,
        "published",
        source=source_record(found.source),
        note=f"{found.currency} for one USD on {found.as_of}",
    )


def in_currency(amount_usd: Estimate, name: str, on: date | None = None) -> Estimate:
    """A dollar amount in another currency; in dollars it stays what it is.

    Raises:
        BadInput: the currency is not known, or there was no rate as early as that.
    """
    if name == "USD":
        return amount_usd
    return derive(converted, cost_usd=amount_usd, units_per_usd=exchange_rate(name, on))
