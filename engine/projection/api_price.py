"""What a seller of answers would ask for the same load, by the prices on record."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

from engine.projection.working import chosen, derive, unknown
from engine.records import BadInput, Estimate, Source
from engine.scenario import Scenario
from engine.units import MILLION, Float

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, Provider

VARIANTS = (
    "instruct|chat|hf|it|instant|versatile|specdec|turbo|lite|fast|preview|bf16|fp8|awq|32768"
    r"|v0\.[1-3]|17b|16e|128e|0324|0528"
)
"""Words of sellers for how they serve a model, and for its releases."""
NOT_ASKED = unknown("no seller's model was chosen to compare with")


def api_cost_usd(
    request_count: Float,
    input_tokens: Float,
    output_tokens: Float,
    cached_input_share: Float,
    usd_per_million_input_tokens: Float,
    usd_per_million_cached_tokens: Float,
    usd_per_million_output_tokens: Float,
) -> Float:
    """Price of a load by the token; input found in the seller's cache at its own price."""
    input_usd = (
        cached_input_share * usd_per_million_cached_tokens
        + (1.0 - cached_input_share) * usd_per_million_input_tokens
    )
    each = input_tokens * input_usd + output_tokens * usd_per_million_output_tokens
    return request_count * each / MILLION


def api_usd(scenario: Scenario, request_count: Estimate) -> Estimate:
    """What the scenario's load costs at the seller chosen; unknown where none is.

    Raises:
        BadInput: no seller on record has that model.
    """
    if scenario.api_model is None:
        return NOT_ASKED
    prices = _prices(scenario.api_model)
    return derive(
        api_cost_usd,
        request_count=request_count,
        input_tokens=chosen(scenario.input_items_per_request),
        output_tokens=chosen(
            scenario.output_items_per_request + scenario.reasoning_tokens_per_request
        ),
        cached_input_share=chosen(scenario.prefix_cache_hit_share),
        **prices,
    )


def models() -> dict[str, str]:
    """Name of every model sold by the token for one fixed price, by `provider:model`."""
    return dict(_names())


@cache
def _names() -> tuple[tuple[str, str], ...]:
    return tuple(
        (f"{seller.id}:{model.id}", f"{_spelled(model.name or model.id)} ({_through(seller)})")
        for seller in _sellers()
        for model in seller.models
        if _token_prices(model) is not None
    )


def _spelled(name: str) -> str:
    """As its maker writes it, and as people look for it: GPT-4.1, not gpt 4.1."""
    return re.sub(r"^gpt (?=\d)", "GPT-", name)


def _through(seller: Provider) -> str:
    """Who sells, and through whom, without brackets: HuggingFace, ovhcloud."""
    return re.sub(r" \((.+)\)$", r", \1", seller.name)


@cache
def offers_of(model_id: str) -> tuple[str, ...]:
    """Every fixed price of that same model, as `provider:model`: its name and nothing but variants.

    Models that others tuned or distilled from it carry its name as well, among other words.
    """
    own = re.compile(rf"(meta-)?{re.escape(model_id)}(-({VARIANTS}))*")
    names = (name for name, _ in _names())
    return tuple(name for name in names if own.fullmatch(_model_of(name)))


def _model_of(name: str) -> str:
    return name.partition(":")[2].rpartition("/")[2].lower()


@cache
def _prices(name: str) -> dict[str, Estimate]:
    seller_id, _, model_id = name.partition(":")
    for seller in _sellers():
        found = next((m for m in seller.models if m.id == model_id), None)
        if seller.id == seller_id and found is not None:
            prices = _token_prices(found)
            if prices is not None:
                return _estimates(seller, found, prices)
    near = ", ".join([n for n, _ in _names() if model_id and model_id in n][:3])
    hint = f" Close: {near}." if near else ""
    raise BadInput(
        f"No seller's price is on record for api_model '{name}'.{hint} Write provider:model, "
        f"e.g. {_names()[0][0]}; {len(_names())} are known."
    )


def _estimates(
    seller: Provider, model: ModelInfo, prices: tuple[float, float, float]
) -> dict[str, Estimate]:
    from importlib.metadata import version

    title = f"genai-prices {version('genai-prices')}: {_through(seller)}, {model.name or model.id}"
    source = Source(title, (seller.pricing_urls or [""])[0])
    names = ("input", "cached", "output")
    return {
        f"usd_per_million_{name}_tokens": Estimate(price, "published", source=source)
        for name, price in zip(names, prices, strict=True)
    }


def _sellers() -> list[Provider]:
    from genai_prices import data

    return data.providers


def _token_prices(model: ModelInfo) -> tuple[float, float, float] | None:
    """Input, cached input and output per million tokens; None where prices depend on more."""
    prices = model.prices
    asked = getattr(prices, "input_mtok", None)
    cached = getattr(prices, "cache_read_mtok", None)
    written = getattr(prices, "output_mtok", None)
    if not isinstance(asked, Decimal) or not isinstance(written, Decimal):
        return None
    return float(asked), float(cached if isinstance(cached, Decimal) else asked), float(written)
