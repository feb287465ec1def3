"""The constants of serving language models: what they are before, and fitted to published rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.projection.serving_fit import Constant, ServingFit
from engine.projection.serving_power import PowerShares, device_power_w
from engine.projection.serving_rates import Served, served
from engine.projection.serving_sizes import Efficiencies, Serving
from engine.validation.rows import Row, published
from engine.validation.serving_calibration import Prior, Rows, fit_constants
from engine.validation.serving_rows import Reading, arrays, read

Array = npt.NDArray[np.float64]

RATES = ("output_tokens_per_s", "total_tokens_per_s", "requests_per_s")
TIMES = ("ttft_ms", "tpot_ms")
MILLISECONDS = 1e3

ENGINE, GENERATION, WEIGHTS = "engine", "generation", "weights"
PAIR, PAIR_WEIGHTS, SETTING = "engine_generation", "engine_weights", "setting"
PRIORS: Mapping[str, Prior] = {
    "weight_bandwidth_share": Prior(
        0.75, 0.2, {ENGINE: 0.2, GENERATION: 0.15, WEIGHTS: 0.15, PAIR_WEIGHTS: 0.25}
    ),
    "cache_bandwidth_share": Prior(0.6, 0.4, {ENGINE: 0.4, GENERATION: 0.2, PAIR: 0.4}),
    "compute_share": Prior(0.55, 0.3, {ENGINE: 0.3, GENERATION: 0.2, WEIGHTS: 0.2, PAIR: 0.2}),
    "expert_compute_ratio": Prior(0.8, 0.2, {ENGINE: 0.2}),
    "expert_bandwidth_ratio": Prior(0.9, 0.15, {ENGINE: 0.15}),
    "four_bit_compute_ratio": Prior(0.6, 0.4),
    "prefill_compute_ratio": Prior(1.0, 0.3, {ENGINE: 0.3}),
    "attention_compute_ratio": Prior(0.5, 0.5, {ENGINE: 0.3}),
    "overlap_excess": Prior(1.0, 0.4),
    "step_overhead_s": Prior(2e-3, 0.7, {ENGINE: 0.6, GENERATION: 0.3}),
    "layer_overhead_s": Prior(20e-6, 0.5, {ENGINE: 0.5, GENERATION: 0.2, PAIR: 0.3}),
    "expert_layer_overhead_s": Prior(20e-6, 0.7, {ENGINE: 0.4, GENERATION: 0.2, PAIR_WEIGHTS: 0.4}),
    "expert_overhead_s": Prior(0.2e-6, 1.0, {ENGINE: 0.3}),
    "sequence_overhead_s": Prior(8e-6, 0.8, {ENGINE: 0.7}),
    "all_reduce_s": Prior(12e-6, 0.6, {ENGINE: 0.4, GENERATION: 0.3}),
    "expert_exchange_s": Prior(10e-6, 0.7, {ENGINE: 0.3}),
    "link_share": Prior(0.4, 0.5, {GENERATION: 0.3}),
    "software_time_ratio": Prior(1.0, 0.02, {GENERATION: 0.2, ENGINE: 0.2, PAIR: 0.4}),
    "setting_time_ratio": Prior(1.0, 0.03, {SETTING: 0.1}),
    "overhead_ratio_per_year": Prior(0.9, 0.05, {ENGINE: 0.12}),
    "usable_memory_share": Prior(0.9, 0.05, {ENGINE: 0.04}),
    "reserved_bytes": Prior(3e9, 0.5),
    "reserved_output_share": Prior(0.85, 0.15),
    "largest_batch_count": Prior(1500.0, 0.7, {ENGINE: 0.4}),
    "host_bandwidth_bytes_per_s": Prior(40e9, 0.2),
    "prefill_interference_ratio": Prior(1.0, 0.4, {ENGINE: 0.3}),
    "nominal_length_share": Prior(0.9, 0.02),
    "decode_device_share": Prior(0.6, 0.2),
    "first_token_overhead_s": Prior(20e-3, 0.6, {ENGINE: 0.4, GENERATION: 0.2}),
    "first_token_prefill_ratio": Prior(1.0, 0.4, {ENGINE: 0.3}),
    "queue_share": Prior(0.5, 0.6, {ENGINE: 0.4}),
    "queue_exponent": Prior(0.7, 0.4),
}
POWER_PRIORS: Mapping[str, Prior] = {
    "idle_power_share": Prior(0.3, 0.3),
    "full_power_share": Prior(0.95, 0.1),
    "weights_power_weight": Prior(1.0, 0.7),
    "cache_power_weight": Prior(0.5, 0.7),
    "compute_power_weight": Prior(2.0, 0.7),
    "prompt_power_weight": Prior(0.5, 0.7),
    "expert_power_ratio": Prior(1.0, 0.2),
    "eight_bit_expert_power_ratio": Prior(1.0, 0.3),
}


def fit_rows(
    rows: Sequence[Row],
    start: Mapping[str, Constant] | None = None,
    power_rows: Sequence[Row] | None = None,
) -> dict[str, Constant]:
    """Constants fitted to what these rows published, from a start where one is given.

    Power is fitted to `power_rows` where these are given: few publish it, and it is quick.
    """
    kept = _readable(rows)
    targets = _targets([row for row, _ in kept], [found for _, found in kept])
    used = sorted({i for i, _, _ in targets})
    position = {i: j for j, i in enumerate(used)}
    readings = [kept[i][1] for i in used]
    s, traits = arrays(readings)
    at = np.array([position[i] for i, _, _ in targets])
    masks = {a: np.array([a == answer for _, answer, _ in targets]) for a in RATES + TIMES}

    def formula(constants: Mapping[str, Array]) -> Array:
        names = [f.name for f in fields(Efficiencies)]
        out = rate_answers(served(s, Efficiencies(**{n: constants[n] for n in names})))
        logs = np.empty(len(at))
        for answer, mask in masks.items():
            logs[mask] = np.log(out[answer][at[mask]])
        return logs

    values = np.array([value for _, _, value in targets])
    sources = [kept[i][0].get("source_key", "") for i, _, _ in targets]
    constants = fit_constants(PRIORS, traits, formula, Rows(values, at, sources), start)
    of_power = kept if power_rows is None else _readable(power_rows)
    return constants | _fit_power(of_power, constants)


def _readable(rows: Sequence[Row]) -> list[tuple[Row, Reading]]:
    return [(row, found) for row in rows if isinstance(found := read(row), Reading)]


def _targets(rows: Sequence[Row], readings: Sequence[Reading]) -> list[tuple[int, str, float]]:
    """Rows to fit on: position, answer, published value; one rate a row, and the times."""
    found = []
    for i, (row, reading) in enumerate(zip(rows, readings, strict=True)):
        if row.get("sanity_flag") or "spec-decoding" in row.get("scenario", ""):
            continue
        prompt = reading.traits[SETTING] == "prompt"
        rates = ("total_tokens_per_s",) if prompt else RATES
        there = [(a, v) for a in rates if (v := published(row, a)) is not None][:1]
        there += [(a, v) for a in TIMES if (v := published(row, a)) is not None]
        asked = [(a, v) for a, v in there if a != "ttft_ms" or _is_timed(reading)]
        found += [(i, answer, value) for answer, value in asked]
    return found


def _is_timed(reading: Reading) -> bool:
    return reading.traits[SETTING] in ("closed", "static", "prompt")


def _fit_power(
    kept: Sequence[tuple[Row, Reading]], constants: Mapping[str, Constant]
) -> dict[str, Constant]:
    """Power of devices, where published of the accelerators alone by a checked source.

    Fitted to power and to energy alike, each row twice: what a token costs is what is asked for,
    and power lower where the rate is predicted too low brings it nearer.
    """
    usable = [
        (row, reading)
        for row, reading in kept
        if row.get("verified") == "yes"
        and published(row, "power_w")
        and published(row, "energy_j_per_token")
        and reading.traits[SETTING] == "steady"
    ]
    if not usable:
        return {name: Constant(p.value, math.exp(p.spread)) for name, p in POWER_PRIORS.items()}
    readings = [reading for _, reading in usable]
    s, traits = arrays(readings)
    fit = ServingFit(constants, {}, {})
    out = served(s, fit.efficiencies(Efficiencies, traits))

    devices = np.array([r.device_count for r in readings])

    def formula(found: Mapping[str, Array]) -> Array:
        power_w = devices * mean_power_w(s, out, PowerShares(**found))
        logs: Array = np.log(np.concatenate([power_w, power_w / out.output_tokens_per_s]))
        return logs

    answers = ("power_w", "energy_j_per_token")
    values = np.array([published(row, a) for a in answers for row, _ in usable], dtype=np.float64)
    sources = [row.get("source_key", "") for row, _ in usable]
    each = Rows(values, np.tile(np.arange(len(devices)), 2), sources * 2)
    return fit_constants(POWER_PRIORS, traits, formula, each)


def rate_answers(out: Served) -> dict[str, Any]:
    """Rates and times in the units of their columns."""
    return {
        "requests_per_s": out.requests_per_s,
        "output_tokens_per_s": out.output_tokens_per_s,
        "total_tokens_per_s": out.total_tokens_per_s,
        "ttft_ms": out.first_token_s * MILLISECONDS,
        "tpot_ms": out.token_s * MILLISECONDS,
        "latency_ms": out.latency_s * MILLISECONDS,
    }


def mean_power_w(s: Serving, out: Served, shares: PowerShares) -> Any:
    """Mean power of one device while it serves."""
    return device_power_w(
        shares,
        s.tdp_w,
        out.weights_share,
        out.cache_share,
        out.compute_share,
        out.prompt_share,
        s.expert_count,
        s.bytes_per_weight,
    )
