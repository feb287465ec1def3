"""What is wrong with the facts: too old, without a source, or against each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from engine import catalogue
from engine.catalogue.listing import KINDS, Line, lines

OLDEST = timedelta(days=365)
FP8_OVER_BF16 = (1.0, 2.05)
"""8-bit over 16-bit dense rates; outside, a sparse figure has slipped in."""
KNOWN_RATIOS = frozenset({"rubin", "trainium3"})
"""Built with more than twice the arithmetic at 8 bits."""
DISAGREEMENT = "Sources disagree:"

Doubt = Literal["stale", "unsourced", "contradictory"]


@dataclass(frozen=True, slots=True)
class Doubtful:
    """One thing to look at again."""

    doubt: Doubt
    kind: str
    thing: str
    quantity: str
    reason: str


def doubts(today: date, kind: str | None = None) -> list[Doubtful]:
    """Everything stale, unsourced or contradictory, of all facts or of one kind."""
    found: list[Doubtful] = []
    for each in KINDS if kind is None else (kind,):
        found += [doubt for line in _newest(lines(each)) for doubt in _of_line(each, line, today)]
    if kind in (None, "accelerators"):
        found += _of_accelerators()
    if kind in (None, "models"):
        found += _of_models()
    return found


def _newest(found: list[Line]) -> list[Line]:
    """One line a quantity: earlier prices stay on record, but only the newest is judged."""
    newest: dict[tuple[str, str], Line] = {}
    for line in found:
        newest.setdefault((line.thing, line.quantity), line)
    return list(newest.values())


def _of_line(kind: str, line: Line, today: date) -> Iterator[Doubtful]:
    def doubt(which: Doubt, reason: str) -> Doubtful:
        return Doubtful(which, kind, line.thing, line.quantity, reason)

    if line.source is None:
        yield doubt("unsourced", "no source: our own estimate")
    elif today - line.source.checked > OLDEST:
        yield doubt("stale", f"source last read on {line.source.checked}")
    if line.unit.startswith("USD"):
        if line.as_of is None:
            yield doubt("stale", "price without a date")
        elif isinstance(line.as_of, date) and today - line.as_of > OLDEST:
            yield doubt("stale", f"price of {line.as_of}")
    if not _inside(line):
        yield doubt("contradictory", f"{line.value:g} is not within {line.low} to {line.high}")


def _inside(line: Line) -> bool:
    if line.value is None:
        return True
    above = line.low is None or line.low <= line.value
    return above and (line.high is None or line.value <= line.high)


def _of_accelerators() -> Iterator[Doubtful]:
    for name in catalogue.accelerators():
        found = catalogue.accelerator(name)
        if DISAGREEMENT in found.note:
            yield Doubtful("contradictory", "accelerators", name, "", found.note)
        fp8, bf16 = found.peak_flop_per_s("fp8"), found.peak_flop_per_s("bf16")
        if fp8 is None or bf16 is None or name in KNOWN_RATIOS:
            continue
        low, high = FP8_OVER_BF16
        if not low <= fp8 / bf16 <= high:
            reason = f"{fp8 / bf16:.2f} times the bf16 rate; {low:g} to {high:g} is usual"
            yield Doubtful("contradictory", "accelerators", name, "fp8_dense_tflops", reason)


def _of_models() -> Iterator[Doubtful]:
    for name in catalogue.models():
        if not 0 < catalogue.model(name).active_share <= 1:
            reason = "more active parameters than parameters"
            yield Doubtful("contradictory", "models", name, "active_parameters_billion", reason)
