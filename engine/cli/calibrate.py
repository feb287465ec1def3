"""`modelworth calibrate`: constants from the published rows, sharpened by one's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from engine.cli import log, print_json
from engine.records import BadInput, CannotContinue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.validation.own import Sharpened
    from engine.validation.refit import Refit

app = typer.Typer()


@app.command()
def calibrate(
    own: Annotated[
        Path | None,
        typer.Option(help="CSV of one's own training or inference speeds, in published columns."),
    ] = None,
    measured: Annotated[
        bool,
        typer.Option("--measured", help="Sharpen with training steps in the database."),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the constants; else the catalogue that comes along."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable, on stdout.")] = False,
) -> None:
    """Fit the constants again, or sharpen projections with one's own measurements.

    Without options: every constant from the published rows that come along, with its spread,
    which takes some minutes. With --own or --measured: corrections by hardware, engine and
    number format, tried on rows held back, then kept for every later projection.
    """
    if own is not None and measured:
        raise BadInput("Give --own or --measured, not both.")
    if own is None and not measured:
        _refit(out, as_json=as_json)
        return
    if out is not None:
        raise BadInput("--out is for the constants; corrections stay in the user's data folder.")
    _sharpen(own, as_json=as_json)


def _refit(out: Path | None, *, as_json: bool) -> None:
    from engine.catalogue.loading import HERE
    from engine.validation.refit import refitted

    folder = out or HERE
    found = list(refitted(lambda text: log.print(text, highlight=False)))
    for one in found:
        _write(folder / one.file, one.text)
    if as_json:
        print_json(
            {"folder": str(folder), "fits": {one.key: _refit_document(one) for one in found}}
        )
        return
    screen = Console(highlight=False)
    screen.print(_refit_grid(found))
    screen.print(f"Constants written to {folder}.", soft_wrap=True)


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CannotContinue(
            f"{file} cannot be written ({error}). Name another folder with --out."
        ) from error


def _refit_document(one: Refit) -> dict[str, object]:
    return {
        "file": one.file,
        "row_count": one.row_count,
        "before_median_error_share": one.before_share,
        "after_median_error_share": one.after_share,
    }


def _refit_grid(found: Sequence[Refit]) -> Table:
    grid = Table(title="Median error over sources, on the rows fitted to")
    for heading in ("what", "rows", "as it was", "fitted again", "file"):
        grid.add_column(heading, justify="left" if heading in ("what", "file") else "right")
    for one in found:
        cells = (f"{one.before_share:.1%}", f"{one.after_share:.1%}")
        grid.add_row(one.what, str(one.row_count), *cells, one.file)
    return grid


def _sharpen(file: Path | None, *, as_json: bool) -> None:
    from db.own_calibration import load_own_calibration, save_own_calibration
    from engine.validation.own import sharpened, work_of
    from engine.validation.rows import read_table

    rows = _stored_rows() if file is None else list(read_table(file, ()).rows)
    found = sharpened(work_of(rows), rows)
    kept = save_own_calibration(load_own_calibration().with_others(found.own))
    if as_json:
        print_json(_own_document(found, kept))
        return
    screen = Console(highlight=False)
    screen.print(_own_grid(found))
    screen.print(f"Corrections kept in {kept}; projections use them from now on.", soft_wrap=True)


def _stored_rows() -> list[Mapping[str, str]]:
    from db import queries
    from db.session import open_database
    from engine.validation.own_rows import training_rows

    database = open_database()
    try:
        rows = training_rows(queries.measurements(database))
    finally:
        database.dispose()
    if not rows:
        raise BadInput(
            "The database holds no training steps on an accelerator of the catalogue. Run "
            "`modelworth measure` on one, or give a CSV file with --own."
        )
    return rows


def _own_document(found: Sharpened, kept: Path) -> dict[str, object]:
    from engine.cli.published import as_document
    from engine.projection.own_calibration import as_document as corrections

    return {
        "work": found.work,
        "used_count": found.used_count,
        "before": as_document(found.before),
        "after": as_document(found.after),
        "corrections": corrections(found.own),
        "kept_in": str(kept),
    }


def _own_grid(found: Sharpened) -> Table:
    before, after = found.before.all_rows, found.after.all_rows
    title = f"Own {found.work}: error on {before.scored_count} rows held back"
    grid = Table(title=title)
    grid.add_column("correction", overflow="fold", min_width=40)
    for heading in ("rows", "measured over projected", "90 % range"):
        grid.add_column(heading, justify="right")
    for key, one in sorted(found.own.corrections.items()):
        low, high = one.range_ratios
        grid.add_row(key, str(one.row_count), f"{one.ratio:.3f}", f"{low:.2f} – {high:.2f}")
    grid.caption = (
        f"median error before {before.median_error_share:.1%}, after {after.median_error_share:.1%}"
    )
    return grid
