"""What the fit of serving is asked: a scenario's model, device and software as its records.

The device is taken as the published rows were read: printed rates, and memory as the driver
counts it. A bandwidth measured on the same device replaces the printed one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, TypeVar

import numpy as np

from engine.catalogue import loading
from engine.catalogue.schema import Accelerator, Precision
from engine.elementwise import maximum
from engine.projection.hardware import Device
from engine.projection.serving_fit import serving_fit
from engine.projection.serving_power import PowerShares
from engine.projection.serving_sizes import Efficiencies, Serving
from engine.projection.sized import Sized, head_size
from engine.projection.working import assumed
from engine.records import Source
from engine.scenario import Scenario
from engine.units import BITS_PER_BYTE, Float

SETUP_FILE = "serving_setup.toml"
BYTES_AT_16_BIT = 2.0
KEYS_AND_VALUES = 2.0
CLOSED_LOOP = "closed"
"""Users who each ask again when answered: what a server under load is nearest to."""

Record = TypeVar("Record")
Traits = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ServingDevice:
    """One accelerator as serving software finds it."""

    generation: str
    memory_bytes: float
    bandwidth_bytes_per_s: Float
    link_bytes_per_s: float
    peak_flop_per_s: float
    tdp_w: float


def setup() -> Mapping[str, Any]:
    """What serving software makes of devices and formats."""
    return loading.toml_table(SETUP_FILE)


def running_style(engine: str) -> str:
    """Whether software for items runs operations one by one or makes the model its program.

    An engine never seen is taken to be as others of its style.
    """
    return "stepwise" if engine in setup()["items"]["stepwise_engines"] else "whole"


@cache
def fit_source() -> Source:
    """Where fitted constants come from."""
    found = setup()["source"]
    return Source(found["title"], "", found["checked"])


@cache
def generation(accelerator_id: str | None) -> str | None:
    """Hardware generation as the fit tells them apart; None where no row was of it."""
    groups = setup()["generations"].items()
    return next((name for name, ids in groups if accelerator_id in ids), None)


def serving_device(device: Device, precision: str) -> ServingDevice | None:
    """The device as the fit knows devices; None where the catalogue lacks its rates."""
    found = generation(device.accelerator_id)
    a, bandwidth = device.accelerator, device.bandwidth_bytes_per_s.value
    memory_bytes = device.memory_bytes.value
    if found is None or a is None or bandwidth is None or memory_bytes is None:
        return None
    peak_flop_per_s = _peak_flop_per_s(a, precision)
    if peak_flop_per_s is None or a.tdp_w is None:
        return None
    share = assumed("bandwidth_share").value
    assert share is not None
    memory, link = setup()["memory"], a.interconnect_gb_per_s
    checked = device.accelerator_id in memory["checked"]
    ratio = memory["checked_ratio" if checked else "usual_ratio"]
    return ServingDevice(
        generation=found,
        memory_bytes=float(memory_bytes) * ratio,
        bandwidth_bytes_per_s=bandwidth / share,
        link_bytes_per_s=memory["host_link_bytes_per_s"] if link is None else link.value * 1e9,
        peak_flop_per_s=peak_flop_per_s,
        tdp_w=a.tdp_w.value,
    )


def _peak_flop_per_s(a: Accelerator, precision: str) -> float | None:
    found = setup()["formats"][precision]
    wanted: tuple[Precision, ...] = (found["peak"], "fp16", "bf16", "fp32")
    rates = (a.peak_flop_per_s(name) for name in wanted)
    rate = next((r for r in rates if r is not None), None)
    return None if rate is None else rate * float(found["peak_ratio"])


def traits(scenario: Scenario, device: ServingDevice) -> Traits:
    """What sets this engine, device and format apart in the fit."""
    engine, weights = scenario.serving_engine, setup()["formats"][scenario.serving_precision]
    return (
        ("engine", engine),
        ("generation", device.generation),
        ("weights", weights["weights"]),
        ("engine_weights", f"{engine}/{weights['weights']}"),
        ("engine_generation", f"{engine}/{device.generation}"),
        ("setting", CLOSED_LOOP),
    )


@cache
def efficiencies(at: Traits) -> Efficiencies:
    """The fitted constants of one setting, as plain numbers."""
    return _constants(Efficiencies, at)


@cache
def power_shares(at: Traits) -> PowerShares:
    """The fitted constants of power, as plain numbers."""
    return _constants(PowerShares, at)


def _constants(record: type[Record], at: Traits) -> Record:
    found = serving_fit("language").efficiencies(record, {kind: [name] for kind, name in at})
    names = [f.name for f in fields(record)]  # type: ignore[arg-type]
    return record(**{name: float(np.asarray(getattr(found, name)).flat[0]) for name in names})


def bytes_per_weight(scenario: Scenario) -> float:
    """Bytes of a weight, the scales of its block included."""
    bits: float = setup()["formats"][scenario.serving_precision]["bits_per_weight"]
    return bits / BITS_PER_BYTE


def bytes_per_cache_value(scenario: Scenario) -> float:
    """Bytes of a cached value: as chosen, else as the engine keeps it beside such weights."""
    if scenario.cache_precision is not None:
        return {"bf16": 2.0, "fp8": 1.0}[scenario.cache_precision]
    eight = scenario.serving_engine in setup()["cache"]["eight_bit_engines"]
    return 1.0 if eight and scenario.serving_precision == "fp8" else 2.0


def written_tokens(scenario: Scenario) -> Float:
    """Tokens written for a request, those not shown included; at least the first."""
    both = scenario.output_items_per_request + scenario.reasoning_tokens_per_request
    return maximum(both, 1.0)


def at(alone: Serving, tensor_device_count: Float, batch_count: Float) -> Serving:
    """A replica on more devices that works on `batch_count` requests at once."""
    return alone._replace(
        group_device_count=tensor_device_count,
        memory_device_count=tensor_device_count * alone.replica_count,
        concurrency=batch_count,
    )


def serving_alone(scenario: Scenario, model: Sized, device: ServingDevice) -> Serving:
    """The setting of one replica that works on one request, on one device of each group.

    Layers dealt out to a pipeline: each group of devices holds its part, and the batch is
    split so that every group always works on one part of it. That is as many replicas of a
    group, each with the memory of all for its share of the cache.

    Source: Narayanan et al. 2021, section 2.2, https://arxiv.org/abs/2104.04473
    """
    pipeline = scenario.serving_pipeline_parallel_count
    return Serving(
        **_shape(model),
        bytes_per_weight=bytes_per_weight(scenario),
        bytes_per_cache_value=bytes_per_cache_value(scenario),
        is_four_bit=0.0,
        peak_flop_per_s=device.peak_flop_per_s,
        bandwidth_bytes_per_s=device.bandwidth_bytes_per_s,
        link_bytes_per_s=device.link_bytes_per_s,
        memory_bytes=device.memory_bytes,
        tdp_w=device.tdp_w,
        group_device_count=1.0,
        memory_device_count=pipeline,
        replica_count=pipeline,
        attention_group_count=1.0,
        input_tokens=scenario.input_items_per_request,
        output_tokens=written_tokens(scenario),
        concurrency=1.0,
        year=setup()["software"]["year"],
        is_closed_loop=1.0,
        is_steady=0.0,
        is_single=0.0,
        is_prompt_only=0.0,
        is_disaggregated=0.0,
        is_nominal_length=0.0,
    )


def _shape(model: Sized) -> dict[str, Any]:
    known, size = model.known, head_size(model.known)
    layers, cache = model.layer_count.value, model.kv_bytes_per_token_at_16_bit.value
    attention_size = model.attention_size.value
    assert layers is not None
    assert cache is not None
    assert size
    assert attention_size is not None
    per_layer = cache / BYTES_AT_16_BIT / layers
    is_latent = known.kv_bytes_per_token_at_16_bit is not None
    full_share, window_share, window_tokens, state_bytes = _looking_back(known.name)
    return {
        "parameter_count": model.parameter_count.value,
        "active_parameter_count": model.active_parameter_count.value,
        "layer_count": layers,
        "hidden_size": model.hidden_size.value,
        "head_count": attention_size / size,
        "kv_head_count": 1.0 if is_latent else per_layer / (KEYS_AND_VALUES * size),
        "head_size": size,
        "expert_count": float(known.expert_count or 0),
        "experts_per_token_count": float(known.experts_per_token_count or 0),
        "full_layer_count": layers * full_share,
        "window_layer_count": layers * window_share,
        "window_tokens": window_tokens,
        "latent_values": per_layer if is_latent else 0.0,
        "state_bytes": layers * state_bytes,
    }


@cache
def _looking_back(name: str) -> tuple[float, float, float, float]:
    """Shares of layers that look back on everything and on a window, its tokens, and states."""
    plain = name.lower().replace(" ", "-").replace("_", "-")
    for row in loading.csv_rows("serving_shapes.csv"):
        if re.search(row["name_pattern"], plain):
            layers = float(row["layer_count"])
            full, window = float(row["full_layer_count"]), float(row["window_layer_count"])
            tokens, states = float(row["window_tokens"]), float(row["state_bytes"])
            return full / layers, window / layers, tokens, states / layers
    return 1.0, 0.0, 0.0, 0.0
