"""Sharpening with one's own rows: errors before and after, on rows held back."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.projection.own_calibration import (
    NO_OWN_CALIBRATION,
    OwnCalibration,
    Setting,
    Work,
    own_calibration,
)
from engine.records import BadInput
from engine.validation import image_training, inference, training
from engine.validation.accelerator_names import accelerator_id
from engine.validation.inference_fit import ENGINE, RATES, WEIGHTS
from engine.validation.rows import (
    INFERENCE_ANSWERS,
    TRAINING_ANSWERS,
    Prediction,
    Range,
    Row,
    Table,
    published,
)
from engine.validation.score import Scores, compared, scores
from engine.validation.serving_rows import Reading
from engine.validation.serving_rows import read as read_serving
from engine.validation.training_answers import FIT_ORDER
from engine.validation.training_inputs import TrainingInputs
from engine.validation.training_software import precision_of

TIMES = frozenset({"step_time_s", "ttft_ms", "tpot_ms", "latency_ms"})
"""Answers that are larger where speed is smaller."""
INFERENCE_ORDER = (*RATES, "tpot_ms")
UNCHANGED = frozenset({"memory_mb", "power_w", "energy_j_per_token", "energy_j_per_request"})
FEWEST_ROWS = 2


@dataclass(frozen=True)
class Sharpened:
    """Errors on the rows held back, before and after; and the corrections all rows give."""

    work: Work
    before: Scores
    after: Scores
    own: OwnCalibration
    used_count: int


def work_of(rows: Sequence[Row]) -> Work:
    """Whether a table is of training or of inference, by its columns.

    Raises:
        BadInput: it has the columns of neither.
    """
    columns = rows[0].keys()
    if "tokens_per_s_per_device" in columns or "step_time_s" in columns:
        return "training"
    if {"output_tokens_per_s", "total_tokens_per_s", "tpot_ms"} & columns:
        return "inference"
    raise BadInput(
        "The table has neither the columns of training (tokens_per_s_per_device, step_time_s) nor "
        "those of inference (output_tokens_per_s, tpot_ms), so nothing can be compared."
    )


def answers_of(work: Work) -> tuple[str, ...]:
    """The answer columns of one kind of table."""
    return TRAINING_ANSWERS if work == "training" else INFERENCE_ANSWERS


def sharpened(work: Work, rows: Sequence[Row]) -> Sharpened:
    """What own rows are worth: every other one measured, the rest predicted before and after.

    Raises:
        BadInput: fewer than two rows can be used.
    """
    table = Table(tuple(rows), answers_of(work))
    order = FIT_ORDER if work == "training" else INFERENCE_ORDER
    found = _predict(work, table.inputs())
    usable = [i for i, row in enumerate(rows) if _log_ratio(row, found[i], order) is not None]
    if len(usable) < FEWEST_ROWS:
        why = sorted({p.refused_because for p in found if p.refused_because})
        raise BadInput(
            f"Only {len(usable)} of {len(rows)} rows can be used; two are needed. "
            + (f"Refused: {'; '.join(why)}." if why else "The others publish no speed.")
        )
    usable.sort(key=lambda i: zlib.crc32(f"{rows[i].get('id', '')}{i}".encode()))
    measured, held = usable[::2], usable[1::2]
    from_half = _calibrated(work, rows, found, measured, order)
    held_rows = [rows[i] for i in held]
    after = [corrected(found[i], from_half, work, setting_of(work, rows[i])) for i in held]
    source = "source_id" if work == "training" else "source_key"
    return Sharpened(
        work=work,
        before=scores(compared(held_rows, [found[i] for i in held], order, source_column=source)),
        after=scores(compared(held_rows, after, order, source_column=source)),
        own=_calibrated(work, rows, found, usable, order),
        used_count=len(usable),
    )


def _predict(work: Work, rows: Sequence[Row]) -> list[Prediction]:
    return training.predict(rows) if work == "training" else inference.predict(rows)


def _calibrated(
    work: Work,
    rows: Sequence[Row],
    found: Sequence[Prediction],
    at: Sequence[int],
    order: Sequence[str],
) -> OwnCalibration:
    logs = [_log_ratio(rows[i], found[i], order) for i in at]
    settings = [setting_of(work, rows[i]) for i in at]
    return own_calibration(work, settings, np.array(logs, dtype=np.float64))


def _log_ratio(row: Row, prediction: Prediction, order: Sequence[str]) -> float | None:
    """Logarithm of measured over predicted speed, from the surest answer."""
    for answer in order:
        value, part = published(row, answer), prediction.answers.get(answer)
        if value is not None and part is not None:
            ratio = float(np.log(value / part.value))
            return -ratio if answer in TIMES else ratio
    return None


def setting_of(work: Work, row: Row) -> Setting:
    """Hardware, engine and number format of a row."""
    if work == "training":
        seen = training.inputs_or_reason(row)
        if isinstance(seen, TrainingInputs):
            return seen.accelerator_id, seen.software, precision_of(row)
        named = accelerator_id(row.get("hw_norm", "")) or row.get("hw_norm", "")
        return named, "images" if image_training.is_image_row(row) else "", precision_of(row)
    reading = read_serving(row)
    if not isinstance(reading, Reading):
        return row.get("hardware", ""), "", ""
    hardware = inference.device_id(row)
    return hardware, reading.traits[ENGINE], reading.traits[WEIGHTS]


def corrected(
    prediction: Prediction, own: OwnCalibration, work: Work, setting: Setting
) -> Prediction:
    """A prediction with a user's own correction; unchanged where that hardware is not measured."""
    found = own.of(work, *setting)
    if found is None or own is NO_OWN_CALIBRATION:
        return prediction
    low, high = found.range_ratios
    answers = {
        answer: part if answer in UNCHANGED else _moved(part, answer, found.ratio, low, high)
        for answer, part in prediction.answers.items()
    }
    return replace(prediction, kind="measured", answers=answers)


def _moved(part: Range, answer: str, ratio: float, low: float, high: float) -> Range:
    if answer in TIMES:
        ratio, low, high = 1.0 / ratio, 1.0 / high, 1.0 / low
    return Range(part.value * ratio, part.value * low, part.value * high)
