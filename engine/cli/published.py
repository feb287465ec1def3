"""Published measurements beside what is predicted for them: tables, predictions, scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from rich.table import Table as Grid

from engine.validation import inference, runs, training, vision
from engine.validation.rows import (
    INFERENCE_ANSWERS,
    RUN_ANSWERS,
    TRAINING_ANSWERS,
    VISION_ANSWERS,
    Prediction,
    Row,
    Table,
    read_table,
    write_predictions,
)
from engine.validation.score import Scores, SourceScore, compared, scores
from engine.validation.summary import Line
from engine.validation.training_answers import FIT_ORDER


@dataclass(frozen=True)
class Subject:
    """One kind of table: which columns are answers, and how they are predicted and scored."""

    answers: tuple[str, ...]
    predict: Callable[[Sequence[Row]], list[Prediction]]
    scored: tuple[str, ...]
    """The first of these that a row publishes is compared."""
    source_column: str = "source_id"


SUBJECTS: Mapping[str, Subject] = {
    "training": Subject(TRAINING_ANSWERS, training.predict, FIT_ORDER),
    "runs": Subject(RUN_ANSWERS, runs.predict, runs.SCORED),
    "inference": Subject(
        INFERENCE_ANSWERS, inference.predict, INFERENCE_ANSWERS, source_column="source_key"
    ),
    "vision": Subject(VISION_ANSWERS, vision.predict, VISION_ANSWERS, source_column="source_key"),
}


def validated(files: Mapping[str, Path], rows_out: Path | None) -> dict[str, Scores]:
    """Predictions for the rows of files, written where asked, and scored where they have answers.

    The answer columns are read to score with, and are never seen by the predictor.

    Raises:
        BadInput: a file cannot be read as a table.
    """
    tables = {name: read_table(file, SUBJECTS[name].answers) for name, file in files.items()}
    found = {name: SUBJECTS[name].predict(table.inputs()) for name, table in tables.items()}
    if rows_out is not None:
        write_predictions(rows_out, *((tables[name], found[name]) for name in tables))
    return {name: _scored(SUBJECTS[name], tables[name], found[name]) for name in tables}


def _scored(subject: Subject, table: Table, predictions: Sequence[Prediction]) -> Scores:
    return scores(
        compared(table.rows, predictions, subject.scored, source_column=subject.source_column)
    )


SUMMARY_HEADINGS = ("rows", "refused", "median", "of rows", "p90", "bias", "in range", "constant")


def summary_grid(found: Sequence[Line]) -> Grid:
    """All that is claimed, a line each: nothing scored was seen by the fit that predicts it."""
    grid = Grid(title="Predicted by a fit that never saw its like", padding=(0, 0))
    grid.add_column("what", min_width=22)
    for heading in SUMMARY_HEADINGS:
        grid.add_column(heading, justify="right")
    for line in found:
        one, base = line.scores.macro, line.scores.baseline_macro
        cells = _cells(one)
        of_rows = _percent(line.scores.all_rows.median_error_share)
        constant = _percent(None if base is None else base.median_error_share)
        grid.add_row(line.what, *cells[1:4], of_rows, *cells[4:], constant)
    grid.caption = (
        "median: of each source, then averaged; of rows: every row the same; "
        "constant: one constant fitted on the very rows scored"
    )
    return grid


def refusals(found: Scores) -> str:
    """How many rows were refused for which reason, most first; empty where none was."""
    reasons = sorted(found.macro.refused_because.items(), key=lambda item: -item[1])
    return "; ".join(f"{count} {why}" for why, count in reasons)


def as_document(found: Scores) -> dict[str, object]:
    """Scores as JSON values; single rows are in what `--rows` writes."""
    return {k: v for k, v in asdict(replace(found, comparisons=())).items() if k != "comparisons"}


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
