"""The shape of a language model that a row names: from its columns, its name, or its size."""

from __future__ import annotations

import math
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
SEPARATORS = re.compile(r"[^a-z0-9.]")
VARIANTS = re.compile("coder|math|omni|vl")
"""What models of one shape are trained for."""
SAME_SIZE = 0.25
"""Logarithm of a size in a name over a known one, up to which both mean the same model."""


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
    return _trained(plain)


def _trained(plain: str) -> ModelShape | None:
    """A shape known from training: the longest of its names in the text, at the size it says."""
    text, said = SEPARATORS.sub("", plain), _named_billion(plain)
    for key, shape in _trained_names():
        if _is_named(key, text) or _is_named(key, VARIANTS.sub("", text)):
            near = said is None or abs(math.log(said / shape.parameters_billion)) < SAME_SIZE
            return shape if near else None
    return None


def _is_named(key: str, text: str) -> bool:
    start, end = text.find(key), text.find(key) + len(key)
    return start >= 0 and not (key[-1].isdigit() and text[end : end + 1].isdigit())


@cache
def _trained_names() -> tuple[tuple[str, ModelShape], ...]:
    pairs = [
        (key, _trained_shape(row))
        for row in loading.csv_rows("transformer_shapes.csv")
        if row["family"] in ("decoder", "hybrid") and row.get("kv_head_count")
        for key in row["names"].split()
    ]
    return tuple(sorted(pairs, key=lambda pair: -len(pair[0])))


def _trained_shape(row: Mapping[str, str]) -> ModelShape:
    def of(column: str, otherwise: float = 0.0) -> float:
        return float(row.get(column) or otherwise)

    size, layers = of("parameters_billion"), of("layer_count")
    share = of("full_attention_share", 1.0)
    return ModelShape(
        parameters_billion=size,
        active_parameters_billion=of("active_parameters_billion", size),
        layer_count=layers,
        hidden_size=of("hidden_size"),
        head_count=of("head_count"),
        kv_head_count=of("kv_head_count"),
        head_size=of("head_size"),
        expert_count=of("expert_count"),
        experts_per_token_count=of("experts_per_token_count"),
        full_layer_count=layers * share,
        window_layer_count=layers * (1.0 - share) if of("window_tokens") else 0.0,
        window_tokens=of("window_tokens"),
    )


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
