"""`modelworth db`: where the database is, whether it is sound, its contents out and in.

The database code is imported by the commands that need it, so that `--help` stays instant.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli import print_json
from engine.records import BadInput, CannotContinue

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from db.exchange import Added

STANDARD_STREAM = "-"

app = typer.Typer(
    help="Look after the database of measurements and scenarios.", no_args_is_help=True
)


@app.command("path")
def show_path() -> None:
    """Print where the database is (DATABASE_URL, else a file of yours), password left out."""
    from db.session import database_url, known_url
    from db.troubles import place

    typer.echo(place(known_url(database_url())))


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Print what the database holds."""
    from db.queries import counts
    from db.session import NEWEST_REVISION
    from db.troubles import place

    with _opened() as database:
        where = {"database": place(database.url), "revision": NEWEST_REVISION}
        held = where | counts(database)
    if as_json:
        print_json(held)
        return
    for name, value in held.items():
        typer.echo(f"{name.removesuffix('_count'):<12} {value}")


@app.command()
def check() -> None:
    """Read every page and record of the database; exit code 1 if anything is wrong."""
    from db.health import problems
    from db.troubles import place

    with _opened() as database:
        found = problems(database)
    if found:
        raise CannotContinue(
            f"The database {place(database.url)} is damaged: {'; '.join(found)}. Keep a copy, "
            "save what can be read with `modelworth db export`, and start a new one."
        )
    typer.echo("ok")


@app.command("export")
def export_records(
    file: Annotated[
        str,
        typer.Argument(
            help="File to write, or - for stdout. A name ending in .csv or .parquet gets the "
            "measurements alone, as a table."
        ),
    ],
) -> None:
    """Write every measurement and scenario as one JSON document, or measurements as a table."""
    with _opened() as database:
        content = _exported(database, file)
    if file == STANDARD_STREAM:
        sys.stdout.write(content.decode())
        return
    try:
        Path(file).write_bytes(content)
    except OSError as error:
        raise CannotContinue(
            f"The file {file} cannot be written: {error.strerror}. Choose another place."
        ) from error


@app.command("import")
def import_records(
    file: Annotated[
        str,
        typer.Argument(
            help="File that `export` wrote (.csv, .parquet, else JSON), or - for stdin."
        ),
    ],
) -> None:
    """Add what a file holds and the database does not."""
    content = _content(file)
    with _opened() as database:
        added = _imported(database, file, content)
    typer.echo(
        f"{added.measurements_added} measurements added, {added.measurements_skipped} already "
        f"there; {added.scenarios_added} scenarios added, {added.scenarios_skipped} already there."
    )


@app.command()
def scenarios(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """List the saved scenarios, last saved first; with --json, in full."""
    from db.queries import saved_scenarios

    with _opened() as database:
        saved = saved_scenarios(database)
    if as_json:
        print_json(saved)
        return
    for name in saved:
        typer.echo(name)
    if not saved:
        typer.echo("No scenario is saved yet. Save one on the dashboard.", err=True)


@contextmanager
def _opened() -> Iterator[Engine]:
    from db.session import open_database

    database = open_database()
    try:
        yield database
    finally:
        database.dispose()


def _exported(database: Engine, file: str) -> bytes:
    from db.exchange import exported
    from db.queries import measurements
    from db.tabular import SUFFIXES, table_bytes

    suffix = Path(file).suffix.lower()
    if suffix in SUFFIXES:
        return table_bytes(measurements(database), suffix)
    return exported(database).encode()


def _imported(database: Engine, file: str, content: bytes) -> Added:
    from db.exchange import add_records, import_document
    from db.tabular import SUFFIXES, measurements_in

    suffix = Path(file).suffix.lower()
    if suffix in SUFFIXES:
        return add_records(database, measurements_in(content, suffix))
    return import_document(database, content)


def _content(file: str) -> bytes:
    if file == STANDARD_STREAM:
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise BadInput(
            f"The file {file} cannot be read: {error.strerror}. "
            "Give a file that `modelworth db export` wrote, or - for stdin."
        ) from error
