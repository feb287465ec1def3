"""The shape of a language model that a row names: from its columns, its name, or its size."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from engine.catalogue import loading
from engine.validation.rows import Row, number

BILLION_IN_NAME = re.compile(r"(?<![a-z\d.])(\d+\.?\d*)\s*b(?![a-z])")
MILLION_IN_NAME = re.compile(r"(?<![a-z\d.])(\d+\.?\d*)\s*m(?![a-z])")
ACTIVE_IN_NAME = re.compile(r"-a(\d+\.?\d*)b(?![a-z])")
EDGE_IN_NAME = re.compile(r"[-.]e(\d)b")
"""Gemma names models by what they take at the edge, as in E2B."""


@dataclass(frozen=True, slots=True)
class ModelShape:
    """A decoder as far as serving it costs; field names as in `serving_sizes.Serving`."""

    parameters_billion: float
    active_parameters_billion: float
    layer_count: float
    hidden_size: float
    head_count: float
    kv_head_count: float
    head_size: float
    expert_count: float = 0.0
    experts_per_token_count: float = 0.0
    full_layer_count: float = 0.0
    window_layer_count: float = 0.0
    window_tokens: float = 0.0
    latent_values: float = 0.0
    state_bytes: float = 0.0


def model_shape(row: Row) -> tuple[ModelShape, bool] | None:
    """The shape, and whether it was only scaled from the size; None where no size is known."""
    known = _by_name(row.get("model", ""))
    if number(row.get("layers")) and number(row.get("params_b")):
        return _from_columns(row, known), False
    if known is not None:
        return known, False
    size = _size(row)
    return (scaled_shape(*size), True) if size else None


def plain_name(name: str) -> str:
    """A model's name as the patterns of the shapes file expect it."""
    return name.lower().replace(" ", "-").replace("_", "-")


@cache
def _by_name(name: str) -> ModelShape | None:
    plain = plain_name(name)
    for row in loading.csv_rows("serving_shapes.csv"):
        if re.search(row["name_pattern"], plain):
            skipped = ("name_pattern", "source")
            return ModelShape(**{k: float(v) for k, v in row.items() if k not in skipped})
    return None


def _from_columns(row: Row, known: ModelShape | None) -> ModelShape:
    def of(column: str, otherwise: float = 0.0) -> float:
        return number(row.get(column)) or otherwise

    heads, layers = of("heads"), of("layers")
    usual = known.head_size if known else of("hidden") / max(heads, 1.0)
    given = ModelShape(
        parameters_billion=of("params_b"),
        active_parameters_billion=of("active_params_b", of("params_b")),
        layer_count=layers,
        hidden_size=of("hidden"),
        head_count=heads,
        kv_head_count=of("kv_heads", heads),
        head_size=of("head_dim", usual),
        expert_count=of("n_experts"),
        experts_per_token_count=of("experts_per_tok"),
        full_layer_count=layers,
    )
    return given if known is None else replace(given, **_looking_back(known))


def _looking_back(known: ModelShape) -> Mapping[str, float]:
    names = ("full_layer_count", "window_layer_count", "window_tokens", "latent_values")
    return {name: getattr(known, name) for name in (*names, "state_bytes")}


def _size(row: Row) -> tuple[float, float] | None:
    """Billions of parameters, and of those active, from columns or the name."""
    plain = plain_name(row.get("model", ""))
    total = number(row.get("params_b")) or _named_billion(plain)
    if total is None:
        return None
    named = ACTIVE_IN_NAME.search(plain)
    active = float(named[1]) if named else number(row.get("active_params_b"))
    return total, min(active or total, total)


def _named_billion(plain: str) -> float | None:
    for pattern, billion in ((BILLION_IN_NAME, 1.0), (EDGE_IN_NAME, 1.0), (MILLION_IN_NAME, 1e-3)):
        found = pattern.search(plain)
        if found:
            return float(found[1]) * billion
    return None


def scaled_shape(parameters_billion: float, active_billion: float) -> ModelShape:
    """A usual decoder of this size.

    Width and depth grow as in the Qwen3 series (0.6B to 32B); a mixture of experts is as
    wide as a dense model of its active size, and has 128 experts of which eight are asked.
    """
    sparse = active_billion < parameters_billion
    scale = active_billion / 0.45
    hidden = min(128.0 * round(max(512.0, 1024.0 * scale**0.36) / 128), 16_384.0)
    deep = 36.0 * (parameters_billion / 30.0) ** 0.2 if sparse else 24.0 * scale**0.24
    layers = float(max(24 if sparse else 12, round(deep)))
    heads = max(4.0, hidden // 128)
    return ModelShape(
        parameters_billion=parameters_billion,
        active_parameters_billion=active_billion,
        layer_count=layers,
        hidden_size=hidden,
        head_count=heads,
        kv_head_count=min(8.0, heads),
        head_size=128.0,
        expert_count=128.0 if sparse else 0.0,
        experts_per_token_count=8.0 if sparse else 0.0,
        full_layer_count=layers,
    )
