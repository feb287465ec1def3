"""Serving of language models: predictions of published rows, their errors, and the fit behind."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from engine.projection.serving_fit import (
    Constant,
    ServingFit,
    from_document,
    serving_fit,
    to_document,
)
from engine.projection.serving_power import PowerShares
from engine.projection.serving_rates import served
from engine.projection.serving_sizes import Efficiencies
from engine.validation.inference_fit import (
    ENGINE,
    GENERATION,
    MILLISECONDS,
    RATES,
    SETTING,
    WEIGHTS,
    fit_rows,
    mean_power_w,
    rate_answers,
)
from engine.validation.range_widths import Miss, Misses
from engine.validation.rows import (
    INFERENCE_ANSWERS,
    Prediction,
    Range,
    Row,
    published,
    read_table,
    without_answers,
)
from engine.validation.score import Scores, compared, scores
from engine.validation.serving_calibration import error_ranges
from engine.validation.serving_groups import evenly, family, group, merged
from engine.validation.serving_hardware import serving_device
from engine.validation.serving_rows import Reading, arrays, read
from engine.validation.serving_words import BEFORE, FILLS_MEMORY

Array = np.ndarray[Any, np.dtype[np.float64]]

ANSWER_KIND = {
    "output_tokens_per_s": "rate",
    "total_tokens_per_s": "rate",
    "requests_per_s": "rate",
    "ttft_ms": "first_token",
    "tpot_ms": "token",
    "latency_ms": "latency",
    "energy_j_per_token": "energy",
    "energy_j_per_request": "energy",
    "power_w": "power",
    "memory_mb": "memory",
}
BYTES_PER_MB = 1e6
OUTSIDE = "outside-fitted-range"
WIDER_OUTSIDE = 1.3
ENGINE_MEMORY_SHARE = 0.92
ENGINE_EXTRA_BYTES = 1e9
MOST_FOLDS = 6
MOST_ROWS_PER_SOURCE = 400


def predict(rows: Sequence[Row], fit: ServingFit | None = None) -> list[Prediction]:
    """What every row's answers are predicted to be; answers and notes are not looked at."""
    using = fit or serving_fit("language")
    read_rows = [read(without_answers(row, INFERENCE_ANSWERS)) for row in rows]
    known = [found for found in read_rows if isinstance(found, Reading)]
    amounts = _answers(known, using) if known else {}
    each = iter(range(len(known)))
    return [
        _prediction(row, found, {a: float(v[i]) for a, v in amounts.items()}, using)
        if isinstance(found, Reading) and (i := next(each)) >= 0
        else Prediction("unknown", refused_because=str(found))
        for row, found in zip(rows, read_rows, strict=True)
    ]


def _answers(readings: Sequence[Reading], fit: ServingFit) -> dict[str, Array]:
    """Every answer of every row, in the unit of its column."""
    s, traits = arrays(readings)
    out = served(s, fit.efficiencies(Efficiencies, traits))
    devices = np.array([r.device_count for r in readings])
    amounts = rate_answers(out)
    power_w = devices * mean_power_w(s, out, fit.efficiencies(PowerShares, traits))
    joules = power_w / amounts["output_tokens_per_s"]
    amounts |= {"power_w": power_w, "energy_j_per_token": joules}
    amounts["energy_j_per_request"] = power_w / amounts["requests_per_s"]
    filled = s.memory_bytes * devices * ENGINE_MEMORY_SHARE
    fills = np.array([r.traits[ENGINE].removesuffix(BEFORE) in FILLS_MEMORY for r in readings])
    used = np.minimum(out.memory_bytes + ENGINE_EXTRA_BYTES * devices, filled)
    amounts["memory_mb"] = np.where(fills, filled, used) / BYTES_PER_MB
    return {answer: np.asarray(values, dtype=np.float64) for answer, values in amounts.items()}


def _prediction(
    row: Row, reading: Reading, amounts: Mapping[str, float], fit: ServingFit
) -> Prediction:
    flags = reading.flags + _unseen(reading, fit)
    wider = _wider(flags)
    answers = {
        answer: _range(value, fit.range_for(*regimes(row, reading, answer)), wider)
        for answer, value in amounts.items()
        if math.isfinite(value) and value > 0 and _is_asked(answer, reading)
    }
    return Prediction("fitted", answers, flags)


def _wider(flags: Sequence[str]) -> float:
    """Exponent of ranges: 1, but for what no row was like."""
    return WIDER_OUTSIDE if OUTSIDE in flags or "shape-scaled-from-size" in flags else 1.0


def _is_asked(answer: str, reading: Reading) -> bool:
    """Whether a setting has such an answer: a prompt alone writes nothing."""
    if reading.traits[SETTING] != "prompt":
        return True
    return answer in ("total_tokens_per_s", "ttft_ms", "memory_mb")


def _unseen(reading: Reading, fit: ServingFit) -> tuple[str, ...]:
    seen = all(reading.traits[kind] in fit.known[kind] for kind in (ENGINE, GENERATION, WEIGHTS))
    return () if seen else (OUTSIDE,)


def _range(value: float, found: Any, wider: float) -> Range:
    return Range(value, value * found.low_ratio**wider, value * found.high_ratio**wider)


def regimes(row: Row, reading: Reading, answer: str) -> tuple[str, ...]:
    """Names of the error ranges that may hold an answer, from narrow to wide."""
    kind = ANSWER_KIND[answer]
    trust = "crowd" if row.get("verified") == "no" else reading.traits[SETTING]
    apart = "-disaggregated" if reading.values["is_disaggregated"] else ""
    unlimited = "-full" if math.isnan(reading.values["concurrency"]) else ""
    engine = f"{kind}/{reading.traits[ENGINE]}/{trust}{apart}{unlimited}"
    names = (engine, f"{kind}/{trust}{apart}{unlimited}", f"{kind}/{trust}", kind)
    return tuple(dict.fromkeys(names))


def predicted_left_out(
    rows: Sequence[Row],
    left_out: str,
    *,
    most_folds: int = MOST_FOLDS,
    most_rows: int = MOST_ROWS_PER_SOURCE,
) -> list[Prediction]:
    """Predictions of each group of rows by constants fitted to the others, ranges from these too.

    Groups are joined into few, and large sources thinned but for power, so that it takes seconds;
    both make the fit see less than it could.
    """
    groups = merged([group(row, left_out) for row in rows], most_folds)
    everything = fit_rows(evenly(rows, most_rows))
    found: list[Prediction] = [Prediction()] * len(rows)
    for name in sorted(set(groups)):
        others = [row for row, other in zip(rows, groups, strict=True) if other != name]
        thinned = evenly(others, most_rows)
        constants = fit_rows(thinned, everything, power_rows=others)
        fit = from_document(_document(thinned, constants, {}))
        at = [i for i, other in enumerate(groups) if other == name]
        for i, prediction in zip(at, predict([rows[i] for i in at], fit), strict=True):
            found[i] = prediction
    return _with_ranges(rows, groups, found)


def _document(
    rows: Sequence[Row], constants: Mapping[str, Constant], ranges: Mapping[str, Any]
) -> dict[str, Any]:
    readings = [found for row in rows if isinstance(found := read(row), Reading)]
    known = {
        kind: tuple(sorted({r.traits[kind] for r in readings} - {"other"}))
        for kind in (ENGINE, GENERATION, WEIGHTS)
    }
    anything = {
        kind: {"low_ratio": 0.5, "high_ratio": 2.0, "row_count": 0}
        for kind in set(ANSWER_KIND.values())
    }
    document = to_document(ServingFit(constants, dict(ranges), known))
    return document if ranges else document | {"ranges": anything}


def _misses(
    rows: Sequence[Row], groups: Sequence[str], predictions: Sequence[Prediction]
) -> list[Miss]:
    """Of every answer both published and predicted, by how much it was missed."""
    found = []
    alone = _known_from_one(rows)
    for i, (row, prediction) in enumerate(zip(rows, predictions, strict=True)):
        reading = read(row)
        if row.get("sanity_flag") or not isinstance(reading, Reading):
            continue
        for answer, part in prediction.answers.items():
            value = published(row, answer)
            if value is not None:
                names = regimes(row, reading, answer)
                missed = math.log(value / part.value) / _wider(prediction.flags)
                unit = groups[i] if names[-1] in alone else row.get("source_key", "")
                found.append(Miss(unit, missed, names, names[-1]))
    return found


def _known_from_one(rows: Sequence[Row]) -> frozenset[str]:
    """Quantities that one publisher alone printed: their ranges leave out a family instead."""
    publishers: dict[str, set[str]] = {kind: set() for kind in ANSWER_KIND.values()}
    for row in rows:
        for answer, kind in ANSWER_KIND.items():
            if published(row, answer) is not None:
                publishers[kind].add(group(row, "publisher"))
    return frozenset(kind for kind, found in publishers.items() if len(found) == 1)


def _with_ranges(
    rows: Sequence[Row], groups: Sequence[str], predictions: Sequence[Prediction]
) -> list[Prediction]:
    """Each with ranges from other sources than its own."""
    misses, alone = Misses(_misses(rows, groups, predictions)), _known_from_one(rows)
    ranges_without = cache(partial(error_ranges, misses))
    found = []
    for row, name, prediction in zip(rows, groups, predictions, strict=True):
        by_source, by_group = (
            ServingFit({}, ranges_without(unit), {}) for unit in (row.get("source_key", ""), name)
        )
        found.append(_ranged(row, prediction, by_source, by_group, alone))
    return found


def _ranged(
    row: Row,
    prediction: Prediction,
    by_source: ServingFit,
    by_group: ServingFit,
    alone: frozenset[str],
) -> Prediction:
    reading = read(row)
    if not isinstance(reading, Reading):
        return prediction
    answers = {}
    for answer, part in prediction.answers.items():
        names = regimes(row, reading, answer)
        fit = by_group if names[-1] in alone else by_source
        if names[-1] in fit.ranges:
            found = fit.range_for(*names)
            answers[answer] = _range(part.value, found, _wider(prediction.flags))
    return replace(prediction, answers=dict(prediction.answers) | answers)


def device_id(row: Row) -> str:
    """The device a row names: its id, or its name where no data sheet is known."""
    device = serving_device(row.get("hardware", ""))
    return row.get("hardware", "") if device is None else device.id


def roofs(rows: Sequence[Row]) -> list[dict[str, float]]:
    """Of each row the answers at the roof: weights read at full bandwidth, FLOP at peak.

    What is left of the answers is one constant each, for comparison.
    """
    found = [read(row) for row in rows]
    return [_roof(one) if isinstance(one, Reading) else {} for one in found]


def _roof(reading: Reading) -> dict[str, float]:
    v = reading.values
    batch = math.inf if math.isnan(v["concurrency"]) else max(v["concurrency"], 1.0)
    flop_s = 2.0 * v["active_parameter_count"] / (v["peak_flop_per_s"] * reading.device_count)
    weights_s = v["active_parameter_count"] * v["bytes_per_weight"]
    weights_s = weights_s / (v["bandwidth_bytes_per_s"] * v["group_device_count"])
    each_s = max(flop_s * (1.0 + v["input_tokens"] / v["output_tokens"]), weights_s / batch)
    rate = 1.0 / each_s
    found = {
        "output_tokens_per_s": rate,
        "total_tokens_per_s": rate * (1.0 + v["input_tokens"] / v["output_tokens"]),
        "requests_per_s": rate / v["output_tokens"],
        "tpot_ms": weights_s * MILLISECONDS,
        "energy_j_per_token": v["tdp_w"] * reading.device_count * each_s,
    }
    return {answer: value for answer, value in found.items() if math.isfinite(value)}


def calibrate(path: Path) -> dict[str, Any]:
    """The document of constants and error ranges that a table of published rows gives.

    Ranges are the errors made on publishers left out of the fit; of a quantity that one publisher
    alone printed, without whom there is no fit of it, on families of models left out.
    """
    rows = read_table(path, INFERENCE_ANSWERS).rows
    families, alone = [family(row.get("model", "")) for row in rows], _known_from_one(rows)
    publishers_out, families_out = (
        _misses(rows, families, predicted_left_out(rows, name)) for name in ("publisher", "model")
    )
    left_out = [miss for miss in publishers_out if miss.quantity not in alone]
    left_out += [miss for miss in families_out if miss.quantity in alone]
    return _document(rows, fit_rows(rows), error_ranges(Misses(left_out)))


def cross_validated(
    rows: Sequence[Row], answers: Sequence[str] = RATES, left_out: str = "model"
) -> Scores:
    """Errors on rows whose model, hardware or publisher no fit saw; known-bad rows aside."""
    good = [row for row in rows if not row.get("sanity_flag")]
    predictions = predicted_left_out(good, left_out)
    return scores(compared(good, predictions, answers, source_column="source_key"))
