"""Published measurements beside what is predicted for them: tables, predictions, scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.table import Table as Grid

import engine.validation
from engine.validation import inference, runs, training, vision
from engine.validation.rows import (
    INFERENCE_ANSWERS,
    RUN_ANSWERS,
    TRAINING_ANSWERS,
    VISION_ANSWERS,
    Prediction,
    Row,
    read_table,
    write_predictions,
)
from engine.validation.score import Scores, SourceScore, compared, scores
from engine.validation.training_answers import FIT_ORDER
from engine.validation.training_scores import cross_validated

BUNDLED = Path(engine.validation.__file__).parent / "published"


@dataclass(frozen=True)
class Subject:
    """One kind of table: which columns are answers, and how they are predicted and scored."""

    answers: tuple[str, ...]
    predict: Callable[[Sequence[Row]], list[Prediction]]
    scored: tuple[str, ...]
    """The first of these that a row publishes is compared."""
    left_out: Callable[[], Scores] | None = None
    """Scores of the bundled rows, each predicted by a fit that saw nothing of its source."""
    source_column: str = "source_id"


def rows_of(name: str) -> tuple[Row, ...]:
    """The bundled rows of a subject."""
    return read_table(BUNDLED / f"{name}.csv.gz", SUBJECTS[name].answers).rows


def _training_left_out() -> Scores:
    return cross_validated(
        [row for row in rows_of("training") if row["domain"] in training.LANGUAGE_DOMAINS]
    )


def _runs_left_out() -> Scores:
    return runs.cross_validated(rows_of("runs"), rows_of("training"))


SUBJECTS: Mapping[str, Subject] = {
    "training": Subject(TRAINING_ANSWERS, training.predict, FIT_ORDER, _training_left_out),
    "runs": Subject(RUN_ANSWERS, runs.predict, runs.SCORED, _runs_left_out),
    "inference": Subject(
        INFERENCE_ANSWERS, inference.predict, INFERENCE_ANSWERS, source_column="source_key"
    ),
    "vision": Subject(VISION_ANSWERS, vision.predict, VISION_ANSWERS, source_column="source_key"),
}


def validated(name: str, file: Path, rows_out: Path | None) -> Scores:
    """Predictions for a file's rows, written where asked, and scored where it has answers.

    The answer columns are read to score with, and are never seen by the predictor.

    Raises:
        BadInput: the file cannot be read as a table.
    """
    subject = SUBJECTS[name]
    table = read_table(file, subject.answers)
    predictions = subject.predict(table.inputs())
    if rows_out is not None:
        write_predictions(rows_out, table, predictions)
    return scores(
        compared(table.rows, predictions, subject.scored, source_column=subject.source_column)
    )


def as_document(found: Scores) -> dict[str, object]:
    """Scores as JSON values."""
    return asdict(found)


def as_grid(title: str, found: Scores) -> Grid:
    """Scores for people: a line a source, their average, and one constant's."""
    grid = Grid(title=title)
    grid.add_column("source", no_wrap=True, min_width=19)
    for heading in ("rows", "refused", "median error", "p90 error", "bias", "in range"):
        grid.add_column(heading, justify="right")
    for one in found.by_source:
        grid.add_row(*_cells(one))
    grid.add_section()
    grid.add_row(*_cells(found.macro), style="bold")
    if found.baseline_macro is not None:
        cells = _cells(found.baseline_macro)
        grid.add_row("one fitted constant", *cells[1:])
    return grid


def _cells(one: SourceScore) -> tuple[str, ...]:
    return (
        one.source,
        str(one.scored_count),
        str(one.refused_count),
        _percent(one.median_error_share),
        _percent(one.p90_error_share),
        _percent(one.bias_share, signed=True),
        _percent(one.coverage_share),
    )


def _percent(share: float | None, *, signed: bool = False) -> str:
    if share is None:
        return "–"
    return f"{share:+.1%}" if signed else f"{share:.1%}"
