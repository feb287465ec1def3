"""`modelworth measure`: run a suite on this machine and keep what was seen."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from engine.cli import log, measure_compare, measure_coverage, measure_many, print_json
from engine.cli.measure_attempts import Attempt, unlucky_last
from engine.records import BadInput, CannotContinue, Machine, Measurement

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from engine.cli.measure_progress import ProgressFile
    from engine.measurement.bench import Bench
    from engine.measurement.events import Event
    from engine.measurement.steadiness import Steadiness
    from engine.measurement.workloads.base import AnyWorkload

app = typer.Typer(add_completion=False)


@dataclass
class Outcome:
    """What one run of the command did."""

    suite: str
    machine: Machine
    skipped_count: int
    added: list[Measurement] = field(default_factory=list)
    failed: list[tuple[AnyWorkload, str]] = field(default_factory=list)
    steady: Steadiness | None = None
    """How far the machine agrees with itself; None where too little was measured twice."""

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "suite": self.suite,
            "added": len(self.added),
            "skipped": self.skipped_count,
            "failed": [
                {"workload": job.name, "settings": job.settings, "reason": reason}
                for job, reason in self.failed
            ],
            "machine": {**asdict(self.machine), "fingerprint": self.machine.fingerprint},
            "run_to_run": None if self.steady is None else asdict(self.steady),
            "measurements": [_measurement_json(measurement) for measurement in self.added],
        }


@app.command()
def measure(
    suite: Annotated[
        str,
        typer.Option(
            help="quick (about 3 minutes), standard (about 20 minutes: every model family "
            "through every stage), full (some hours), or toy (seconds, to try it out)."
        ),
    ] = "quick",
    as_json: Annotated[bool, typer.Option("--json", help="Print a summary as JSON.")] = False,
    only: Annotated[
        list[str] | None, typer.Option(help="Only this workload; may be given again.")
    ] = None,
    again: Annotated[
        bool,
        typer.Option("--again", help="Measure all once more; the newest counts, the old is kept."),
    ] = False,
    list_jobs: Annotated[bool, typer.Option("--list", help="Show what would be measured.")] = False,
    show_coverage: Annotated[
        bool,
        typer.Option(
            "--coverage",
            help="Show what of the suite is held, by family, size and stage, and what is wrong.",
        ),
    ] = False,
    compare: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="A B",
            show_default=False,
            help="Which differences between two sets are real. A and B are machines' fingerprints, "
            "dates, code versions, method:N or run:N, set apart by commas to narrow further.",
        ),
    ] = None,
    progress: Annotated[
        Path | None,
        typer.Option(
            help="Write what happens to this file, one JSON object a line, for a program that "
            "watches; SIGTERM then stops the run as Ctrl-C does."
        ),
    ] = None,
    nproc: measure_many.Nproc = None,
    nnodes: measure_many.Nnodes = None,
    node_rank: measure_many.NodeRank = None,
    master_addr: measure_many.MasterAddr = None,
    master_port: measure_many.MasterPort = None,
    local_addr: measure_many.LocalAddr = None,
    rdzv_backend: measure_many.RdzvBackend = None,
    rdzv_endpoint: measure_many.RdzvEndpoint = None,
    rdzv_id: measure_many.RdzvId = None,
    rdzv_conf: measure_many.RdzvConf = None,
) -> None:
    """Measure this machine; what its database already holds is not measured again.

    Each result is kept as soon as it is there: stop at any time, the same command goes on.
    """
    if compare is not None:
        measure_compare.compare(*compare, only or [], as_json=as_json)
        return
    if show_coverage:
        _show_coverage(suite, only or [], as_json=as_json)
        return
    if nproc is not None:
        meeting = {
            "nnodes": nnodes, "node-rank": node_rank, "master-addr": master_addr,
            "master-port": master_port, "local-addr": local_addr, "rdzv-backend": rdzv_backend,
            "rdzv-endpoint": rdzv_endpoint, "rdzv-id": rdzv_id, "rdzv-conf": rdzv_conf,
        }  # fmt: skip
        measure_many.measure_many(
            nproc, suite, only or [], again=again, as_json=as_json, rendezvous=meeting,
            progress=progress,
        )  # fmt: skip
        return
    from engine.cli.measure_progress import ProgressFile

    with ProgressFile(progress) as watched:
        _measure_here(suite, only or [], watched, again=again, as_json=as_json, only_list=list_jobs)


def _measure_here(
    suite: str,
    only: list[str],
    watched: ProgressFile,
    *,
    again: bool,
    as_json: bool,
    only_list: bool,
) -> None:
    from db.queries import measured_keys, measurements
    from db.session import open_database
    from engine.measurement.machine import best_device, this_machine
    from engine.measurement.steadiness import steadiness
    from engine.measurement.suites import bench_of, job_key, missing, next_repetition

    device = best_device()
    jobs = _chosen(_suite(suite)(device), only)
    database = open_database()
    already = measured_keys(database)
    bench = bench_of(this_machine(device))
    repetition = next_repetition(jobs, already, bench.machine) if again else 1
    left = unlucky_last(
        missing(jobs, already, bench.machine, repetition),
        lambda job: job_key(job, bench.machine, repetition),
    )
    if only_list:
        _print_list(jobs, left)
        return
    outcome = Outcome(suite, bench.machine, skipped_count=len(jobs) - len(left))
    watched.plan(len(jobs), left)
    if left:
        _announce(left, bench.machine)
        _run(left, bench, database, outcome, repetition, watched)
    outcome.steady = steadiness(measurements(database)).get(bench.machine.hardware_id)
    if as_json:
        print_json(outcome.as_json())
    _close(outcome)


def _show_coverage(suite: str, only: list[str], *, as_json: bool) -> None:
    from engine.measurement.machine import best_device, this_machine

    device = best_device()
    jobs = _chosen(_suite(suite)(device), only)
    measure_coverage.show_coverage(suite, jobs, this_machine(device), as_json=as_json)


def _suite(name: str) -> Any:
    from engine.measurement.suites import SUITES

    if name not in SUITES:
        raise BadInput(f"No suite {name!r}. Known: {', '.join(SUITES)}.")
    return SUITES[name]


def _chosen(jobs: list[AnyWorkload], only: list[str]) -> list[AnyWorkload]:
    known = dict.fromkeys(job.name for job in jobs)
    for name in only:
        if name not in known:
            raise BadInput(f"No workload {name!r} in this suite. Known: {', '.join(known)}.")
    return [job for job in jobs if not only or job.name in only]


def _run(
    left: list[AnyWorkload],
    bench: Bench,
    database: Engine,
    outcome: Outcome,
    repetition: int,
    watched: ProgressFile,
) -> None:
    from db.store import save_measurement
    from engine.cli.measure_display import Display
    from engine.measurement.events import Failed, Started
    from engine.measurement.suites import job_key, run

    display, attempt = Display(left), Attempt()

    def on_event(event: Event) -> None:
        if isinstance(event, Started):
            attempt.begin(job_key(event.job, bench.machine, repetition))
        if isinstance(event, Failed):
            outcome.failed.append((event.job, event.reason))
        display.show(event)
        watched.show(event)

    try:
        with display, attempt:
            for measurement in run(left, (), bench, on_event, repetition):
                save_measurement(database, measurement)
                outcome.added.append(measurement)
    except KeyboardInterrupt:
        raise CannotContinue(
            f"Stopped. {len(outcome.added)} of {len(left)} new measurements are kept; "
            "the same command goes on from there."
        ) from None


def _announce(left: list[AnyWorkload], machine: Machine) -> None:
    """The terms of data about to be fetched, and whether other programs are in the way."""
    from engine.measurement import datasets, terms
    from engine.measurement.machine import load_average
    from engine.measurement.workloads.base import learns

    def tell(notice: str) -> None:
        log.print(notice, markup=False, highlight=False, soft_wrap=True)

    if any(learns(job) for job in left):
        datasets.announce(tell)
    terms.announce((str(job.settings.get("data")) for job in left), tell)
    load = load_average()
    if load is not None and load > machine.logical_core_count / 2:
        log.print(
            f"Other programs are running (load average {load:.1f} on "
            f"{machine.logical_core_count} cores): times will be longer than they could be.",
            style="yellow",
            highlight=False,
            soft_wrap=True,
        )


def _print_list(jobs: list[AnyWorkload], left: list[AnyWorkload]) -> None:
    from engine.measurement.suites import expected_s

    table = Table("workload", "settings", "state", box=None)
    waiting = set(left)
    for job in jobs:
        settings = ", ".join(f"{name}={value}" for name, value in job.settings.items())
        state = f"to measure, {expected_s(job):.1f} s" if job in waiting else "measured"
        table.add_row(job.name, settings, state)
    console = Console()
    console.print(table)
    minutes = sum(map(expected_s, left)) / 60
    console.print(
        f"{len(left)} of {len(jobs)} to measure, about {minutes:.0f} minutes.", highlight=False
    )


def _close(outcome: Outcome) -> None:
    """The last sentences; a CannotContinue where something could not be measured."""
    if outcome.steady is not None:
        log.print(
            f"Taken again minutes later, 95 of 100 intervals lie within {outcome.steady.share:.0%} "
            f"of the first ({outcome.steady.pair_count} measured twice).",
            highlight=False,
            soft_wrap=True,
        )
    if outcome.failed:
        raise CannotContinue(_failure_sentence(outcome))
    if outcome.added:
        sentence = f"Added {len(outcome.added)} measurements of this machine to the database."
    else:
        sentence = (
            f"Nothing to do: all {outcome.skipped_count} measurements of this machine "
            "are already in the database."
        )
    log.print(sentence, highlight=False)


def _failure_sentence(outcome: Outcome) -> str:
    counts = Counter(reason for _, reason in outcome.failed)
    reasons = " ".join(
        reason if count == len(outcome.failed) else f"({count} of them) {reason}"
        for reason, count in counts.items()
    )
    return (
        f"{len(outcome.added)} measurements added, {len(outcome.failed)} could not be taken: "
        f"{reasons} The same command tries them again."
    )


def _measurement_json(measurement: Measurement) -> dict[str, Any]:
    values = asdict(measurement)
    del values["machine"]
    return {**values, "taken_at": measurement.taken_at.isoformat(), "key": measurement.key}
