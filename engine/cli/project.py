"""`modelworth project`: everything that follows from one scenario."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli import AsJson, ScenarioFile, Settings, log, print_json
from engine.records import Estimate

if TYPE_CHECKING:
    from rich.table import Table

    from engine.records import Projection
    from engine.scenario import Scenario

PARTS = (
    "preparation", "training", "evaluation", "storage", "deployment", "quality", "total",
)  # fmt: skip

app = typer.Typer()


@app.command()
def project(
    file: ScenarioFile = None,
    settings: Settings = None,
    as_json: AsJson = False,
    path: Annotated[
        str | None,
        typer.Option(
            "--explain",
            metavar="PATH",
            help="How one number was worked out, as JSON, e.g. training.bill.cost_usd.",
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--save", metavar="NAME", help="Keep the scenario by this name.")
    ] = None,
) -> None:
    """Print what a scenario takes and costs. `hardware=this-machine` is the one measured last."""
    from engine.cli.scenarios import stored_evidence, typed_scenario
    from engine.projection import explain, with_ranges
    from engine.projection import project as projection_of

    evidence = stored_evidence()
    scenario = typed_scenario(file, settings or [], evidence)
    projection = with_ranges(projection_of(scenario, evidence))
    if name is not None:
        _save(name, scenario)
    if path is not None:
        print_json(explain(projection, path))
    elif as_json:
        print_json(as_document(scenario, projection))
    else:
        _print(scenario, projection)


def as_document(scenario: Scenario, projection: Projection) -> dict[str, object]:
    """Scenario, projection and notes as plain data."""
    return {
        "scenario": scenario.model_dump(mode="json"),
        "projection": {part: _as_data(getattr(projection, part)) for part in PARTS},
        "notes": [{"code": note.code, "values": dict(note.values)} for note in projection.notes],
    }


def _as_data(record: object) -> object:
    from engine.projection.working import plain

    if isinstance(record, Estimate):
        told: dict[str, object] = {"value": plain(record.value), "kind": record.kind}
        if record.low is not None and record.high is not None:
            told |= {"low": plain(record.low), "high": plain(record.high)}
        return told
    if is_dataclass(record):
        return {f.name: _as_data(getattr(record, f.name)) for f in fields(record)}
    return record


def _save(name: str, scenario: Scenario) -> None:
    from db.session import open_database
    from db.store import save_scenario

    database = open_database()
    try:
        save_scenario(database, name, scenario.model_dump(mode="json"))
    finally:
        database.dispose()
    log.print(f"Saved as {name}.", markup=False, highlight=False)


def _print(scenario: Scenario, projection: Projection) -> None:
    from rich.console import Console

    from engine.cli.readable import note_sentence

    console = Console(highlight=False)
    console.print(_table(scenario, projection))
    for note in projection.notes:
        console.print(f"• {note_sentence(note)}", markup=False)


def _table(scenario: Scenario, projection: Projection) -> Table:
    from rich.table import Table

    from engine.cli.readable import amount, title
    from engine.projection.working import estimates

    table = Table(title=f"{scenario.model} on {scenario.hardware}", title_justify="left")
    table.add_column("")
    table.add_column("", justify="right")
    table.add_column("90 % range", justify="right")
    table.add_column("how it is known")
    for part in PARTS:
        table.add_section()
        table.add_row(f"[bold]{part.capitalize()}[/bold]")
        for name, estimate in estimates(getattr(projection, part)):
            if estimate.kind == "chosen" and estimate.note:
                continue
            table.add_row(
                title(name), amount(name, estimate), _range(name, estimate), estimate.kind
            )
    return table


def _range(name: str, estimate: Estimate) -> str:
    from engine.cli.readable import number

    if estimate.low is None or estimate.high is None:
        return ""
    return f"{number(name, estimate.low)} – {number(name, estimate.high)}"
