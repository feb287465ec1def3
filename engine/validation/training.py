"""Published training throughput, predicted: rows in, predictions with ranges out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from engine.projection.throughput_fit import ThroughputFit, throughput_fit
from engine.validation import image_training
from engine.validation.rows import TRAINING_ANSWERS, Prediction, Range, Row, without_answers
from engine.validation.training_answers import answers, published_tokens_per_s
from engine.validation.training_calibration import (
    NO_CALIBRATION,
    Calibration,
    calibration,
    plan_of,
)
from engine.validation.training_fit import Example, tokens_per_s
from engine.validation.training_inputs import TrainingInputs, training_inputs
from engine.validation.training_models import ImpossibleError
from engine.validation.training_ranges import OWN_REGIME, range_of
from engine.validation.training_software import precision_of

LANGUAGE_DOMAINS = ("llm", "llm-encoder", "llm-encdec")
CONTRADICTORY = ("IMPLAUSIBLE", "SOURCE INCONSISTENT")
MOST_KEPT_ROWS = 10_000
"""Every row is in all folds but one."""


def predict(
    rows: Sequence[Row],
    fitted: ThroughputFit | None = None,
    own: Calibration = NO_CALIBRATION,
) -> list[Prediction]:
    """What each row's answers should be; answer columns and notes in the rows are not looked at.

    Rows of networks on images are predicted by the fit of their own that comes along.
    """
    images = {i: row for i, row in enumerate(rows) if image_training.is_image_row(row)}
    if images:
        found = iter(image_training.predict(list(images.values())))
        others = iter(predict([r for i, r in enumerate(rows) if i not in images], fitted, own))
        return [next(found) if i in images else next(others) for i in range(len(rows))]
    fitted = fitted or throughput_fit()
    seen = [inputs_or_reason(row) for row in rows]
    known = [i for i in seen if isinstance(i, TrainingInputs)]
    speeds = iter(tokens_per_s(fitted, known).tolist() if known else [])
    return [
        _prediction(row, i, next(speeds), fitted, own)
        if isinstance(i, TrainingInputs)
        else Prediction(refused_because=i)
        for row, i in zip(rows, seen, strict=True)
    ]


def inputs_or_reason(row: Row) -> TrainingInputs | str:
    """What a row says of its training step without its answers, or why that is not enough."""
    return _understood(tuple(without_answers(row, TRAINING_ANSWERS).items()))


@lru_cache(maxsize=MOST_KEPT_ROWS)
def _understood(cells: tuple[tuple[str, str], ...]) -> TrainingInputs | str:
    row = dict(cells)
    domain = row.get("domain", "llm") or "llm"
    if domain not in LANGUAGE_DOMAINS:
        return f"training speed is predicted for language models, not for {domain}"
    try:
        return training_inputs(row)
    except ImpossibleError as reason:
        return str(reason)


def _prediction(
    row: Row,
    inputs: TrainingInputs,
    speed: float,
    fitted: ThroughputFit,
    own: Calibration,
) -> Prediction:
    offset, is_measured = own.offset(setting_of(row, inputs), plan_of(inputs.step))
    speed *= float(np.exp(offset))
    low, high, flags = range_of(inputs, fitted)
    if is_measured:
        low, high = fitted.ranges.get(OWN_REGIME, (low, high))
    low, high = own.ends_on(inputs.accelerator_id) or (low, high)
    ends = [answers(inputs, speed * float(np.exp(end))) for end in (0.0, low, high)]
    found = {
        name: Range(value, *sorted((ends[1][name], ends[2][name])))
        for name, value in ends[0].items()
    }
    return Prediction("measured" if is_measured else "fitted", found, (*inputs.flags, *flags))


def setting_of(row: Row, inputs: TrainingInputs) -> tuple[str, str, str]:
    """Model, accelerator and number format: what one own measurement speaks for."""
    model = inputs.model.shape_id or f"{inputs.model.parameter_count:.3g}"
    return model, inputs.accelerator_id, precision_of(row)


def calibrated_on(rows: Sequence[Row], fitted: ThroughputFit | None = None) -> Calibration:
    """Corrections from a user's own measurements."""
    known = examples(rows)
    if not known:
        return NO_CALIBRATION
    own = [example.inputs for example, _ in known]
    measured = np.array([example.tokens_per_s for example, _ in known])
    return calibration(
        tuple(setting_of(row, example.inputs) for example, row in known),
        np.array([plan_of(i.step) for i in own]),
        np.log(measured / tokens_per_s(fitted or throughput_fit(), own)),
    )


def examples(rows: Sequence[Row]) -> list[tuple[Example, Row]]:
    """Rows to learn from: speed and setting are known, and do not contradict each other."""
    found = []
    for row in rows:
        inputs = inputs_or_reason(row)
        if isinstance(inputs, str) or row.get("notes", "").startswith(CONTRADICTORY):
            continue
        speed = published_tokens_per_s(row, inputs)
        if speed is not None:
            found.append((Example(row.get("source_id", ""), inputs, speed), row))
    return found
