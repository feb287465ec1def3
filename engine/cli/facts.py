"""`modelworth facts`: what we know, each number with unit, source and date."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from engine.catalogue.doubts import Doubtful, doubts
from engine.catalogue.listing import KINDS, Line, count, lines
from engine.catalogue.loading import close_ids
from engine.cli import print_json
from engine.records import BadInput

PIPE_WIDTH = 200
"""Columns of a table that goes into a file or a pipe."""
SHORT_SOURCE_WIDTH = 40

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def facts(
    what: Annotated[
        str | None, typer.Argument(metavar="[WHAT]", help=f"One of: {', '.join(KINDS)}.")
    ] = None,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="One accelerator, model, place...; an accelerator for cloud-prices and "
            "efficiency, a provider for storage-prices.",
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Say what is stale, unsourced or contradictory.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print what is known, each number with unit, source and date."""
    if what is not None:
        _known_kind(what)
    if check:
        found = doubts(datetime.now(UTC).date(), what)
        _print_doubts([d for d in found if name is None or d.thing == name], as_json)
    elif what is None:
        _print_kinds(as_json)
    else:
        _print_lines(what, lines(what, name), as_json, in_full=name is not None)


def _known_kind(what: str) -> None:
    if what not in KINDS:
        near = close_ids(what, {kind: kind for kind in KINDS})
        close = f" Close: {', '.join(near)}." if near else ""
        raise BadInput(f"No facts about '{what}'.{close} Known: {', '.join(KINDS)}.")


def _console() -> Console:
    screen = Console(highlight=False)
    return screen if screen.is_terminal else Console(highlight=False, width=PIPE_WIDTH)


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column == "value" else "left")
    return table


def _print_kinds(as_json: bool) -> None:
    counts = {kind: count(kind) for kind in KINDS}
    if as_json:
        print_json(counts)
        return
    table = _table("facts about", "value", "see them with")
    for kind, number in counts.items():
        table.add_row(kind, str(number), f"modelworth facts {kind}")
    _console().print(table)


def _print_lines(what: str, found: list[Line], as_json: bool, in_full: bool) -> None:
    if as_json:
        print_json([_line_as_json(line) for line in found])
        return
    table = _table(what, "quantity", "value", "unit", "as of", "read in", "read on")
    if not in_full:
        read_in = table.columns[5]
        read_in.no_wrap, read_in.max_width = True, SHORT_SOURCE_WIDTH
    for line in found:
        table.add_row(*_line_as_cells(line))
    screen = _console()
    screen.print(table)
    if in_full:
        _print_remarks(screen, found)


def _print_remarks(screen: Console, found: list[Line]) -> None:
    for line in found:
        if line.note:
            screen.print(f"{line.quantity}: {line.note}", markup=False)
    sources = {line.source.title: line.source.url for line in found if line.source}
    for title, url in sources.items():
        screen.print(f"{title}\n  {url or 'no address'}", markup=False, style="dim")


def _line_as_cells(line: Line) -> tuple[str, ...]:
    source, read_on = ("our own estimate", "-")
    if line.source is not None:
        source, read_on = line.source.title, str(line.source.checked)
    return (
        line.thing,
        line.quantity,
        _shown_value(line),
        line.unit,
        str(line.as_of or "-"),
        source,
        read_on,
    )


def _shown_value(line: Line) -> str:
    middle = "-" if line.value is None else _number(line.value)
    if line.low is None or line.high is None:
        return middle
    return f"{middle} ({_number(line.low)} to {_number(line.high)})"


def _number(value: float) -> str:
    """The number as the facts file has it, with thousands set apart."""
    return f"{value:,.10g}"


def _line_as_json(line: Line) -> dict[str, object]:
    source = line.source.model_dump(mode="json") if line.source else None
    as_of = line.as_of.isoformat() if isinstance(line.as_of, date) else line.as_of
    return asdict(line) | {"source": source, "as_of": as_of}


def _print_doubts(found: list[Doubtful], as_json: bool) -> None:
    if as_json:
        print_json([asdict(doubt) for doubt in found])
        return
    table = _table("doubt", "kind", "of", "quantity", "reason")
    for doubt in found:
        table.add_row(doubt.doubt, doubt.kind, doubt.thing, doubt.quantity, doubt.reason)
    screen = _console()
    if found:
        screen.print(table)
    totals = Counter(doubt.doubt for doubt in found)
    said = ", ".join(f"{number} {doubt}" for doubt, number in totals.items())
    screen.print(f"{said}." if said else "Nothing stale, unsourced or contradictory.")
