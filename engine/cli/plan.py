"""`modelworth plan`: the fastest way to divide a training step over the devices."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from engine.cli import AsJson, ScenarioFile, Settings, print_json

if TYPE_CHECKING:
    from engine.projection.planner import Candidate, Found

app = typer.Typer()


@app.command()
def plan(
    file: ScenarioFile = None,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """Print the fastest plan that fits, the next ones, and what keeps it from being faster."""
    from engine.cli.scenarios import stored_evidence, typed_scenario
    from engine.projection.training_plan import fastest

    evidence = stored_evidence()
    found = fastest(typed_scenario(file, settings or [], evidence), evidence)
    if as_json:
        print_json(as_document(found))
    else:
        _print(found)


def as_document(found: Found) -> dict[str, object]:
    """The plans as plain data."""
    return {
        "best": _told(found.best),
        "alternatives": [_told(other) for other in found.alternatives],
        "binds": found.binds,
        "tried_count": found.tried_count,
        "fitting_count": found.fitting_count,
    }


def _told(candidate: Candidate) -> dict[str, object]:
    return {
        "plan": asdict(candidate.plan) | {"data_count": float(candidate.plan.data_count)},
        "step_time_s": candidate.step_time_s,
        "tokens_per_s_per_device": candidate.tokens_per_s_per_device,
        "mfu": candidate.mfu,
        "step_time": asdict(candidate.parts),
        "memory_parts": asdict(candidate.memory),
        "memory_bytes_per_device": float(candidate.memory.whole_bytes),
    }


COLUMNS = ("TP", "PP", "CP", "EP", "DP", "ZeRO", "redone", "tokens")
"""Widths of tensor, pipeline, context, expert and data parallelism; tokens of a micro-batch."""


def _print(found: Found) -> None:
    from rich.console import Console
    from rich.table import Table

    from engine.units import BYTES_PER_GB

    table = Table(title=f"Fastest of {found.fitting_count} plans that fit", title_justify="left")
    for name in (*COLUMNS, "step, s", "MFU", "GB each"):
        table.add_column(name, justify="right")
    for candidate in (found.best, *found.alternatives):
        p = candidate.plan
        widths = (p.tensor_count, p.pipeline_count, p.context_count, p.expert_parallel_count)
        rest = (p.data_count, p.zero_stage, p.recompute_share, p.micro_batch_tokens)
        table.add_row(
            *(f"{float(value):,.0f}" for value in (*widths, *rest)),
            f"{candidate.step_time_s:.3g}",
            f"{candidate.mfu:.3f}",
            f"{float(candidate.memory.whole_bytes) / BYTES_PER_GB:.1f}",
        )
    console = Console(highlight=False)
    console.print(table)
    console.print(f"What keeps it from being faster: {found.binds}.")
