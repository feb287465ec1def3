"""The model a scenario asks for: the shape of a known one, at the size asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import cache

from engine import catalogue
from engine.catalogue.schema import Model
from engine.projection import scaling
from engine.projection.working import (
    assumed,
    chosen,
    derive,
    known_fact,
    source_record,
    unknown,
)
from engine.records import Estimate, Source
from engine.scenario import Scenario

TRANSFORMERS = frozenset({"decoder", "encoder", "encoder-decoder"})
NOT_COUNTED = unknown("the shape comes first")
CLASSIFIER_PREFIX = "text-classifier-"
ONE_OF_TWO_STACKS = Estimate(
    0.5,
    "published",
    source=Source(
        "Raffel et al. 2020, Exploring the limits of transfer learning, section 3.2.2",
        "https://arxiv.org/abs/1910.10683",
        date(2026, 11, 24),
    ),
    note="a token passes the encoder or the decoder, not both",
)


@dataclass(frozen=True, slots=True)
class Sized:
    """A model at the size asked for."""

    known: Model
    model_id: str
    parameter_count: Estimate
    active_parameter_count: Estimate
    layer_count: Estimate
    hidden_size: Estimate
    vocabulary_size: Estimate
    attention_size: Estimate
    """Heads times their size."""
    kv_bytes_per_token_at_16_bit: Estimate
    sequence_tokens: Estimate
    forward_flop_per_item: Estimate
    """FLOP for one item to pass forward."""

    @property
    def is_transformer(self) -> bool:
        """Whether layers and width are known, so that attention can be counted."""
        return self.known.family in TRANSFORMERS and self.layer_count.known

    @property
    def classifier_task(self) -> str:
        """Task of a text classifier, as its measurements name it."""
        return self.model_id.removeprefix(CLASSIFIER_PREFIX)

    @property
    def generates(self) -> bool:
        """Whether it writes token by token."""
        return self.known.generates


def sized(scenario: Scenario, known: Model) -> Sized:
    """The scenario's model: the known shape at the size asked for."""
    if scenario.parameters_billion is None and scenario.sequence_tokens is None:
        return _published(scenario.model)
    return _sized(scenario, known)


@cache
def _published(model_id: str) -> Sized:
    return _sized(Scenario(model=model_id), catalogue.model(model_id))


def _sized(scenario: Scenario, known: Model) -> Sized:
    own_count = derive(
        scaling.parameter_count,
        parameters_billion=known_fact(known.parameters_billion, known.sources),
    )
    if scenario.parameters_billion is None:
        count, ratio = own_count, None
    else:
        count = derive(
            scaling.parameter_count, parameters_billion=chosen(scenario.parameters_billion)
        )
        ratio = derive(
            scaling.width_ratio,
            size_ratio=derive(
                scaling.size_ratio, parameter_count=count, known_parameter_count=own_count
            ),
            embedding_share=_embedding_share(known, own_count),
        )
    shape = Sized(
        known=known,
        model_id=scenario.model,
        parameter_count=count,
        active_parameter_count=_active(known, count),
        layer_count=_dimension(known, known.layer_count, ratio),
        hidden_size=_dimension(known, known.hidden_size, ratio),
        vocabulary_size=shape_fact(known, known.vocabulary_size),
        attention_size=_dimension(known, _attention_size(known), ratio),
        kv_bytes_per_token_at_16_bit=_kv_bytes(known, ratio),
        sequence_tokens=_sequence(scenario, known),
        forward_flop_per_item=NOT_COUNTED,
    )
    return replace(shape, forward_flop_per_item=_forward_flop(shape))


def _forward_flop(model: Sized) -> Estimate:
    if model.known.forward_gflop_per_item is not None:
        return derive(
            scaling.scaled_forward_flop,
            known_forward_gflop_per_item=known_fact(
                model.known.forward_gflop_per_item, model.known.sources
            ),
            size_ratio=_plain_size_ratio(model),
        )
    parameter_flop = derive(
        scaling.forward_flop_per_parameter, active_parameter_count=model.active_parameter_count
    )
    if not model.is_transformer:
        return parameter_flop
    return derive(
        scaling.forward_flop_per_item,
        parameter_flop=parameter_flop,
        attention_flop=attention_flop(model, model.sequence_tokens),
    )


def attention_flop(model: Sized, sequence_tokens: Estimate) -> Estimate:
    """FLOP of attention for one token of a sequence to pass forward."""
    causal = model.known.family == "decoder"
    return derive(
        scaling.causal_attention_flop_per_token
        if causal
        else scaling.full_attention_flop_per_token,
        layer_count=model.layer_count,
        attention_size=model.attention_size,
        sequence_tokens=sequence_tokens,
    )


def _plain_size_ratio(model: Sized) -> Estimate:
    own = known_fact(model.known.parameters_billion, model.known.sources)
    own_count = derive(scaling.parameter_count, parameters_billion=own)
    return derive(
        scaling.size_ratio, parameter_count=model.parameter_count, known_parameter_count=own_count
    )


def _active(known: Model, count: Estimate) -> Estimate:
    if known.family == "encoder-decoder":
        return derive(
            scaling.active_parameter_count, parameter_count=count, active_share=ONE_OF_TWO_STACKS
        )
    if known.active_parameters_billion is None:
        return count
    share = derive(
        scaling.size_ratio,
        parameter_count=known_fact(known.active_parameters_billion, known.sources),
        known_parameter_count=known_fact(known.parameters_billion, known.sources),
    )
    return derive(scaling.active_parameter_count, parameter_count=count, active_share=share)


def _embedding_share(known: Model, own_count: Estimate) -> Estimate:
    if known.vocabulary_size is None or known.hidden_size is None:
        return chosen(0.0)
    return derive(
        scaling.embedding_share,
        vocabulary_size=shape_fact(known, known.vocabulary_size),
        hidden_size=shape_fact(known, known.hidden_size),
        known_parameter_count=own_count,
    )


def shape_fact(known: Model, value: float | None) -> Estimate:
    """A dimension of a known model, with the source that its size was read from."""
    if value is None:
        return unknown(f"{known.name} has no such dimension in the catalogue")
    source = known.sources[known.parameters_billion.source]
    return Estimate(float(value), "published", source=source_record(source))


def _dimension(known: Model, value: float | None, ratio: Estimate | None) -> Estimate:
    fact = shape_fact(known, value)
    if ratio is None or not fact.known:
        return fact
    return derive(scaling.scaled_size, known_size=fact, width_ratio=ratio)


def head_size(known: Model) -> float | None:
    """Width of one attention head, where the shape gives it."""
    if known.head_size is not None:
        return float(known.head_size)
    if known.hidden_size is None or known.head_count is None:
        return None
    return known.hidden_size / known.head_count


def _attention_size(known: Model) -> float | None:
    size = head_size(known)
    return None if size is None or known.head_count is None else size * known.head_count


def _kv_bytes(known: Model, ratio: Estimate | None) -> Estimate:
    size = head_size(known)
    if known.kv_bytes_per_token_at_16_bit is not None:
        own = known_fact(known.kv_bytes_per_token_at_16_bit, known.sources)
    else:
        own = derive(
            scaling.kv_bytes_per_token_at_16_bit,
            layer_count=shape_fact(known, known.layer_count),
            kv_head_count=shape_fact(known, known.kv_head_count or known.head_count),
            head_size=shape_fact(known, size),
        )
    if ratio is None or not own.known:
        return own
    return derive(
        scaling.scaled_kv_bytes_per_token, known_kv_bytes_per_token=own, width_ratio=ratio
    )


def _sequence(scenario: Scenario, known: Model) -> Estimate:
    if scenario.sequence_tokens is not None:
        return chosen(scenario.sequence_tokens)
    if known.context_tokens is not None:
        return shape_fact(known, known.context_tokens)
    return assumed("training_sequence_tokens")
