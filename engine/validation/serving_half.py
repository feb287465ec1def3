"""How much serving predictions gain from measuring half of the settings one cares about."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from engine.projection.serving_local import Settings, corrections, leave_one_out_errors
from engine.validation.rows import Prediction, Range, Row, published
from engine.validation.score import Comparison, compared
from engine.validation.serving_rows import Reading, read

FEWEST_FOR_RANGE = 20
OUTSIDE_SHARE = 0.05
"""Of settings not measured, those that may lie beyond each end of a range."""
MOST_KNOWN = 1_500
"""Measured settings of one source used at once: the rest say little more, and cost its cube."""


def sharpened_on_half(
    rows: Sequence[Row], cold: Sequence[Prediction], answer: str
) -> list[Comparison]:
    """Half the rows of each source beside `cold` predictions sharpened by the other half."""
    used = [
        (row, prediction)
        for row, prediction in zip(rows, cold, strict=True)
        if not row.get("sanity_flag") and published(row, answer) and answer in prediction.answers
    ]
    asked: list[Row] = []
    sharpened: list[Prediction] = []
    for source in sorted({row.get("source_key", "") for row, _ in used}):
        here = [(row, p) for row, p in used if row.get("source_key", "") == source]
        known = [pair for pair in here if is_known(pair[0])]
        others = [pair for pair in here if not is_known(pair[0])]
        asked += [row for row, _ in others]
        sharpened += sharpen(known[:MOST_KNOWN], others, answer)
    return compared(asked, sharpened, (answer,), source_column="source_key")


def is_known(row: Row) -> bool:
    """Whether a row is of the measured half: by its name, so that it never changes."""
    return zlib.crc32(row.get("id", "").encode()) % 2 == 0


def sharpen(
    known: Sequence[tuple[Row, Prediction]],
    others: Sequence[tuple[Row, Prediction]],
    answer: str,
) -> list[Prediction]:
    """Predictions of the others, corrected by the errors of those measured."""
    errors = np.array([_log_error(row, p, answer) for row, p in known])
    if not others:
        return []
    measured = settings([row for row, _ in known])
    carried = corrections(measured, errors, settings([row for row, _ in others]))
    width = _range_ratios(measured, errors)
    return [
        _corrected(prediction, answer, float(log), width)
        for (_, prediction), log in zip(others, carried, strict=True)
    ]


def _range_ratios(measured: Settings, errors: np.ndarray) -> tuple[float, float] | None:
    """Published over corrected, from what each measured setting misses when left out."""
    if len(errors) < FEWEST_FOR_RANGE:
        return None
    left = np.sort(-leave_one_out_errors(measured, errors))
    outside = int(OUTSIDE_SHARE * (len(left) + 1))
    low, high = np.exp(left[[max(outside - 1, 0), min(len(left) - outside, len(left) - 1)]])
    return min(float(low), 0.98), max(float(high), 1.02)


def _log_error(row: Row, prediction: Prediction, answer: str) -> float:
    return math.log(prediction.answers[answer].value / (published(row, answer) or math.nan))


def settings(rows: Sequence[Row]) -> Settings:
    """What makes errors of rows alike; rows must be readable."""
    readings = [found for row in rows if isinstance(found := read(row), Reading)]
    hardware = [row.get("hardware", "") for row in rows]
    models = [row.get("model", "") for row in rows]
    engines = [reading.traits["engine_weights"] for reading in readings]
    return Settings(
        engine=engines,
        model=models,
        server=[f"{m}|{h}|{e}" for m, h, e in zip(models, hardware, engines, strict=True)],
        logs=np.array([_logs(reading) for reading in readings]).reshape(len(readings), 4),
    )


def _logs(reading: Reading) -> list[float]:
    values = reading.values
    asked = values["concurrency"]
    amounts = (
        1.0 if math.isnan(asked) else asked,
        values["input_tokens"],
        values["output_tokens"],
        values["group_device_count"],
    )
    return [math.log(max(amount, 1e-3)) for amount in amounts]


def _corrected(
    prediction: Prediction, answer: str, log: float, ratios: tuple[float, float] | None
) -> Prediction:
    part = prediction.answers[answer]
    value = part.value * math.exp(-log)
    if ratios is not None:
        moved = Range(value, value * ratios[0], value * ratios[1])
    else:
        low, high = (None if v is None else v * math.exp(-log) for v in (part.low, part.high))
        moved = Range(value, low, high)
    return replace(prediction, answers=dict(prediction.answers) | {answer: moved})
