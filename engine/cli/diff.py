"""`modelworth diff`: what made the difference between two scenarios."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli import print_json

if TYPE_CHECKING:
    from rich.table import Table

    from engine.projection.difference import Difference
    from engine.scenario import Scenario

app = typer.Typer()


@app.command()
def diff(
    before: Annotated[Path, typer.Argument(help="Scenario file to start from.")],
    after: Annotated[Path, typer.Argument(help="Scenario file to compare with it.")],
    paths: Annotated[
        list[str] | None,
        typer.Option("--of", metavar="PATH", help="Number to explain; several may be given."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Print how much each differing choice contributed; the parts sum to the difference."""
    from engine.cli.scenarios import stored_evidence, typed_scenario
    from engine.projection.difference import difference

    evidence = stored_evidence()
    one, other = (typed_scenario(file, [], evidence) for file in (before, after))
    found = difference(one, other, paths or ["total.cost_usd"], evidence)
    if as_json:
        print_json([as_document(each, one, other) for each in found])
        return
    from rich.console import Console

    for each in found:
        Console(highlight=False).print(_table(each, one, other))


def as_document(found: Difference, before: Scenario, after: Scenario) -> dict[str, object]:
    """A difference as plain data."""
    one, other = before.model_dump(mode="json"), after.model_dump(mode="json")
    return {
        "path": found.path,
        "before": found.before,
        "after": found.after,
        "parts": [
            {"choice": name, "before": one[name], "after": other[name], "contribution": part}
            for name, part in found.parts.items()
        ],
    }


def _table(found: Difference, before: Scenario, after: Scenario) -> Table:
    from rich.table import Table

    from engine.cli.readable import number, title

    one, other = before.model_dump(), after.model_dump()
    name = found.path.rpartition(".")[2]
    table = Table(title=f"{title(name)} ({found.path})", title_justify="left")
    for heading in ("choice", "before", "after"):
        table.add_column(heading)
    table.add_column("makes", justify="right")
    table.add_row("", "", "before", number(name, found.before))
    for choice, part in found.parts.items():
        sign = "+" if part >= 0 else "−"
        shown = f"{sign}{number(name, abs(part))}"
        table.add_row(choice, _told(one[choice]), _told(other[choice]), shown)
    table.add_section()
    table.add_row("", "", "after", number(name, found.after))
    return table


def _told(value: object) -> str:
    return "not set" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
