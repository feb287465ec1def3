"""Every fitted constant again from the published rows that come along, and what that changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from engine.projection import image_speed, serving_fit, throughput_fit
from engine.validation import image_training, inference, training, training_scores, vision
from engine.validation.inference_fit import RATES
from engine.validation.rows import Prediction, Row
from engine.validation.score import compared, scores
from engine.validation.serving_document import document_text, image_text
from engine.validation.summary import BUNDLED, language_rows, rows_of
from engine.validation.training_answers import FIT_ORDER
from engine.validation.vision_fit import SPEEDS

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Refit:
    """One facts file made again, and the errors on its own rows before and after."""

    key: str
    what: str
    file: str
    text: str
    row_count: int
    before_share: float
    after_share: float


def refitted(say: Say = lambda _: None) -> Iterator[Refit]:
    """Each fit, one after the other; `say` hears what is being worked on."""
    say("Fitting training throughput and whole runs")
    yield _training()
    say("Fitting training on images")
    yield _images()
    say("Fitting serving of language models, then of images and texts")
    yield from _serving()


def _error(
    rows: Sequence[Row],
    predictions: Sequence[Prediction],
    answers: Sequence[str],
    column: str = "source_id",
) -> float:
    found = scores(compared(rows, predictions, answers, source_column=column))
    assert found.macro.median_error_share is not None, "published rows have answers"
    return found.macro.median_error_share


def _training() -> Refit:
    rows = training_scores.scored_rows(language_rows())
    document = training_scores.calibrated_document(rows, rows_of("runs"))
    after = throughput_fit.from_document(document)
    return Refit(
        "training",
        "training of language models",
        throughput_fit.FILE,
        throughput_fit.as_toml(document),
        len(rows),
        _error(rows, training.predict(rows), FIT_ORDER),
        _error(rows, training.predict(rows, after), FIT_ORDER),
    )


def _images() -> Refit:
    rows = [row for row in rows_of("training") if image_training.is_image_row(row)]
    fit = image_training.calibrated_fit(rows)
    return Refit(
        "images",
        "training on images",
        image_speed.FILE,
        image_text(fit),
        len(rows),
        _error(rows, image_training.predict(rows), image_training.ANSWERS),
        _error(rows, image_training.predict(rows, fit), image_training.ANSWERS),
    )


def _serving() -> Iterator[Refit]:
    names = [f"{name}.csv.gz" for name in ("inference", "vision")]
    language = inference.calibrate(BUNDLED / names[0])
    items = vision.calibrate(BUNDLED / names[1])
    text = document_text(names, language, items)
    rows, others = rows_of("inference"), rows_of("vision")
    fit, item_fit = serving_fit.from_document(language), serving_fit.from_document(items)
    file, column = "serving_fit.toml", "source_key"
    yield Refit(
        "serving",
        "serving of language models",
        file,
        text,
        len(rows),
        _error(rows, inference.predict(rows), RATES, column),
        _error(rows, inference.predict(rows, fit), RATES, column),
    )
    yield Refit(
        "items",
        "inference on images and texts",
        file,
        text,
        len(others),
        _error(others, vision.predict(others), SPEEDS, column),
        _error(others, vision.predict(others, item_fit), SPEEDS, column),
    )
