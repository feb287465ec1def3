"""`modelworth measure --compare A B`: which of the differences between two sets are real."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

import typer

from engine.cli import log, print_json
from engine.measurement.agreement import Agreement, Pair, Verdict, agreement, chosen
from engine.measurement.noise import disturbances
from engine.measurement.steadiness import Steadiness, steadiness
from engine.records import BadInput

SHOWN_COUNT = 40
"""Pairs told, real differences first; `--json` has all."""


def compare(first: str, second: str, workloads: Sequence[str], *, as_json: bool) -> None:
    """Print both sets side by side.

    Raises:
        BadInput: a word speaks of no measurement, or nothing was measured in both.
    """
    from db.queries import measurements
    from db.session import open_database

    held = [m for m in measurements(open_database()) if not workloads or m.workload in workloads]
    if not held:
        raise BadInput("There is nothing to compare yet. Measure first: `modelworth measure`.")
    steady = steadiness(held)
    seen = agreement(chosen(held, first), chosen(held, second), steady)
    if not seen.pairs:
        raise BadInput(f"Nothing was measured both in {first!r} and in {second!r}.")
    if as_json:
        print_json(_document(seen, steady))
        return
    for line in _lines(seen.pairs[:SHOWN_COUNT]):
        typer.echo(line)
    if len(seen.pairs) > SHOWN_COUNT:
        log.print(f"{len(seen.pairs) - SHOWN_COUNT} more with --json.", highlight=False)
    log.print(_sentence(seen, first, second), markup=False, highlight=False, soft_wrap=True)
    log.print(_steadiness(seen, steady), markup=False, highlight=False, soft_wrap=True)


def _lines(pairs: Sequence[Pair]) -> Iterator[str]:
    from engine.cli.measure_display import label, readable, varied

    told = varied((pair.first.workload, pair.first.settings) for pair in pairs)
    for pair in pairs:
        first, second = (readable(m.time_s, "s") for m in (pair.first, pair.second))
        ratio = f"x {pair.time_ratio:.3f} ({pair.time_ratio_low:.3f} to {pair.time_ratio_high:.3f})"
        energy = "" if pair.energy_ratio is None else f", energy x {pair.energy_ratio:.3f}"
        score = "" if not pair.score_change else f", score {pair.score_change:+.2%}"
        work = label(pair.first.workload, pair.first.settings, told)
        yield f"{_verdict(pair)}: {work}: {first} -> {second}, {ratio}{energy}{score}"


def _verdict(pair: Pair) -> str:
    if pair.verdict != "unsure":
        return pair.verdict
    why = dict.fromkeys([*disturbances(pair.first), *disturbances(pair.second)])
    return f"unsure ({', '.join(why).replace('_', ' ') or 'few repeats'})"


def _sentence(seen: Agreement, first: str, second: str) -> str:
    return (
        f"Of {len(seen.pairs)} measured in both, B ({second}) is faster than A ({first}) in "
        f"{seen.count('faster')}, slower in {seen.count('slower')}, the same within its intervals "
        f"in {seen.count('same')}; {seen.count('unsure')} were disturbed or repeated too seldom "
        f"to say. {seen.only_first_count} are in A alone, {seen.only_second_count} in B alone."
    )


def _steadiness(seen: Agreement, steady: Mapping[str, Steadiness]) -> str:
    """What stands between the intervals of one run and the next."""
    both = (m for pair in seen.pairs for m in (pair.first, pair.second))
    machines = {m.machine.hardware_id: m.machine for m in both}
    told = [
        f"On {machine.device_name} ({machine.fingerprint}) 95 of 100 intervals taken again lie "
        f"within {steady[name].share:.0%} of the first ({steady[name].pair_count} measured twice); "
        "less is not called real."
        if name in steady
        else f"How far {machine.device_name} ({machine.fingerprint}) agrees with itself from run "
        "to run is not known, so a difference called real may be its own doing: measure twice with "
        "--again."
        for name, machine in machines.items()
    ]
    return " ".join(told)


def _document(seen: Agreement, steady: Mapping[str, Steadiness]) -> dict[str, Any]:
    verdicts: tuple[Verdict, ...] = get_args(Verdict)
    return {
        "run_to_run": {
            name: {"share": found.share, "pair_count": found.pair_count}
            for name, found in steady.items()
        },
        **{verdict: seen.count(verdict) for verdict in verdicts},
        "only_first": seen.only_first_count,
        "only_second": seen.only_second_count,
        "pairs": [
            {
                "workload": pair.first.workload,
                "settings": dict(pair.first.settings),
                "keys": [pair.first.key, pair.second.key],
                "time_s": [pair.first.time_s, pair.second.time_s],
                "time_ratio": pair.time_ratio,
                "time_ratio_low": pair.time_ratio_low,
                "time_ratio_high": pair.time_ratio_high,
                "energy_ratio": pair.energy_ratio,
                "score_change": pair.score_change,
                "margin_share": pair.margin_share,
                "verdict": pair.verdict,
            }
            for pair in seen.pairs
        ],
    }
