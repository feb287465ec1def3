"""`modelworth validate`: how far off the projections are, against what is measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from db import queries, store
from db.session import open_database
from engine.cli import log, own_models, print_json, scored_models
from engine.projection.evidence import Evidence, HardwareEvidence
from engine.projection.item_times import WORST_RESIDUAL_SHARE
from engine.projection.step_time import StepTimeFit
from engine.records import BadInput, Machine, Measurement
from engine.units import MILLION
from engine.validation.own_steps import (
    LEAST_GROWTH_RATIO,
    PRECISION,
    StepComparison,
    compare,
    small_steps,
)

if TYPE_CHECKING:
    from engine.measurement.workloads.language_model import TrainStep
    from engine.validation.score import Scores

app = typer.Typer()


@app.command()
def validate(
    own: Annotated[
        bool,
        typer.Option(
            "--self", help="Predict much larger training steps on this machine, then measure them."
        ),
    ] = False,
    training: Annotated[
        Path | None, typer.Option(help="CSV of training throughput, in the published columns.")
    ] = None,
    runs: Annotated[
        Path | None, typer.Option(help="CSV of whole training runs, in the published columns.")
    ] = None,
    inference: Annotated[
        Path | None, typer.Option(help="CSV of language-model serving, in the published columns.")
    ] = None,
    vision: Annotated[
        Path | None, typer.Option(help="CSV of image-model inference, in the published columns.")
    ] = None,
    quality: Annotated[
        Path | None, typer.Option(help="CSV of models' scores, in the published columns.")
    ] = None,
    own_scores: Annotated[
        bool,
        typer.Option(
            "--own-scores",
            help="Predict the largest models measured here from the three smallest of each.",
        ),
    ] = False,
    rows: Annotated[
        Path | None,
        typer.Option(help="Write every row's prediction and range to this CSV, table after table."),
    ] = None,
    save: Annotated[
        bool, typer.Option("--save", help="Keep the published errors for the dashboard to show.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable, on stdout.")] = False,
) -> None:
    """Compare projections with what was measured, and print the error.

    Without options: published rows that come with Modelworth, each predicted by a fit
    that saw nothing of its publisher, or of its family of models. It takes about a minute.
    """
    files = {"training": training, "inference": inference, "vision": vision, "runs": runs}
    given = {name: file for name, file in files.items() if file is not None}
    if own_scores:
        own_models.show(Evidence.of(queries.measurements(open_database())), as_json=as_json)
        return
    if quality is not None and not given and not own:
        scored_models.show(quality, rows, as_json=as_json, save=save)
        return
    if quality is not None:
        raise BadInput("--quality scores in points, not shares: give it alone.")
    if rows is not None and not given:
        raise BadInput("--rows writes predictions for rows of one's own: give it with a CSV file.")
    if save and (own or given):
        raise BadInput("--save keeps the errors on all published rows: give it without a CSV file.")
    if own:
        _show_own(compare_own_steps(), as_json=as_json)
    else:
        _show_published(given, rows, as_json=as_json, save=save)


def _show_own(comparisons: list[StepComparison], *, as_json: bool) -> None:
    if as_json:
        print_json(as_document(comparisons))
        return
    screen = Console(highlight=False)
    screen.print(as_table(comparisons))
    screen.print(f"Median absolute error {_median_error_share(comparisons):.1%}.")


def _show_published(
    given: Mapping[str, Path], rows: Path | None, *, as_json: bool, save: bool
) -> None:
    from engine.cli import published

    if not given:
        _show_summary(as_json=as_json, save=save)
        return
    found = published.validated(given, rows)
    if as_json:
        print_json({name: published.as_document(one) for name, one in found.items()})
        return
    for name, one in found.items():
        title = f"{name}, predicted by the fit that comes along; rows it was fitted on score better"
        _show_scores(title, one)


def _show_summary(*, as_json: bool, save: bool) -> None:
    from engine.cli import published
    from engine.validation import stored, stored_rows
    from engine.validation.summary import lines

    found = list(lines(lambda text: log.print(text, highlight=False)))
    if save:
        count = stored.write(stored.stored(found))
        row_count = stored_rows.write(stored_rows.stored(found))
        kept = (
            f"{count} errors are kept in {stored.FILE}, {row_count:,} rows in {stored_rows.FILE}."
        )
        log.print(kept, highlight=False, soft_wrap=True)
    if as_json:
        print_json(
            {line.key: {"what": line.what} | published.as_document(line.scores) for line in found}
        )
        return
    for line in found:
        _show_scores(line.what, line.scores)
    Console(highlight=False).print(published.summary_grid(found))


def _show_scores(title: str, found: Scores) -> None:
    from engine.cli import published

    screen = Console(highlight=False)
    screen.print(published.as_grid(title, found))
    refused = published.refusals(found)
    if refused:
        screen.print(f"Refused: {refused}.", soft_wrap=True)


def compare_own_steps() -> list[StepComparison]:
    """Predict, then measure, training steps far larger than those in the database.

    Raises:
        BadInput: too few small steps were measured on this machine.
    """
    from engine.measurement.machine import this_machine
    from engine.measurement.suites import LARGER_STEPS

    database = open_database()
    machine = this_machine()
    held = queries.measurements(database, hardware_id=machine.hardware_id)
    known = HardwareEvidence(machine, ()) if not held else _newest(held, machine)
    largest = min(w.metrics["parameter_count"] for w in LARGER_STEPS) / LEAST_GROWTH_RATIO
    small = small_steps(known.of("lm_train_step", precision=PRECISION), largest)
    fit = _fit(small, known)
    comparisons = []
    for workload in LARGER_STEPS:
        millions = workload.metrics["parameter_count"] / MILLION
        log.print(f"Measuring a training step of {millions:.0f} M parameters")
        measured = _measure(workload, machine)
        store.save_measurement(database, measured)
        comparisons.append(compare(fit, small, measured))
    return comparisons


def _newest(held: Sequence[Measurement], machine: Machine) -> HardwareEvidence:
    return Evidence.of(held).hardware[machine.hardware_id]


def as_document(comparisons: Sequence[StepComparison]) -> dict[str, object]:
    """The comparisons as JSON values."""
    return {
        "median_absolute_error_share": _median_error_share(comparisons),
        "steps": [
            {
                "parameter_count": c.parameter_count,
                "growth_ratio": c.growth_ratio,
                "predicted_s": c.predicted_s,
                "measured_s": c.measured_s,
                "error_share": c.error_share,
                "constant_mfu_error_share": c.constant_mfu_error_share,
            }
            for c in comparisons
        ],
    }


def as_table(comparisons: Sequence[StepComparison]) -> Table:
    """The comparisons for people."""
    table = Table(title="Training steps predicted from small ones, then measured")
    headings = ("parameters", "times larger", "predicted", "measured", "error", "one-MFU error")
    for heading in headings:
        table.add_column(heading, justify="right")
    for c in comparisons:
        table.add_row(
            f"{c.parameter_count / MILLION:.1f} M",
            f"{c.growth_ratio:.0f}",
            f"{c.predicted_s:.3f} s",
            f"{c.measured_s:.3f} s",
            f"{c.error_share:+.1%}",
            f"{c.constant_mfu_error_share:+.1%}",
        )
    return table


def _fit(small: Sequence[Measurement], known: HardwareEvidence) -> StepTimeFit:
    fit = known.step_time_fit(small, PRECISION)
    if fit is None:
        raise BadInput(
            f"Only {len(small)} small training steps of {known.machine.device_name} are in the "
            "database; the fit needs more. Run `modelworth measure --suite quick` first."
        )
    if fit.residual_share > WORST_RESIDUAL_SHARE:
        log.print(
            f"The small steps do not fit together ({fit.residual_share:.0%} off when left out): "
            "other programs ran while they were measured. Run `modelworth measure --again` on an "
            "idle machine.",
            style="yellow",
            highlight=False,
            soft_wrap=True,
        )
    return fit


def _measure(workload: TrainStep, machine: Machine) -> Measurement:
    from engine.measurement.runner import measure
    from engine.measurement.suites import bench_of

    return measure(workload, bench_of(machine))


def _median_error_share(comparisons: Sequence[StepComparison]) -> float:
    return median(abs(c.error_share) for c in comparisons)
