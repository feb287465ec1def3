"""The transformer a row of a training table is about: from its columns, else from its name."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np

from engine.units import BILLION
from engine.validation.rows import Row, number
from engine.validation.transformer_shapes import Shape, shape_named

FINE_TUNING_TOKENS = 512.0
SQUAD_TOKENS = 384.0
"""Question answering over SQuAD cuts its texts to this many, whatever the model (BERT's code).

It is what encoders are fine-tuned on where a row does not say; else they learn at their longest.
"""
MASKED_SHARE = 0.15
"""Of an encoder's positions, those whose word is guessed. Devlin et al. 2019, section 3.1."""
LARGE_MICRO_BATCH = 16.0
"""A model named without its size is the smaller one where this many sequences fit a device."""
VOCABULARY_SIZE = 50_000.0
EXPERTS = re.compile(r"(\d+)x(\d+(?:\.\d+)?)b")
SIZE = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)\s*([tbm])(?:illion)?(?![a-z])(?!\s*tok)")
JOINED_SIZE = re.compile(r"(?<![\d.])(?<![^a-z]a)(\d+(?:\.\d+)?)([tbm])(?![a-z])")
"""`GPT-3 13B` and, where none stands alone, `gpt13b`."""
SCALE = {"t": 1e12, "b": 1e9, "m": 1e6}
ROUNDING_OF_NAMES = 0.35
"""Logarithm: MiniCPM-2B has 2.7 billion parameters."""
EXPERT_COUNT = r"(?<![\w.])(\d+)(?:e|[ -]?experts)(?![a-z])"
TOP_COUNT = r"top-?\s?(\d+)"
FEWEST_PARAMETERS = 10_000.0
FEW_EXPERTS = (8.0, 2.0)
MANY_EXPERTS = (128.0, 8.0)
SPARSE_RATIO = 5.0
TOTAL_PER_NAMED_EXPERT = 0.83
ACTIVE_PER_NAMED_EXPERT = 1.84
"""Mixtral 8x7B has 46.7 billion parameters, 12.9 active: attention is shared."""


class ImpossibleError(ValueError):
    """Why nothing can be predicted for a row."""


@dataclass(frozen=True, slots=True)
class Model:
    """A transformer as a row describes it."""

    shape_id: str
    parameter_count: float
    multiplied_parameter_count: float
    layer_count: float
    hidden_size: float
    attention_size: float
    vocabulary_size: float
    expert_count: float
    experts_per_token_count: float
    sequence_tokens: float
    attended_tokens: float
    is_causal: bool
    is_known: bool
    """Whether layers and width were read somewhere, not taken from the size."""

    @property
    def attention_flop_per_token(self) -> float:
        """Scores and their use, forward and backward: half of it under a causal mask."""
        all_seen = 12 * self.layer_count * self.attention_size * self.attended_tokens
        return all_seen / 2 if self.is_causal else all_seen


def model_of(row: Row) -> Model:
    """The transformer a row describes by its columns, else by its model's name.

    Raises:
        ImpossibleError: neither size nor shape can be told.
    """
    known = shape_named(_name(row))
    if known is not None and not _is_of_named_size(known, row.get("model", "")):
        known = None
    layers = number(row.get("layers"))
    parameters = _stated(row, "params") or _total_in_name(row.get("model", ""))
    sequence = _sequence_tokens(row, known)
    if known is not None and (parameters is None or _agrees(parameters, known.parameter_count)):
        return _known_model(known, layers / known.layer_count if layers else 1.0, sequence)
    if known is not None and known.expert_count > 1 and parameters is not None:
        return _known_model(known, parameters / known.parameter_count, sequence)
    return _described_model(row, sequence)


def _stated(row: Row, column: str) -> float | None:
    """Parameters as a column states them: few of them are counted in billions."""
    text = row.get(column, "")
    value = _size_in_name(text) or number(text)
    return value * BILLION if value and value < FEWEST_PARAMETERS else value


def _name(row: Row) -> str:
    name = row.get("model", "")
    unsized = "transformer-xl" in name.lower() and not re.search("base|large", name.lower())
    sequences = number(row.get("micro_batch"))
    small = unsized and sequences is not None and sequences >= LARGE_MICRO_BATCH
    return f"{name} base" if small else name


def _is_of_named_size(known: Shape, name: str) -> bool:
    """Whether a name that states a size states this shape's, of all parameters or active ones."""
    named = [size for size in (_size_in_name(name), _active_in_name(name)) if size]
    own = (known.parameter_count, known.active_parameter_count)
    pairs = [abs(math.log(size / one)) for size in named for one in own]
    return not pairs or known.expert_count > 1 or min(pairs) < ROUNDING_OF_NAMES


def _agrees(one: float, other: float) -> bool:
    return abs(math.log(one / other)) < 0.2 if one > 0 else False


def _sequence_tokens(row: Row, known: Shape | None) -> float:
    text = row.get("seq_len", "")
    stated = number(text)
    if stated:
        return stated * 1.024 if text.strip().lower().endswith("k") else stated
    if "squad" in row.get("model", "").lower():
        return SQUAD_TOKENS
    if row.get("workload", "").startswith("finetune"):
        if known is None or known.is_causal:
            return FINE_TUNING_TOKENS
        return min(SQUAD_TOKENS, known.sequence_tokens)
    if "gpt-2" in (row.get("family", "") + row.get("model", "")).lower():
        return 1024.0
    return known.sequence_tokens if known else 2048.0


def _known_model(known: Shape, depth: float, sequence: float) -> Model:
    ends = known.vocabulary_size * known.hidden_size * (1 if known.tied_embeddings else 2)
    body = max(known.active_parameter_count - ends, 0.0) * depth
    guessed = MASKED_SHARE if known.family == "encoder" else 1.0
    return Model(
        shape_id=known.id,
        parameter_count=known.parameter_count * depth,
        multiplied_parameter_count=body + guessed * known.vocabulary_size * known.hidden_size,
        layer_count=known.layer_count * depth,
        hidden_size=known.hidden_size,
        attention_size=known.attention_size,
        vocabulary_size=guessed * known.vocabulary_size,
        expert_count=known.expert_count,
        experts_per_token_count=known.experts_per_token_count,
        sequence_tokens=sequence,
        attended_tokens=known.attended_tokens(sequence),
        is_causal=known.is_causal,
        is_known=True,
    )


def _described_model(row: Row, sequence: float) -> Model:
    parameters = _stated(row, "params") or _size_in_name(row.get("model", ""))
    layers, hidden = number(row.get("layers")), number(row.get("hidden"))
    vocabulary = number(row.get("vocab")) or VOCABULARY_SIZE
    if not parameters and layers and hidden:
        parameters = 12 * layers * hidden**2 + vocabulary * hidden
    if not parameters or parameters <= 0:
        raise ImpossibleError("size of the model is not known")
    active = _stated(row, "active_params") or _active_in_name(row.get("model", ""))
    hidden = hidden or _hidden_size(active or parameters, vocabulary)
    experts, each = _experts(row.get("model", ""), parameters, active)
    multiplied = active or parameters
    if multiplied < 3e9:
        multiplied = max(multiplied - vocabulary * hidden, 0.3 * multiplied)
    return Model(
        shape_id="",
        parameter_count=parameters,
        multiplied_parameter_count=multiplied,
        layer_count=layers or max(1.0, (active or parameters) / (12 * hidden**2)),
        hidden_size=hidden,
        attention_size=hidden,
        vocabulary_size=vocabulary,
        expert_count=experts,
        experts_per_token_count=each,
        sequence_tokens=sequence,
        attended_tokens=sequence,
        is_causal="enc" not in row.get("domain", ""),
        is_known=bool(number(row.get("layers")) and number(row.get("hidden"))),
    )


def _experts(name: str, parameters: float, active: float | None) -> tuple[float, float]:
    """How many experts, and how many of them a token goes to: named, else as is usual.

    Where little of a model is active it is of many thin experts, as DeepSeek-V3 or Qwen3 are.
    """
    if not active:
        return 1.0, 1.0
    usual = MANY_EXPERTS if parameters > SPARSE_RATIO * active else FEW_EXPERTS
    named = (re.search(pattern, name.lower()) for pattern in (EXPERT_COUNT, TOP_COUNT))
    count, each = (float(found[1]) if found else of for found, of in zip(named, usual, strict=True))
    return max(count, 1.0), min(each, max(count, 1.0))


def _size_in_name(name: str) -> float | None:
    experts = EXPERTS.search(name.lower())
    if experts:
        return float(experts[1]) * float(experts[2]) * TOTAL_PER_NAMED_EXPERT * BILLION
    found = SIZE.search(name.lower()) or JOINED_SIZE.search(name.lower())
    return None if found is None else float(found[1]) * SCALE[found[2]]


def _total_in_name(name: str) -> float | None:
    """Of all experts, as in `8x7B`: a known model named with fewer has fewer layers."""
    return _size_in_name(name) if EXPERTS.search(name.lower()) else None


def _active_in_name(name: str) -> float | None:
    """Of two experts a token, as in `8x7B`, or stated, as in `A22B`."""
    stated = re.search(r"(?<![a-z])a(\d+(?:\.\d+)?)b", name.lower())
    if stated:
        return float(stated[1]) * BILLION
    experts = EXPERTS.search(name.lower())
    return float(experts[2]) * ACTIVE_PER_NAMED_EXPERT * BILLION if experts else None


def _hidden_size(parameters: float, vocabulary: float) -> float:
    """Width of a usual decoder of that size, both embeddings counted."""
    widths = np.geomspace(64, 40_000, 400)
    aspect = np.clip(widths / 40 + 48, 48, 128)
    sizes = 12 * widths**3 / aspect + 2 * vocabulary * widths
    return float(np.interp(parameters, sizes, widths))
