"""One replica of a language model, by the constants fitted to published serving measurements."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from engine.elementwise import anywhere, maximum, plain, where
from engine.projection import serving, serving_choice
from engine.projection.hardware import Device
from engine.projection.own_calibration import Correction, corrected_by
from engine.projection.serving_fit import serving_fit
from engine.projection.serving_power import device_power_w
from engine.projection.serving_rates import Served, latency_s, served
from engine.projection.serving_setting import (
    ServingDevice,
    Traits,
    at,
    efficiencies,
    fit_source,
    power_shares,
    serving_alone,
    serving_device,
    setup,
    traits,
    written_tokens,
)
from engine.projection.serving_sizes import Efficiencies, Serving, cache_bytes
from engine.projection.serving_speed import (
    WIDER_OUTSIDE,
    Ratios,
    Speed,
    fitted_kind,
    goals,
    modelled,
    usual_batch_count,
)
from engine.projection.sized import Sized
from engine.projection.working import chosen, derive
from engine.records import Estimate, Note
from engine.scenario import Scenario
from engine.units import Float

EXPLAINED = (
    "weight_bandwidth_share",
    "cache_bandwidth_share",
    "compute_share",
    "step_overhead_s",
    "layer_overhead_s",
)
"""Fitted constants shown beside a result; the file holds the rest."""
ALONE = 1.0
ROUNDING = 1e-9
"""Of heads worked out from a size."""
Inputs = tuple[tuple[str, Estimate], ...]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What stays the same whatever the batch and the number of devices."""

    scenario: Scenario
    model: Sized
    device: ServingDevice
    traits: Traits
    efficiencies: Efficiencies
    alone: Serving
    """One request on one device."""

    def served(self, tensor_device_count: Float, batch_count: Float) -> Served:
        s = at(self.alone, tensor_device_count, batch_count)
        return served(s, self.efficiencies, self.scenario.prefix_cache_hit_share)

    def alone_s(self, tensor_device_count: Float) -> Float:
        s = at(self.alone, tensor_device_count, ALONE)
        return latency_s(s, self.efficiencies, self.scenario.prefix_cache_hit_share)


def speed(scenario: Scenario, model: Sized, device: Device) -> Speed | None:
    """One replica by the fit; None where it does not reach: no decoder, or an unknown device.

    A model whose processor or weights nobody measured has no `ServingDevice`.
    """
    if model.known.family != "decoder" or not model.kv_bytes_per_token_at_16_bit.known:
        return None
    found = serving_device(device, scenario.serving_precision)
    if found is None or not (model.is_transformer and model.attention_size.known):
        return None
    named = traits(scenario, found)
    constants = _sharpened(efficiencies(named), named, device)
    asked = _Asked(scenario, model, found, named, constants, serving_alone(scenario, model, found))
    weights, cache_token, each = _needed(asked)
    fits = _fits(asked, weights, each)
    choice = serving_choice.choice(scenario, asked.served, fits)
    copies = serving_choice.cache_copy_count(fits, choice.tensor_device_count)
    return _speed(asked, device, choice, (weights, cache_token, each), copies)


def _sharpened(e: Efficiencies, named: Traits, device: Device) -> Efficiencies:
    """With all passes faster or slower by what one's own rows on this hardware showed."""
    own = _own_correction(named, device)
    if own is None:
        return e
    return replace(e, software_time_ratio=e.software_time_ratio / own.ratio)


def _needed(asked: _Asked) -> tuple[Estimate, Estimate, Estimate]:
    """Bytes of the weights, of one cached token, and of one whole request's cache."""
    s = asked.alone
    weights = derive(
        serving.weight_bytes,
        parameter_count=asked.model.parameter_count,
        bytes_per_value=chosen(s.bytes_per_weight),
    )
    per_token = derive(
        serving.kept_bytes_per_token,
        kv_bytes_per_token_at_16_bit=asked.model.kv_bytes_per_token_at_16_bit,
        bytes_per_value=chosen(s.bytes_per_cache_value),
    )
    tokens = chosen(s.input_tokens + s.output_tokens)
    value = cache_bytes(s, s.input_tokens + s.output_tokens)
    inputs = (("cache_bytes_per_token", per_token), ("context_tokens", tokens))
    held = modelled("serving_sizes.cache_bytes", value, inputs)
    return weights, per_token, held._replace(kind=per_token.kind)


def _fits(asked: _Asked, weights: Estimate, each: Estimate) -> serving_choice.Fits:
    """Memory that a replica needs and has, by the fitted shares."""
    e, s = asked.efficiencies, asked.scenario
    assert weights.value is not None
    assert each.value is not None
    full = cache_bytes(asked.alone, s.input_items_per_request + written_tokens(s))
    reserved = cache_bytes(
        asked.alone,
        s.input_items_per_request + e.reserved_output_share * written_tokens(s),
    )
    return serving_choice.Fits(
        weight_bytes=weights.value,
        cache_bytes=each.value * reserved / full,
        usable_bytes=e.usable_memory_share * asked.device.memory_bytes - e.reserved_bytes,
        cache_head_count=asked.alone.kv_head_count * (1.0 + ROUNDING),
    )


def _speed(
    asked: _Asked,
    device: Device,
    choice: serving_choice.Choice,
    needed: tuple[Estimate, Estimate, Estimate],
    cache_copy_count: Float,
) -> Speed:
    scenario, (weights, cache_token, each) = asked.scenario, needed
    shape = np.broadcast_shapes(
        serving_choice.shape(scenario), np.shape(choice.batch_count), np.shape(choice.device_count)
    )
    out = asked.served(choice.tensor_device_count, choice.batch_count)
    inputs = _inputs(asked, device, choice, needed)
    wider, notes = _outside(asked, choice)
    times = _ratios("token", wider)
    first = _ratios("first_token", wider)
    named, kind = dict(inputs), fitted_kind(inputs)
    devices, batch = named["device_count"], named["batch_count"]

    def one(value: Float, ratios: Ratios | None) -> Estimate:
        return modelled("serving_rates.served", _shaped(value, shape), inputs, ratios, kind)

    return Speed(
        devices_per_replica=devices,
        batch_count=batch,
        batch_limit_count=named["batch_limit_count"],
        requests_per_s=one(out.requests_per_s, times.inverse),
        alone_s=one(asked.alone_s(choice.tensor_device_count), times),
        latency_s=one(out.latency_s, times),
        ttft_s=one(out.first_token_s, first),
        tpot_s=one(out.token_s, times),
        input_time_share=one(out.prompt_share, None),
        weight_bytes=weights,
        cache_bytes=derive(
            serving.batch_cache_bytes,
            cache_bytes_per_request=each,
            batch_count=batch,
            cache_copy_count=chosen(plain(cache_copy_count)),
        ),
        temporary_bytes=derive(
            serving.reserved_bytes,
            reserved_bytes_per_device=_constant(asked.traits, "reserved_bytes"),
            device_count=devices,
        ),
        cache_bytes_per_token=cache_token,
        device_power_w=_power(asked, out, shape, inputs, wider),
        notes=(*notes, *choice.notes(scenario)),
    )


def _inputs(
    asked: _Asked,
    device: Device,
    choice: serving_choice.Choice,
    needed: tuple[Estimate, Estimate, Estimate],
) -> Inputs:
    scenario = asked.scenario
    memory = (
        ("weight_bytes", needed[0]),
        ("cache_bytes_per_request", needed[2]),
        ("memory_bytes", device.memory_bytes),
    )
    limit = modelled("serving_choice.batch_limit", choice.batch_limit_count, memory)
    devices = modelled("serving_choice.choice", choice.device_count, (*memory, *goals(scenario)))
    return (
        ("parameter_count", asked.model.parameter_count),
        ("active_parameter_count", asked.model.active_parameter_count),
        ("layer_count", asked.model.layer_count),
        ("input_tokens", chosen(scenario.input_items_per_request)),
        ("output_tokens", chosen(written_tokens(scenario))),
        ("device_count", devices),
        ("batch_count", _batch(asked, choice, limit)),
        ("batch_limit_count", limit),
        ("peak_flop_per_s", device.peak_flop_per_s(scenario.serving_precision)),
        ("bandwidth_bytes_per_s", _bandwidth(device)),
        *((name, _constant(asked.traits, name)) for name in EXPLAINED),
        *_own_input(asked, device),
    )


def _own_correction(at: Traits, device: Device) -> Correction | None:
    if device.accelerator_id is None:
        return None
    found = dict(at)
    return device.own.of("inference", device.accelerator_id, found["engine"], found["weights"])


def _own_input(asked: _Asked, device: Device) -> Inputs:
    own = _own_correction(asked.traits, device)
    if own is None:
        return ()
    return (("measured_speed_ratio", corrected_by(own)),)


def _batch(asked: _Asked, choice: serving_choice.Choice, limit: Estimate) -> Estimate:
    scenario = asked.scenario
    given = scenario.serving_batch_count
    wanted = usual_batch_count() if given is None else chosen(given)
    asked_for = goals(scenario) if given is None else ()
    inputs = (asked_for or (("wanted_count", wanted),)) + (("batch_limit_count", limit),)
    return modelled("serving_choice.choice", choice.batch_count, inputs)


def _bandwidth(device: Device) -> Estimate:
    measured = device.evidence.bandwidth_bytes_per_s if device.evidence else None
    return measured or device.printed_bandwidth_bytes_per_s()


@cache
def _constant(at: Traits, name: str) -> Estimate:
    return Estimate(getattr(efficiencies(at), name), "fitted", source=fit_source())


@cache
def _fitted_ratios(quantity: str) -> Ratios:
    found = serving_fit("language").range_for(f"{quantity}/closed", quantity)
    return Ratios(found.low_ratio, found.high_ratio)


def _ratios(quantity: str, wider: Float) -> Ratios:
    fitted = _fitted_ratios(quantity)
    return fitted if isinstance(wider, float) and wider == 1.0 else fitted.widened(wider)


def _power(
    asked: _Asked, out: Served, shape: tuple[int, ...], inputs: Inputs, wider: Float
) -> Estimate:
    watts = device_power_w(
        power_shares(asked.traits),
        asked.device.tdp_w,
        out.weights_share,
        out.cache_share,
        out.compute_share,
        out.prompt_share,
        asked.alone.expert_count,
        asked.alone.bytes_per_weight,
    )
    ratios = _ratios("power", wider)
    return modelled("serving_power.device_power_w", _shaped(watts, shape), inputs, ratios)


def _shaped(value: Float, shape: tuple[int, ...]) -> Float:
    return np.broadcast_to(value, shape) if shape else value


def _outside(asked: _Asked, choice: serving_choice.Choice) -> tuple[Float, tuple[Note, ...]]:
    """How much wider ranges are than those fitted, and what to say of it."""
    known, named = serving_fit("language").known, dict(asked.traits)
    unseen = [named[kind] for kind in known if kind in named and named[kind] not in known[kind]]
    notes = [Note("serving-not-fitted", {"trait": name}) for name in unseen]
    wider: Float = WIDER_OUTSIDE if unseen else 1.0
    for name, (low, high) in setup()["reach"].items():
        value = _reached(asked, choice, name)
        beyond = maximum(maximum(low / value, value / high), 1.0)
        if anywhere(beyond > 1.0):
            notes.append(Note("outside-fitted", {"quantity": name}))
            # Errors grow with distance; no row says how fast, so each factor of e adds as much
            # as leaving the range at all.
            wider = wider * where(beyond > 1.0, WIDER_OUTSIDE ** (1.0 + np.log(beyond)), 1.0)
    return wider, tuple(notes)


def _reached(asked: _Asked, choice: serving_choice.Choice, name: str) -> Float:
    scenario, count = asked.scenario, asked.model.parameter_count.value
    assert count is not None
    return {
        "parameter_count": count,
        "input_tokens": scenario.input_items_per_request,
        "output_tokens": written_tokens(scenario),
        "running_batch_count": choice.batch_count,
        "device_count": choice.device_count,
    }[name]
