"""What each process of a world runs; the first one reports, a line a job.

Started by `torchrun`; a job's line is written only when every process has finished it.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter
from torch.distributed.elastic.multiprocessing.errors import record

from engine.measurement.distributed.jobs import jobs
from engine.measurement.distributed.world import (
    Rank,
    WorldWorkload,
    bench_of,
    joined,
    measured,
    trouble,
)
from engine.measurement.suites import missing, next_repetition
from engine.records import Measurement

RECORD = TypeAdapter(Measurement)


@record
def main(arguments: Sequence[str] | None = None) -> None:
    """Join the world, do what is missing, report."""
    options = _options(arguments)
    torch.set_num_threads(options.threads)
    with joined(options.threads) as rank:
        report = _writer(Path(options.report)) if rank.is_first else _silent
        _run(rank, options, report)


def _run(rank: Rank, options: argparse.Namespace, report: Callable[[dict[str, Any]], None]) -> None:
    bench = bench_of(rank, options.machine_threads)
    every: list[WorldWorkload] = [
        job
        for job in jobs(options.suite, rank.world)
        if not options.only or job.name in options.only
    ]
    held = set(json.loads(Path(options.held).read_text()))
    repetition = next_repetition(every, held, bench.machine) if options.again else 1
    left = missing(every, held, bench.machine, repetition)
    # Each computer has a database of its own; what the first one holds decides.
    still = [number for number, job in enumerate(every) if job in left]
    wanted, repetition = rank.everyones((still, repetition))[0]
    report({"event": "planned", "all": len(every), "left": len(wanted), **rank.world._asdict()})
    for index in wanted:
        job = every[index]
        report({"event": "started", "workload": job.name, "settings": job.settings})
        reason = trouble(job, rank)
        if reason is None:
            seen = replace(measured(job, rank, bench), repetition_number=repetition)
            report({"event": "finished", "measurement": RECORD.dump_python(seen, mode="json")})
        else:
            report({"event": "left out", "reason": reason, "settings": job.settings})


def _writer(path: Path) -> Callable[[dict[str, Any]], None]:
    def write(event: dict[str, Any]) -> None:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(event, allow_nan=False) + "\n")

    return write


def _silent(event: dict[str, Any]) -> None:
    """What the other processes do with an event."""


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--suite", required=True)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--held", required=True)
    parser.add_argument("--report", required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--machine-threads", type=int, required=True)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
    # Python taken down while a thread of gloo still holds a tensor ends in SIGABRT, with all
    # work done: https://github.com/pytorch/pytorch/pull/179291
    os._exit(0)
