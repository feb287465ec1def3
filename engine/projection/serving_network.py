"""One replica of a vision network or a text encoder, by constants fitted to published rows."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cache

import numpy as np

from engine.catalogue.schema import Accelerator, Model, Precision
from engine.elementwise import everywhere
from engine.projection import energy, memory, serving, serving_choice, serving_items
from engine.projection.hardware import Device
from engine.projection.image_speed import attention_output_share, network
from engine.projection.serving_fit import serving_fit
from engine.projection.serving_items import (
    OPERATIONS_PER_ENCODER_LAYER,
    USUAL_OPERATION_COUNT,
    ItemEfficiencies,
    ItemServing,
)
from engine.projection.serving_roofline import input_flop
from engine.projection.serving_setting import Traits, fit_source, generation, running_style, setup
from engine.projection.serving_speed import (
    WIDER_OUTSIDE,
    Ratios,
    Speed,
    modelled,
    not_generating,
    picked_batch,
)
from engine.projection.sized import Sized
from engine.projection.working import chosen, derive
from engine.records import Estimate, Note
from engine.scenario import Scenario
from engine.units import BILLION, MILLION, Float

SEEN_KINDS = ("kind", "engine", "generation")


@dataclass(frozen=True, slots=True)
class _Work:
    """Arithmetic of one item, and the numbers its layers write: not those of fused attention."""

    kind: str
    flop: Estimate
    activation_count: Float
    items_per_request: Estimate
    operation_count: Float


def speed(scenario: Scenario, model: Sized, device: Device) -> Speed | None:
    """One replica by the fit; None where it does not reach: other models, unknown devices."""
    work = _work(scenario, model)
    base = None if work is None else _base(scenario, model, device, work)
    if work is None or base is None:
        return None
    at = _traits(scenario, device, work)
    assert work.items_per_request.value is not None
    one = replace(base, batch_count=work.items_per_request.value)
    return _speed(scenario, model, device, work, one, at)


def activation_count(flop: Float, activations_million: Float, exponent: Float) -> Float:
    """Numbers that a network's layers write for one item, where nobody printed them."""
    return activations_million * (flop / BILLION) ** exponent * MILLION


def encoder_activation_count(
    layer_count: Float, hidden_size: Float, head_count: Float, input_tokens: Float
) -> Float:
    """Numbers that an encoder's layers write for one text: wide ones, and pairs of tokens."""
    found = setup()["activations"]
    wide: Float = found["encoder_values_per_width"] * hidden_size
    pairs: Float = found["encoder_values_per_pair"] * head_count * input_tokens
    return layer_count * input_tokens * (wide + pairs)


def encoder_attention_count(
    layer_count: Float, hidden_size: Float, head_count: Float, input_tokens: Float
) -> Float:
    """Of these, by products of pairs of tokens: a number a pair, and what it makes of them."""
    found: float = setup()["activations"]["encoder_values_per_pair"]
    return layer_count * input_tokens * (hidden_size + found * head_count * input_tokens)


def text_flop(flop_per_token: Float, input_tokens: Float) -> Float:
    """FLOP for one whole text to pass forward."""
    return flop_per_token * input_tokens


def _work(scenario: Scenario, model: Sized) -> _Work | None:
    known, inputs = model.known, chosen(scenario.input_items_per_request)
    flop = input_flop(model, inputs)
    if flop.value is None:
        return None
    if known.item == "image":
        return _image_work(known, flop, inputs)
    if known.family != "encoder" or not (model.is_transformer and known.head_count):
        return None
    layers, width = model.layer_count.value, model.hidden_size.value
    assert layers is not None
    assert width is not None
    shape = layers, width, float(known.head_count), scenario.input_items_per_request
    written = encoder_activation_count(*shape) - encoder_attention_count(*shape)
    text = derive(text_flop, flop_per_token=flop, input_tokens=inputs)
    operations = OPERATIONS_PER_ENCODER_LAYER * layers
    return _Work("encoder", text, written, chosen(1.0), operations)


def _image_work(known: Model, flop: Estimate, inputs: Estimate) -> _Work:
    assert flop.value is not None
    counted = None if known.counted_as is None else network(known.counted_as)
    operations = USUAL_OPERATION_COUNT if counted is None else counted["operation_count"]
    pairs = 0.0 if known.counted_as is None else attention_output_share(known.counted_as)
    written = _image_activations(known.name, flop.value) * (1.0 - pairs)
    return _Work("network", flop, written, inputs, operations)


def _image_activations(name: str, flop: Float) -> Float:
    found = setup()["activations"]
    separable = any(part in name.lower() for part in found["separable"])
    factor = found["factor"] * (found["separable_ratio"] if separable else 1.0)
    return activation_count(flop, factor, found["exponent"])


def _base(scenario: Scenario, model: Sized, device: Device, work: _Work) -> ItemServing | None:
    a, formats = device.accelerator, setup()["item_formats"]
    seen = generation(device.accelerator_id)
    if a is None or seen is None or scenario.serving_precision not in formats:
        return None
    peak_flop_per_s = _peak_flop_per_s(a, seen, scenario.serving_precision)
    if peak_flop_per_s is None or a.bandwidth_bytes_per_s is None or a.tdp_w is None:
        return None
    assert work.flop.value is not None
    assert model.parameter_count.value is not None
    return ItemServing(
        flop_per_item=work.flop.value,
        parameter_count=model.parameter_count.value,
        activations_per_item=work.activation_count,
        bytes_per_value=formats[scenario.serving_precision]["bytes_per_value"],
        peak_flop_per_s=peak_flop_per_s,
        bandwidth_bytes_per_s=a.bandwidth_bytes_per_s,
        batch_count=1.0,
        device_count=1.0,
        step_count=1.0,
        layer_count=1.0,
        operation_count=work.operation_count,
        shares_one_item=0.0,
        tdp_w=a.tdp_w.value,
    )


def _peak_flop_per_s(a: Accelerator, seen: str, precision: str) -> float | None:
    found, items = setup()["item_formats"][precision], setup()["items"]
    plain = a.peak_flop_per_s("fp32")
    if precision == "fp32" and plain is not None and seen != items["casting_generation"]:
        return plain
    wanted: tuple[Precision, ...] = (found["peak"], "fp16", "bf16", "fp32")
    rate = next((r for name in wanted if (r := a.peak_flop_per_s(name)) is not None), None)
    ratio: float = found["peak_ratio"]
    return None if rate is None else rate * ratio


def _traits(scenario: Scenario, device: Device, work: _Work) -> Traits:
    engines = setup()["item_engines"]
    engine = engines.get(scenario.serving_engine, engines["usual"])
    return (
        ("kind", work.kind),
        ("engine", engine),
        ("style", running_style(engine)),
        ("generation", generation(device.accelerator_id) or ""),
        ("format", setup()["item_formats"][scenario.serving_precision]["format"]),
        ("device", device.accelerator_id or ""),
    )


@cache
def _efficiencies(at: Traits) -> ItemEfficiencies:
    found = serving_fit("vision").efficiencies(ItemEfficiencies, {k: [name] for k, name in at})
    names = [f.name for f in fields(ItemEfficiencies)]
    return ItemEfficiencies(**{n: float(np.asarray(getattr(found, n)).flat[0]) for n in names})


@cache
def _power_share(at: Traits) -> Estimate:
    share = serving_fit("vision").constants["item_power_share"].at({k: [name] for k, name in at})
    return Estimate(float(share[0]), "fitted", source=fit_source())


def _ratios(answer: str, at: Traits, batch_count: Float) -> Ratios:
    kind = dict(at)["kind"]
    alone = "one" if everywhere(batch_count <= 1) else "many"
    fit = serving_fit("vision")
    found = fit.range_for(f"{answer}/{kind}/{alone}", f"{answer}/{kind}", answer, "anything")
    ratios = Ratios(found.low_ratio, found.high_ratio)
    return ratios.widened(WIDER_OUTSIDE) if _unseen(at) else ratios


def _unseen(at: Traits) -> tuple[str, ...]:
    known = serving_fit("vision").known
    return tuple(name for kind, name in at if kind in SEEN_KINDS and name not in known[kind])


@dataclass(frozen=True, slots=True)
class _Memory:
    """What requests take of one device."""

    weight_bytes: Estimate
    bytes_per_request: Estimate
    software_bytes: Estimate
    usable_bytes: Estimate

    def fits(self) -> serving_choice.Fits:
        """The same as a choice of batch asks for it; a device of unknown memory holds all."""
        weights, each = self.weight_bytes.value, self.bytes_per_request.value
        assert weights is not None
        assert each is not None
        assert self.software_bytes.value is not None
        room = np.inf if self.usable_bytes.value is None else self.usable_bytes.value
        return serving_choice.Fits(weights, each, room - self.software_bytes.value, np.inf)

    def limit(self) -> Estimate:
        """Most requests that fit."""
        return derive(
            serving.item_batch_limit_count,
            usable_bytes=self.usable_bytes,
            weight_bytes=self.weight_bytes,
            software_bytes=self.software_bytes,
            held_bytes_per_request=self.bytes_per_request,
        )

    def held(self, batch: Estimate) -> Estimate:
        """What a batch takes beside the weights."""
        return derive(
            serving.activation_bytes,
            held_bytes_per_request=self.bytes_per_request,
            batch_count=batch,
            software_bytes=self.software_bytes,
        )


def _memory(model: Sized, device: Device, one: ItemServing) -> _Memory:
    found = setup()["items"]
    each = one.activations_per_item * one.batch_count * one.bytes_per_value
    return _Memory(
        weight_bytes=derive(
            serving.weight_bytes,
            parameter_count=model.parameter_count,
            bytes_per_value=chosen(one.bytes_per_value),
        ),
        bytes_per_request=Estimate(
            each * found["held_activation_share"], "fitted", source=fit_source()
        ),
        software_bytes=Estimate(found["software_bytes"], "fitted", source=fit_source()),
        usable_bytes=memory.usable(device),
    )


def _answered(one: ItemServing, e: ItemEfficiencies, batch_count: Float) -> serving_choice.Answered:
    """What batches of so many requests do: all of one wait for the last."""
    out = serving_items.items_served(replace(one, batch_count=batch_count * one.batch_count), e)
    return serving_choice.Answered(
        out.items_per_s / one.batch_count, out.batch_time_s, 0.0, out.batch_time_s
    )


def _speed(
    scenario: Scenario, model: Sized, device: Device, work: _Work, one: ItemServing, at: Traits
) -> Speed:
    """`one` is one request at a time."""
    e, held = _efficiencies(at), _memory(model, device, one)
    limit, usable = held.limit(), held.fits()
    picked = serving_choice.batch_choice(scenario, lambda n: _answered(one, e, n), usable, 1.0)
    batch = picked_batch(scenario, picked.batch_count, limit)
    out, alone = _answered(one, e, picked.batch_count), _answered(one, e, 1.0)
    inputs = (
        ("flop_per_item", work.flop),
        ("parameter_count", model.parameter_count),
        ("batch_count", batch),
        ("items_per_request", work.items_per_request),
        ("peak_flop_per_s", device.peak_flop_per_s(scenario.serving_precision)),
        ("bandwidth_bytes_per_s", device.printed_bandwidth_bytes_per_s()),
        ("item_compute_share", Estimate(e.item_compute_share, "fitted", source=fit_source())),
    )

    def told(value: Float, answer: str, count: Float) -> Estimate:
        ratios = _ratios(answer, at, count)
        return modelled("serving_items.items_served", value, inputs, ratios)

    together = picked.batch_count * one.batch_count
    return Speed(
        devices_per_replica=chosen(1.0),
        batch_count=batch,
        batch_limit_count=limit,
        requests_per_s=told(out.requests_per_s, "samples_per_s", together),
        alone_s=told(alone.latency_s, "latency_ms", one.batch_count),
        latency_s=told(out.latency_s, "latency_ms", together),
        ttft_s=not_generating(),
        tpot_s=not_generating(),
        input_time_share=chosen(1.0),
        weight_bytes=held.weight_bytes,
        cache_bytes=chosen(0.0),
        temporary_bytes=held.held(batch),
        cache_bytes_per_token=not_generating(),
        device_power_w=derive(
            energy.device_power_w, tdp_w=device.fact("tdp_w"), power_share=_power_share(at)
        ),
        notes=(
            *(Note("serving-not-fitted", {"trait": name}) for name in _unseen(at)),
            *picked.notes(scenario),
        ),
    )
