"""Which currency money is shown in, from the address; the engine counts in dollars."""

from contextvars import ContextVar
from functools import cache

from babel.numbers import get_currency_name, get_currency_symbol

from dashboard import link
from engine.catalogue.currency import Rate
from engine.catalogue.currency import rate as engine_rate

DEFAULT = "USD"
SHOWN = ("USD", "EUR", "CNY")
"""Currencies to choose from, in menu order."""

_shown: ContextVar[str | None] = ContextVar("_shown", default=None)
"""Currency of this run, as the language is kept."""


def shown() -> str:
    """Currency of this page; dollars where none is asked."""
    return _shown.get() or _asked()


def _asked() -> str:
    asked = link.get("currency", DEFAULT)
    return asked if asked in SHOWN else DEFAULT


def watch() -> str:
    """Read the currency, once a run."""
    _shown.set(_asked())
    return shown()


def rate() -> Rate:
    """What one dollar is in the currency shown, with the day of the rate."""
    return engine_rate(shown())


def converted(value_usd: float) -> float:
    """Dollars in the currency shown."""
    # Dollars need no rate, and reading the rates takes a quarter of a second.
    return value_usd if shown() == DEFAULT else value_usd * rate().units_per_usd


def typed(value_usd: float) -> float:
    """Dollars as a box to type in shows them: a round number typed there comes back as round."""
    return float(f"{converted(value_usd):.12g}") if shown() != DEFAULT else value_usd


def dollars(value: float) -> float:
    """An amount of the currency shown in dollars."""
    return value if shown() == DEFAULT else value / rate().units_per_usd


def name(language: str) -> str:
    """What the currency is called: $, €, CN¥ in English; 美元, 欧元, 元 in Chinese."""
    return _name(shown(), language)


@cache
def _name(code: str, language: str) -> str:
    if (code, language) == ("CNY", "zh"):
        return "元"  # As people say it: 33.9 万元.
    if language == "zh":
        return get_currency_name(code, locale="zh")
    return get_currency_symbol(code, locale=language)
