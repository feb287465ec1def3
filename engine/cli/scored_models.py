"""`modelworth validate --quality`: how far off scores of models are predicted, in points."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from engine.cli import log, print_json

if TYPE_CHECKING:
    from engine.validation.quality_points import QualityScore
    from engine.validation.rows import Prediction

HEADINGS = ("rows", "RMSE", "median", "p90", "bias", "in range")


def show(file: Path, rows_out: Path | None, *, as_json: bool, save: bool) -> None:
    """A file's models predicted and scored, beside what no fit saw of the published ones.

    Raises:
        BadInput: the file cannot be read as a table.
    """
    from engine.validation import quality, quality_scores, quality_stored
    from engine.validation.quality_rows import ANSWERS
    from engine.validation.rows import read_table, write_predictions

    table = read_table(file, ANSWERS)
    log.print("Fitting the published scores, with each group of models left out", highlight=False)
    predictions = quality.predict(table.rows)
    if rows_out is not None:
        write_predictions(rows_out, (table, predictions))
    own = list(quality_scores.of_file(table.rows, predictions))
    unseen = list(quality_scores.lines())
    if save:
        count = quality_stored.write(unseen)
        log.print(f"{count} errors are kept in {quality_stored.FILE}.", highlight=False)
    refused = _refused(predictions)
    if as_json:
        document = {"file": list(map(asdict, own)), "unseen": list(map(asdict, unseen))}
        print_json(document | {"refused_because": refused})
        return
    screen = Console(highlight=False)
    title = "This file, by the fit that comes along; models it was fitted on score better"
    if own:
        screen.print(_grid(title, own))
    if refused:
        reasons = "; ".join(f"{count} {why}" for why, count in refused.items())
        screen.print(f"Refused: {reasons}.", soft_wrap=True)
    screen.print(_grid("Published scores, by fits that never saw the family, in points", unseen))


def _refused(predictions: Sequence[Prediction]) -> dict[str, int]:
    found = Counter(p.refused_because for p in predictions if p.refused_because)
    return dict(found.most_common())


def _grid(title: str, scores: Sequence[QualityScore]) -> Table:
    grid = Table(title=title, title_justify="left")
    grid.add_column("what", min_width=22)
    for heading in HEADINGS:
        grid.add_column(heading, justify="right")
    for one in scores:
        errors = (one.rmse_points, one.median_points, one.p90_points)
        grid.add_row(
            one.what,
            str(one.row_count),
            *(f"{points:.2f}" for points in errors),
            f"{one.bias_points:+.2f}",
            f"{one.coverage_share:.0%}",
        )
    return grid
