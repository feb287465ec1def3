"""`modelworth measure --nproc`: several processes measured as one, under `torchrun`."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from engine.cli import log, print_json
from engine.records import BadInput, CannotContinue, Measurement

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from engine.measurement.distributed.fit import CollectiveFit

PANEL = "Beyond one process (torchrun)"
LEAST_PROCESSES = 2


def _option(text: str) -> Any:
    return typer.Option(help=text, rich_help_panel=PANEL, show_default=False)


Nproc = Annotated[
    int | None,
    _option(
        "Measure so many processes on this computer together: collectives over message size, "
        "and training steps with DDP and FSDP. NCCL where each has a GPU, else gloo."
    ),
]
Nnodes = Annotated[
    int | None,
    _option(
        "Computers that take part. Give the same command with --rdzv-backend, --rdzv-endpoint "
        "and --rdzv-id on each; the one whose process is first keeps the records."
    ),
]
NodeRank = Annotated[int | None, _option("As torchrun's.")]
MasterAddr = Annotated[str | None, _option("As torchrun's.")]
MasterPort = Annotated[int | None, _option("As torchrun's.")]
LocalAddr = Annotated[str | None, _option("As torchrun's.")]
RdzvBackend = Annotated[str | None, _option("As torchrun's, for example c10d.")]
RdzvEndpoint = Annotated[str | None, _option("As torchrun's: host:port of the meeting place.")]
RdzvId = Annotated[str | None, _option("As torchrun's: the same on every computer.")]
RdzvConf = Annotated[str | None, _option("As torchrun's.")]


@dataclass
class Outcome:
    """What one run of the command did."""

    suite: str
    process_count: int
    skipped_count: int = 0
    is_first: bool = False
    """Whether the records come to this computer."""
    added: list[Measurement] = field(default_factory=list)
    left_out: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Settings by the reason why they could not be measured here."""
    fits: list[CollectiveFit] = field(default_factory=list)


def measure_many(
    nproc: int,
    suite: str,
    only: list[str],
    *,
    again: bool,
    as_json: bool,
    rendezvous: dict[str, str | int | None],
    progress: Path | None = None,
) -> None:
    """Run a world's suite; records are kept as they come, then the fits are printed.

    Raises:
        BadInput: no such suite, too few processes, or flags for meeting without `--nnodes`.
        CannotContinue: a process was lost; what was finished is kept.
    """
    from db.queries import measured_keys
    from db.session import open_database
    from engine.cli.measure_progress import ProgressFile
    from engine.measurement.distributed.jobs import POWERS
    from engine.measurement.distributed.launch import Launch, events

    if suite not in POWERS:
        raise BadInput(f"No suite {suite!r} for several processes. Known: {', '.join(POWERS)}.")
    launch = Launch(
        process_count=nproc,
        suite=suite,
        **_threads(nproc),
        only=tuple(only),
        again=again,
        rendezvous=_flags(nproc, rendezvous),
    )
    database = open_database()
    outcome = Outcome(suite, nproc)
    with ProgressFile(progress) as watched:
        try:
            for event in events(launch, measured_keys(database)):
                _take(event, outcome, database)
                watched.relay(event)
        except (CannotContinue, KeyboardInterrupt) as error:
            said = "Stopped." if isinstance(error, KeyboardInterrupt) else str(error)
            raise CannotContinue(
                f"{said} {len(outcome.added)} new measurements are kept; "
                "the same command goes on from there."
            ) from None
    outcome.fits = _fits(database, outcome)
    _show(outcome, as_json)


def _threads(nproc: int) -> dict[str, int]:
    """Threads of each process, and of one alone: together they use the cores once."""
    import psutil
    import torch

    cores = psutil.cpu_count(logical=False) or psutil.cpu_count() or 1
    return {
        "thread_count": max(1, cores // nproc),
        "machine_thread_count": torch.get_num_threads(),
    }


def _flags(nproc: int, rendezvous: dict[str, str | int | None]) -> list[str]:
    """`torchrun`'s own flags; alone, a computer meets itself."""
    given = {name: value for name, value in rendezvous.items() if value is not None}
    node_count = int(given.get("nnodes", 1))
    if nproc < 1 or node_count < 1 or nproc * node_count < LEAST_PROCESSES:
        raise BadInput(
            f"{nproc} process on {node_count} computer is no world: two processes or more "
            "measure together. For one, leave --nproc out."
        )
    if not given:
        return ["--standalone"]
    if "nnodes" not in given:
        names = ", ".join(f"--{name}" for name in given)
        raise BadInput(f"{names} is for several computers: give --nnodes as well.")
    return [word for name, value in given.items() for word in (f"--{name}", str(value))]


def _take(event: dict[str, Any], outcome: Outcome, database: Engine) -> None:
    from pydantic import TypeAdapter

    from db.store import save_measurement
    from engine.cli.measure_display import result_line

    if event["event"] == "planned":
        outcome.is_first = True
        outcome.skipped_count = event["all"] - event["left"]
    elif event["event"] == "left out":
        outcome.left_out.setdefault(event["reason"], []).append(event["settings"])
    elif event["event"] == "finished":
        measurement = TypeAdapter(Measurement).validate_python(event["measurement"])
        save_measurement(database, measurement)
        outcome.added.append(measurement)
        line = result_line(_label(measurement), measurement)
        log.print(line, markup=False, highlight=False, soft_wrap=True)


def _label(measurement: Measurement) -> str:
    known = measurement.settings
    what = f"{known['world_size']} x {known['backend']}"
    if "collective" in known:
        return f"{known['collective']} of {known['size_bytes']} bytes, {what}"
    return f"{known['strategy']} step of hidden size {known['hidden_size']}, {what}"


def _fits(database: Engine, outcome: Outcome) -> list[CollectiveFit]:
    """Of this computer's worlds of that many processes, earlier runs included."""
    from db.queries import measurements
    from engine.measurement.distributed.fit import COLLECTIVE, collective_fits
    from engine.measurement.machine import this_machine

    if not outcome.is_first:
        return []
    here = this_machine().fingerprint
    fits = collective_fits(measurements(database, workload=COLLECTIVE))
    return [fit for fit in fits if fit.machine_fingerprint == here]


def _show(outcome: Outcome, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "suite": outcome.suite,
                "added": len(outcome.added),
                "skipped": outcome.skipped_count,
                "left_out": outcome.left_out,
                "keys": [measurement.key for measurement in outcome.added],
                "fits": [asdict(fit) for fit in outcome.fits],
            }
        )
    elif outcome.fits:
        Console().print(_table(outcome.fits))
    for reason, settings in outcome.left_out.items():
        names = ", ".join(
            dict.fromkeys(str(s.get("collective", s.get("strategy"))) for s in settings)
        )
        log.print(f"Left out: {names} ({reason}).", markup=False, highlight=False, soft_wrap=True)
    if not outcome.is_first:
        log.print("The first process ran on another computer: its database keeps the records.")
        return
    log.print(
        f"Added {len(outcome.added)} measurements, {outcome.skipped_count} were held already.",
        highlight=False,
    )


def _table(fits: list[CollectiveFit]) -> Table:
    from engine.cli.measure_display import readable

    table = Table("collective", "world", "latency", "bandwidth", "residual", "sizes", box=None)
    for fit in fits:
        rate = fit.line.bandwidth_bytes_per_s
        table.add_row(
            fit.collective,
            f"{fit.world_size} x {fit.backend} on {fit.node_count}",
            readable(fit.line.latency_s, "s"),
            "unknown" if rate is None else readable(rate, "B/s"),
            f"{fit.line.residual_share:.0%}, worst {fit.line.worst_share:.0%}",
            f"{readable(fit.smallest_bytes, 'B')} to {readable(fit.largest_bytes, 'B')}",
        )
    return table
