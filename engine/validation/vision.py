"""Inference on images, texts and for pictures: predictions of published rows, and their fit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from engine.projection.serving_fit import ErrorRange, ServingFit, serving_fit, to_document
from engine.projection.serving_items import ItemEfficiencies, items_served
from engine.validation.range_widths import Miss, Misses
from engine.validation.rows import (
    VISION_ANSWERS,
    Prediction,
    Range,
    Row,
    published,
    read_table,
    without_answers,
)
from engine.validation.score import Scores, compared, scores
from engine.validation.serving_calibration import error_ranges
from engine.validation.serving_groups import group
from engine.validation.vision_fit import MILLISECONDS, SPEEDS, fit_rows, latency_shares, speeds
from engine.validation.vision_rows import (
    ENGINE,
    GENERATION,
    KIND,
    ItemReading,
    arrays,
    read,
)

Array = np.ndarray[Any, np.dtype[np.float64]]

BYTES_PER_MB = 1e6
OUTSIDE = "outside-fitted-range"
WIDER_OUTSIDE = 1.3
SLOWEST_OVER_USUAL = 1.05


def predict(rows: Sequence[Row], fit: ServingFit | None = None) -> list[Prediction]:
    """What every row's answers are predicted to be; answers and notes are not looked at."""
    using = fit or serving_fit("vision")
    found = [read(without_answers(row, VISION_ANSWERS)) for row in rows]
    known = [reading for reading in found if isinstance(reading, ItemReading)]
    amounts = _answers(known, using) if known else {}
    predicted = iter(
        _prediction(reading, {a: float(v[i]) for a, v in amounts.items()}, using)
        for i, reading in enumerate(known)
    )
    return [
        next(predicted)
        if isinstance(reading, ItemReading)
        else Prediction("unknown", refused_because=reading)
        for reading in found
    ]


def _answers(readings: Sequence[ItemReading], fit: ServingFit) -> dict[str, Array]:
    s, traits = arrays(readings)
    efficiencies = fit.efficiencies(ItemEfficiencies, traits)
    out = items_served(s, efficiencies)
    amounts = speeds(out, latency_shares(readings))
    alone = items_served(replace(s, batch_count=1.0, device_count=1.0), efficiencies)
    single = np.array([r.is_benchmark for r in readings])
    query_ms = alone.batch_time_s * MILLISECONDS
    amounts["latency_ms"] = np.where(single, query_ms, amounts["latency_ms"])
    power_w = s.tdp_w * s.device_count * fit.constants["item_power_share"].at(traits)
    amounts |= {
        "latency_p99_ms": amounts["latency_ms"] * SLOWEST_OVER_USUAL,
        "power_w": power_w,
        "energy_j_per_sample": power_w / out.items_per_s,
        "memory_mb": np.array([r.memory_bytes for r in readings]) / BYTES_PER_MB,
    }
    return {answer: np.asarray(values, dtype=np.float64) for answer, values in amounts.items()}


def _prediction(reading: ItemReading, amounts: Mapping[str, float], fit: ServingFit) -> Prediction:
    seen = all(reading.traits[kind] in fit.known[kind] for kind in (KIND, ENGINE, GENERATION))
    flags = () if seen else (OUTSIDE,)
    answers = {
        answer: _range(value, fit, reading, answer, widened=not seen)
        for answer, value in amounts.items()
        if math.isfinite(value) and value > 0
    }
    return Prediction("fitted", answers, flags)


def _range(
    value: float, fit: ServingFit, reading: ItemReading, answer: str, *, widened: bool
) -> Range:
    found = fit.range_for(*_regimes(reading, answer))
    wider = WIDER_OUTSIDE if widened else 1.0
    return Range(value, value * found.low_ratio**wider, value * found.high_ratio**wider)


def _regimes(reading: ItemReading, answer: str) -> tuple[str, ...]:
    alone = "one" if reading.values["batch_count"] <= 1 else "many"
    kind = reading.traits[KIND]
    return (f"{answer}/{kind}/{alone}", f"{answer}/{kind}", answer, "anything")


def predicted_left_out(rows: Sequence[Row], left_out: str) -> list[Prediction]:
    """Predictions of each group of rows by constants, and ranges, from all the others."""
    groups = [group(row, left_out) for row in rows]
    found: list[Prediction] = [Prediction()] * len(rows)
    for name in sorted(set(groups)):
        others = [row for row, other in zip(rows, groups, strict=True) if other != name]
        fit = ServingFit(fit_rows(others), {"anything": ErrorRange(0.5, 2.0, 0)}, _known(others))
        at = [i for i, other in enumerate(groups) if other == name]
        for i, prediction in zip(at, predict([rows[i] for i in at], fit), strict=True):
            found[i] = prediction
    return _with_ranges(rows, found)


def _known(rows: Sequence[Row]) -> dict[str, tuple[str, ...]]:
    readings = [found for row in rows if isinstance(found := read(row), ItemReading)]
    return {
        kind: tuple(sorted({r.traits[kind] for r in readings}))
        for kind in (KIND, ENGINE, GENERATION)
    }


def _with_ranges(rows: Sequence[Row], predictions: Sequence[Prediction]) -> list[Prediction]:
    """Each with ranges from other sources than its own."""
    misses = _misses(rows, predictions)
    ranges_without = cache(partial(error_ranges, misses))
    return [
        _ranged(row, found, ServingFit({}, ranges_without(row.get("source_key", "")), {}))
        for row, found in zip(rows, predictions, strict=True)
    ]


def _ranged(row: Row, prediction: Prediction, fit: ServingFit) -> Prediction:
    reading = read(row)
    if not isinstance(reading, ItemReading):
        return prediction
    widened = OUTSIDE in prediction.flags
    answers = {
        answer: _range(part.value, fit, reading, answer, widened=widened)
        for answer, part in prediction.answers.items()
    }
    return replace(prediction, answers=answers)


def _misses(rows: Sequence[Row], predictions: Sequence[Prediction]) -> Misses:
    """Of every answer both published and predicted, by how much it was missed."""
    found = []
    for row, prediction in zip(rows, predictions, strict=True):
        reading = read(row)
        for answer, part in prediction.answers.items():
            value = published(row, answer)
            if value is not None and isinstance(reading, ItemReading):
                wider = WIDER_OUTSIDE if OUTSIDE in prediction.flags else 1.0
                missed = math.log(value / part.value) / wider
                names = _regimes(reading, answer)
                found.append(Miss(row.get("source_key", ""), missed, names, answer))
    return Misses(found, may_narrow=False)


def roofs(rows: Sequence[Row]) -> list[dict[str, float]]:
    """Of each row the speeds with all arithmetic at peak."""
    return [_roof(found) if isinstance(found := read(row), ItemReading) else {} for row in rows]


def _roof(reading: ItemReading) -> dict[str, float]:
    v = reading.values
    item_s = v["flop_per_item"] / (v["peak_flop_per_s"] * v["device_count"])
    batch_s = item_s * v["batch_count"]
    return {
        "samples_per_s": 1.0 / item_s,
        "batch_latency_s": batch_s,
        "latency_ms": item_s * reading.latency_item_count * MILLISECONDS,
    }


def calibrate(path: Path) -> dict[str, Any]:
    """The document of constants and error ranges that a table of published rows gives."""
    rows = read_table(path, VISION_ANSWERS).rows
    left_out = predicted_left_out(rows, "publisher")
    families = predicted_left_out(rows, "model")
    ranges = error_ranges(_misses([*rows, *rows], [*left_out, *families]))
    return to_document(ServingFit(fit_rows(rows), ranges, _known(rows)))


def cross_validated(
    rows: Sequence[Row], answers: Sequence[str] = SPEEDS, left_out: str = "model"
) -> Scores:
    """Errors on rows whose model family, hardware or publisher no fit saw."""
    predictions = predicted_left_out(rows, left_out)
    return scores(compared(rows, predictions, answers, source_column="source_key"))
