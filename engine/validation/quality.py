"""Scores of published models, predicted from what was known before they were scored."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from engine.validation.quality_fit import DETECTOR_PX, SHAPES, Array, kept
from engine.validation.quality_rows import (
    ANSWERS,
    HIDDEN,
    LANGUAGE_ANSWERS,
    USUAL_PROTOCOL,
    QualityReading,
    published_share,
    reading,
)
from engine.validation.rows import Prediction, Range, Row, read_table, without_answers

BUNDLED = Path(__file__).parent / "published" / "quality.csv.gz"
ACTIVATIONS = "top1-activations"
PER_CENT = 100.0
REFUSED_SUBJECT = "no curve predicts this score: only language models, image networks and YOLO"
REFUSED_SPECIAL = "trained on code, many languages or a teacher: general models say little of it"
REFUSED_TOKENS = "its size or its training tokens are not disclosed"
REFUSED_SIZE = "its size, its arithmetic or the side of its images is not given"
REFUSED_SIDE = f"detectors are fitted at {DETECTOR_PX:.0f} px alone"
WIDER_WITHOUT_YEAR = 1.5
YEAR_ASSUMED, OTHER_PROTOCOL = "year-assumed", "other-protocol"


@cache
def bundled_rows() -> tuple[Row, ...]:
    """The published scores that come along."""
    return read_table(BUNDLED, ANSWERS).rows


def curves_for(found: QualityReading) -> tuple[str, ...]:
    """The curves that predict a model's scores; none where it is refused."""
    if refusal(found):
        return ()
    if found.subject == "language":
        usual = found.protocol == USUAL_PROTOCOL
        return LANGUAGE_ANSWERS if usual else LANGUAGE_ANSWERS[:2]
    if found.subject == "image":
        return ("top1",) if found.activation_million is None else (ACTIVATIONS,)
    return ("value",)


def refusal(found: QualityReading) -> str:
    """Why nothing is predicted; empty where something is."""
    if found.subject == "other":
        return REFUSED_SUBJECT
    if found.subject == "language":
        if found.special:
            return REFUSED_SPECIAL
        return "" if found.token_billion and found.parameter_million else REFUSED_TOKENS
    if not found.parameter_million or not found.image_px:
        return REFUSED_SIZE
    if found.subject == "detector":
        return "" if found.image_px == DETECTOR_PX else REFUSED_SIDE
    return "" if found.gmac else REFUSED_SIZE


def fit_rows(curve: str) -> tuple[list[QualityReading], Array]:
    """The bundled models that a curve is fitted to, and their scores from 0 to 1."""
    answer = curve.partition("-")[0]
    kept, scores = [], []
    for row in bundled_rows():
        found, score = reading(row), published_share(row, answer)
        if score is not None and _fits(found, curve):
            kept.append(found)
            scores.append(score)
    return kept, np.array(scores)


def _fits(found: QualityReading, curve: str) -> bool:
    if not found.fitted or found.year is None or refusal(found):
        return False
    # The coarser curve is fitted to the same networks as the finer one.
    return curve in curves_for(found) or (curve == "top1" and ACTIVATIONS in curves_for(found))


def predict(rows: Sequence[Row]) -> list[Prediction]:
    """Scores in percent with 90 % ranges, or why none; answers in the rows are not looked at."""
    found = [reading(without_answers(row, HIDDEN)) for row in rows]
    answers: list[dict[str, Range]] = [{} for _ in rows]
    for curve in SHAPES:
        for dated in (True, False):
            at = [
                i
                for i, one in enumerate(found)
                if curve in curves_for(one) and (one.year is not None) is dated
            ]
            if not at:
                continue
            fit = kept(SHAPES[curve])
            fit = fit if dated else fit.wider(WIDER_WITHOUT_YEAR)
            parts = fit.ranges(fit.place([found[i] for i in at]))
            for i, value, low, high in zip(at, *parts, strict=True):
                answers[i] |= _answers(found[i], curve, PER_CENT * np.array([value, low, high]))
    return [_prediction(one, answer) for one, answer in zip(found, answers, strict=True)]


def _answers(found: QualityReading, curve: str, score: Array) -> dict[str, Range]:
    value, low, high = map(float, score)
    whole = Range(value, low, high)
    if found.subject != "image":
        return {curve: whole}
    missed = Range(PER_CENT - value, PER_CENT - high, PER_CENT - low)
    # One layout prints every score in `value`, the other top-1 and its error apart.
    return {"top1": whole, "top1_err": missed, "value": whole}


def _prediction(found: QualityReading, answers: dict[str, Range]) -> Prediction:
    flags = (YEAR_ASSUMED,) if found.year is None else ()
    if found.subject == "language" and found.protocol != USUAL_PROTOCOL:
        flags = (*flags, OTHER_PROTOCOL)
    if not answers:
        return Prediction("unknown", {}, flags, refusal(found))
    return Prediction("fitted", answers, flags)
