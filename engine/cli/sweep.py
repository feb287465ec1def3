"""`modelworth sweep`: one projection over ranges of choices, all at once."""

from __future__ import annotations

import csv
import math
import sys
from typing import TYPE_CHECKING, Annotated

import numpy as np
import numpy.typing as npt
import typer

from engine.cli import AsJson, Settings, print_json
from engine.cli.scenarios import known_field, stored_evidence, typed_scenario
from engine.records import BadInput
from engine.scenario import has_bounds
from engine.units import Float

if TYPE_CHECKING:
    from engine.records import Projection

LONGEST = 1_000_000
SHOWN = (
    "training.time_h",
    "training.bill.cost_usd",
    "deployment.device_count",
    "deployment.bill.cost_usd",
    "quality.score_share",
    "total.carbon_kgco2e",
    "total.cost_usd",
)
"""Columns of the table people read; JSON and CSV hold all numbers."""

app = typer.Typer()


@app.command()
def sweep(
    ranges: Annotated[
        list[str],
        typer.Argument(
            metavar="KEY=LOW:HIGH:COUNT[:log]...", help="Choices to vary; several make a grid."
        ),
    ],
    settings: Settings = None,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Comma-separated rows on stdout.")] = False,
) -> None:
    """Print how the projection changes over ranges of choices."""
    from engine.projection import project

    evidence = stored_evidence()
    grid = _grid(dict(_range(text) for text in ranges))
    scenario = typed_scenario(None, settings or [], evidence).replace(**grid)
    columns = _columns(grid, project(scenario, evidence))
    if as_json:
        print_json({name: _plain(column) for name, column in columns.items()})
    elif as_csv:
        _print_csv(columns)
    else:
        _print_table(columns, [*grid, *SHOWN])


def _range(text: str) -> tuple[str, npt.NDArray[np.float64]]:
    """Name and values of `key=low:high:count[:log]`."""
    name, _, spread = text.partition("=")
    parts = spread.split(":")
    logarithmic = len(parts) == 4 and parts[3] == "log"
    if len(parts) != 3 and not logarithmic:
        raise BadInput(
            f"{text!r} is not a range. Write key=low:high:count or key=low:high:count:log."
        )
    try:
        low, high, count = float(parts[0]), float(parts[1]), int(parts[2])
    except ValueError as error:
        raise BadInput(f"{text!r}: low and high are numbers, count is a whole number.") from error
    if not (math.isfinite(low) and math.isfinite(high)) or not 1 <= count <= LONGEST:
        raise BadInput(f"{text!r}: low and high must be finite, count from 1 to {LONGEST:,}.")
    if logarithmic and min(low, high) <= 0:
        raise BadInput(f"{text!r}: a logarithmic range must lie above 0.")
    _check_is_number(name.strip())
    spaced = np.geomspace if logarithmic else np.linspace
    return name.strip(), spaced(low, high, count)


def _check_is_number(name: str) -> None:
    if not has_bounds(known_field(name)):
        raise BadInput(f"{name} is not a number, so it has no range. Choose it with --set.")


def _grid(axes: dict[str, npt.NDArray[np.float64]]) -> dict[str, npt.NDArray[np.float64]]:
    """Every combination of the axes, one row each."""
    total = math.prod(len(axis) for axis in axes.values())
    if total > LONGEST:
        raise BadInput(f"{total:,} combinations are too many; at most {LONGEST:,}.")
    crossed = np.meshgrid(*axes.values(), indexing="ij")
    return {name: axis.ravel() for name, axis in zip(axes, crossed, strict=True)}


def _columns(
    grid: dict[str, npt.NDArray[np.float64]], projection: Projection
) -> dict[str, npt.NDArray[np.float64]]:
    """Choices and every projected number, each as long as the grid; unknown is NaN."""
    from engine.projection.working import estimates

    length = len(next(iter(grid.values())))
    numbers = {path: _filled(e.value, length) for path, e in estimates(projection)}
    return grid | numbers


def _filled(value: Float | None, length: int) -> npt.NDArray[np.float64]:
    known = np.nan if value is None else value
    return np.broadcast_to(np.asarray(known, dtype=np.float64), (length,))


def _plain(column: npt.NDArray[np.float64]) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in column]


def _print_csv(columns: dict[str, npt.NDArray[np.float64]]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    plain = [_plain(column) for column in columns.values()]
    writer.writerows(zip(*plain, strict=True))


def _print_table(columns: dict[str, npt.NDArray[np.float64]], shown: list[str]) -> None:
    from rich.console import Console
    from rich.table import Table

    from engine.cli.readable import number

    table = Table()
    for name in shown:
        table.add_column(name.replace(".bill", "").replace("_", " ").replace(".", " "))
    for row in zip(*(columns[name] for name in shown), strict=True):
        cells = zip(shown, row, strict=True)
        table.add_row(*("–" if np.isnan(value) else number(name, value) for name, value in cells))
    Console(highlight=False).print(table)
