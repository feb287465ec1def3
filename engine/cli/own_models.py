"""`modelworth validate --own-scores`: the largest models measured here, from the smallest."""

from __future__ import annotations

from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from engine.cli import print_json
from engine.projection.accuracy_fit import Foreseen, foreseen
from engine.projection.evidence import Evidence
from engine.records import BadInput

HEADINGS = ("parameters", "predicted", "90 % range", "measured", "off", "held")


def show(evidence: Evidence, *, as_json: bool) -> None:
    """Each recipe's largest size, predicted from its three smallest, and what was measured.

    Raises:
        BadInput: no recipe was measured at four sizes.
    """
    found = [each for curve in evidence.score_curves if (each := foreseen(curve)) is not None]
    if not found:
        raise BadInput(
            "No model was measured at four sizes that rise with size. "
            "Run `modelworth measure --suite standard` first."
        )
    if as_json:
        print_json([as_document(each) for each in found])
        return
    Console(highlight=False).print(as_table(found))


def as_document(found: Foreseen) -> dict[str, object]:
    """One prediction as JSON values."""
    plain = {k: v for k, v in asdict(found).items() if k != "curve"}
    names = {"name": found.curve.name, "data": found.curve.data, "metric": found.curve.metric}
    return names | plain | {"held": found.held}


def as_table(found: list[Foreseen]) -> Table:
    """The predictions for people."""
    table = Table(
        title="Largest sizes, predicted from the three smallest and what others reached on the "
        "same data",
        title_justify="left",
    )
    table.add_column("model")
    for heading in HEADINGS:
        table.add_column(heading, justify="right")
    for each in found:
        table.add_row(
            f"{each.curve.name}, {each.curve.data}",
            f"{each.parameter_count:,.0f}",
            f"{each.predicted_share:.1%}",
            f"{each.low_share:.1%} to {each.high_share:.1%}",
            f"{each.measured_share:.1%}",
            f"{(each.predicted_share - each.measured_share) * 100:+.1f} points",
            "yes" if each.held else "no",
        )
    return table
