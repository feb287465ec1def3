"""What a dollar is in other currencies, on a day: the rates of the European Central Bank.

The rates come with the library and need no network; their last day is told with each of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TYPE_CHECKING

from engine.catalogue.schema import SourceFact
from engine.records import BadInput

if TYPE_CHECKING:
    from currency_converter import CurrencyConverter

CURRENCIES = ("USD", "EUR", "CNY", "GBP", "JPY")
"""Currencies that amounts are shown in; the engine counts in the first."""

RATES_URL = (
    "https://www.ecb.europa.eu/stats/policy_and_exchange_rates/"
    "euro_reference_exchange_rates/html/index.en.html"
)


@dataclass(frozen=True, slots=True)
class Rate:
    """How many units of a currency one US dollar is."""

    currency: str
    units_per_usd: float
    as_of: date
    source: SourceFact


@cache
def rate(currency: str, on: date | None = None) -> Rate:
    """Rate of a currency on a day, or the newest on record; that of the day before where none is.

    Raises:
        BadInput: the currency is not known, or there was no rate as early as that.
    """
    if currency not in CURRENCIES:
        raise BadInput(
            f"No currency {currency!r}. Known: {', '.join(CURRENCIES)}. "
            "To add one, name it in engine/catalogue/currency.py."
        )
    first, last = _bounds(currency)
    if on is not None and on < first:
        raise BadInput(f"No rate of {currency} before {first}; {on} was asked. Take a later day.")
    day = last if on is None else min(on, last)
    source = SourceFact(
        title="European Central Bank, euro reference rates", url=RATES_URL, checked=last
    )
    return Rate(currency, _units_per_usd(currency, day), day, source)


def _units_per_usd(currency: str, day: date) -> float:
    return 1.0 if currency == "USD" else float(_converter().convert(1.0, "USD", currency, date=day))


def _bounds(currency: str) -> tuple[date, date]:
    """First and last day on which both the currency and the dollar have a rate."""
    bounds = [_converter().bounds[c] for c in {currency, "USD"} - {"EUR"}]
    return max(b.first_date for b in bounds), min(b.last_date for b in bounds)


@cache
def _converter() -> CurrencyConverter:
    # Reading the rates takes a quarter of a second: only what shows another currency pays it.
    from currency_converter import CurrencyConverter

    return CurrencyConverter(
        fallback_on_missing_rate=True, fallback_on_missing_rate_method="last_known"
    )
