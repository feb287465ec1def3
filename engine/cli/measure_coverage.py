"""`modelworth measure --coverage`: what of a suite the database holds, and what is wrong in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from engine.cli import print_json
from engine.measurement.coverage import STAGES, Cell, Coverage, cells, coverage
from engine.measurement.noise import disturbances, far_repeats_s
from engine.records import CannotContinue, Machine, Measurement, Setting

if TYPE_CHECKING:
    from engine.measurement.workloads.base import AnyWorkload

FLAWS_SHOWN = 5
WIDTH = 100


def show_coverage(
    suite: str, jobs: Sequence[AnyWorkload], machine: Machine, *, as_json: bool
) -> None:
    """Print every domain and family by stage: how many of the suite's measurements are held.

    Args:
        suite: its name.
        jobs: all it asks for on this machine.
        machine: whose measurements count.
        as_json: one JSON document on stdout instead.

    Raises:
        CannotContinue: something is lacking or wrong.
    """
    held = _held(jobs, machine)
    expected = cells(jobs)
    seen = coverage(held, expected)
    lacking_count = len(jobs) - len(held)
    if as_json:
        print_json(_document(seen, expected, held, lacking_count))
    else:
        console = Console()
        console.print(_table(seen.held, expected), width=WIDTH, crop=False)
        console.print(_energy(held), highlight=False, soft_wrap=True)
        console.print(_noise(held), highlight=False, soft_wrap=True)
    if lacking_count or not seen.is_complete:
        raise CannotContinue(_trouble(suite, seen, lacking_count, len(jobs)))


def _held(jobs: Sequence[AnyWorkload], machine: Machine) -> list[Measurement]:
    """The newest of each job, by today's method."""
    from db.queries import measurements
    from db.session import open_database
    from engine.measurement.version import METHOD

    asked = {_work(job.name, job.settings) for job in jobs}
    found: dict[tuple[object, ...], Measurement] = {}
    here = measurements(open_database(), hardware_id=machine.hardware_id)
    for m in sorted(here, key=lambda m: m.repetition_number):
        if m.method_version == METHOD and _work(m.workload, m.settings) in asked:
            found[_work(m.workload, m.settings)] = m
    return list(found.values())


def _work(name: str, settings: Mapping[str, Setting]) -> tuple[object, ...]:
    return name, *sorted(settings.items())


def _table(held: Mapping[Cell, int], expected: Mapping[Cell, int]) -> Table:
    table = Table("domain", "family", "sizes", *STAGES, box=None)
    families = dict.fromkeys((cell.domain, cell.family) for cell in expected)
    for domain, family in families:
        own = [cell for cell in expected if (cell.domain, cell.family) == (domain, family)]
        sizes = {cell.size for cell in own if cell.size is not None}
        counts = [_count([c for c in own if c.stage == stage], held, expected) for stage in STAGES]
        table.add_row(domain, family, str(len(sizes)), *counts)
    return table


def _count(own: Sequence[Cell], held: Mapping[Cell, int], expected: Mapping[Cell, int]) -> str:
    """Measurements held, of how many where some are lacking."""
    there, asked = sum(held.get(cell, 0) for cell in own), sum(expected[cell] for cell in own)
    return str(there) if there >= asked else f"{there}/{asked}"


def _energy(held: Sequence[Measurement]) -> str:
    kinds = Counter(m.energy_kind or "unknown" for m in held)
    told = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    return f"Energy of {len(held)} measurements: {told or 'none'}."


def _noise(held: Sequence[Measurement]) -> str:
    noisy = [m for m in held if disturbances(m)]
    reasons = Counter(reason for m in noisy for reason in disturbances(m))
    told = ", ".join(f"{reason.replace('_', ' ')} {n}" for reason, n in sorted(reasons.items()))
    far = sum(len(far_repeats_s(m)) for m in held)
    repeats = sum(len(m.repeat_times_s) for m in held)
    return (
        f"Noisy: {len(noisy)}{f' ({told})' if told else ''}. "
        f"Repeats far from the others, kept: {far} of {repeats}."
    )


def _trouble(suite: str, seen: Coverage, lacking_count: int, job_count: int) -> str:
    parts = []
    if lacking_count:
        parts.append(
            f"{lacking_count} of {job_count} measurements of the suite {suite} are lacking, in "
            f"{len(seen.lacking)} cells of family, size and stage. To take them: "
            f"modelworth measure --suite {suite}."
        )
    if seen.flaws:
        shown = "; ".join(f"{flaw.key}: {flaw.what}" for flaw in seen.flaws[:FLAWS_SHOWN])
        parts.append(f"{len(seen.flaws)} numbers are wrong ({shown}).")
    return " ".join(parts)


def _document(
    seen: Coverage, expected: Mapping[Cell, int], held: Sequence[Measurement], lacking_count: int
) -> dict[str, Any]:
    return {
        "is_complete": seen.is_complete and not lacking_count,
        "held": len(held),
        "lacking": lacking_count,
        "energy": dict(Counter(m.energy_kind or "unknown" for m in held)),
        "noisy": sum(bool(disturbances(m)) for m in held),
        "cells": [
            {
                "domain": cell.domain,
                "family": cell.family,
                "stage": cell.stage,
                "size": cell.size,
                "held": seen.held.get(cell, 0),
                "expected": count,
            }
            for cell, count in expected.items()
        ],
        "flaws": [{"key": flaw.key, "what": flaw.what} for flaw in seen.flaws],
    }
