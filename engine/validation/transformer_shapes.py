"""Shapes of published transformers, found by the names people give them."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache

from engine.catalogue.loading import HERE
from engine.units import BILLION

ENCODERS = ("encoder", "encoder-decoder")


@dataclass(frozen=True, slots=True)
class Shape:
    """A transformer as far as training speed depends on it."""

    id: str
    family: str
    parameter_count: float
    active_parameter_count: float
    layer_count: float
    hidden_size: float
    attention_size: float
    """Heads times their size."""
    vocabulary_size: float
    tied_embeddings: bool
    expert_count: float
    experts_per_token_count: float
    sequence_tokens: float
    full_attention_share: float
    window_tokens: float

    @property
    def multiplied_parameter_count(self) -> float:
        """Parameters a token is multiplied by: looking up an embedding is no arithmetic."""
        looked_up = 0.0 if self.tied_embeddings else self.vocabulary_size * self.hidden_size
        return self.active_parameter_count - looked_up

    @property
    def is_causal(self) -> bool:
        """Whether each token sees only those before it."""
        return self.family not in ENCODERS

    def attended_tokens(self, sequence_tokens: float) -> float:
        """Tokens each one attends to, twice the mean under a causal mask."""
        window = min(self.window_tokens, sequence_tokens)
        windowed = 2 * window - window**2 / sequence_tokens
        share = self.full_attention_share
        return share * sequence_tokens + (1 - share) * windowed


def shape_named(name: str) -> Shape | None:
    """The shape whose name is the longest one inside this text; None where none is."""
    text = name.lower()
    return next((shape for pattern, shape in _patterns() if pattern.search(text)), None)


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], Shape], ...]:
    with (HERE / "transformer_shapes.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    pairs = [(key, _shape(row)) for row in rows for key in row["names"].split()]
    longest_first = sorted(pairs, key=lambda pair: -len(pair[0]))
    return tuple((_pattern(key, shape), shape) for key, shape in longest_first)


def _pattern(key: str, shape: Shape) -> re.Pattern[str]:
    """The name however its parts are joined: no digits may follow it that make another of it.

    Names of encoders end those of others (`bert` is in `deberta`), so they stand alone.
    """
    before = r"(?<![a-z])" if shape.family in ENCODERS else ""
    after = r"(?!\d|\.\d)" if key[-1].isdigit() else ""
    return re.compile(before + r"[^a-z0-9.]*".join(map(re.escape, key)) + after)


def _shape(row: dict[str, str]) -> Shape:
    def value(column: str, otherwise: float = 0.0) -> float:
        return float(row[column]) if row[column] else otherwise

    return Shape(
        id=row["id"],
        family=row["family"],
        parameter_count=value("parameters_billion") * BILLION,
        active_parameter_count=value("active_parameters_billion", value("parameters_billion"))
        * BILLION,
        layer_count=value("layer_count"),
        hidden_size=value("hidden_size"),
        attention_size=value("head_count") * value("head_size"),
        vocabulary_size=value("vocabulary_size"),
        tied_embeddings=row["tied_embeddings"] == "yes",
        expert_count=value("expert_count", 1.0),
        experts_per_token_count=value("experts_per_token_count", 1.0),
        sequence_tokens=value("sequence_tokens"),
        full_attention_share=value("full_attention_share", 1.0),
        window_tokens=value("window_tokens"),
    )
