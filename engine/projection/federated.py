"""Training where the data is: what is sent, and what the score loses; and training in private.

A change of the score is against an even split of the same data over the same clients, pooled over
the data sets it was published for, each once. What an even split loses against training in one
place, and what privacy costs, was published for nothing on record: it is told where it was
measured here. Time and energy of the clients depend on whose devices they are, and are not told.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from engine import catalogue
from engine.catalogue.schema import Federated as Row
from engine.projection import own_changes
from engine.projection.compression import Effect, pooled, task_of
from engine.projection.evidence import Evidence
from engine.projection.sized import Sized
from engine.projection.working import chosen, derive, source_record, unknown
from engine.records import Estimate
from engine.scenario import Scenario
from engine.units import BYTES_PER_VALUE, Float

UNEVEN, FEDERATED, PRIVATE = "federated-uneven", "federated", "private"
"""Uneven against even, as published; shared, and private, against training in one place."""
EVEN = "even"
PUBLISHED_TASK = "image"
"""All that was published are small networks that tell pictures apart."""
USUAL_CLIENT_COUNT, USUAL_ROUND_COUNT = 10.0, 50.0
"""As in the rows on record."""


@dataclass(frozen=True, slots=True)
class Federation:
    """What clients that learn together send, and what it does to the score."""

    up_bytes: Estimate
    """From all clients, over all rounds."""
    down_bytes: Estimate
    effects: tuple[Effect, ...]
    """By how the data is dealt out, and by how much is kept private; unknown with the reason."""


def sent_bytes(
    round_count: Float, client_count: Float, parameter_count: Float, bytes_per_value: Float
) -> Float:
    """Bytes sent one way: each round every client sends, or gets, all weights once.

    Source: McMahan et al. 2017, algorithm 1, https://arxiv.org/abs/1602.05629
    """
    return round_count * client_count * parameter_count * bytes_per_value


def federation(
    scenario: Scenario,
    model: Sized,
    evidence: Evidence,
    client_count: Float = USUAL_CLIENT_COUNT,
    round_count: Float = USUAL_ROUND_COUNT,
) -> Federation:
    """Training the scenario's model by federated averaging."""
    sent = derive(
        sent_bytes,
        round_count=chosen(round_count),
        client_count=chosen(client_count),
        parameter_count=model.parameter_count,
        bytes_per_value=chosen(BYTES_PER_VALUE[scenario.precision]),
    )
    return Federation(sent, sent, (*_published(task_of(model.known)), *_others(model, evidence)))


@cache
def _published(task: str) -> tuple[Effect, ...]:
    if task != PUBLISHED_TASK:
        reason = "published for small networks of images alone; measure it on your own data"
        return (Effect(UNEVEN, "", unknown(reason), 0, 0, None),)
    rows = catalogue.federated()
    ways = dict.fromkeys(row.partition for row in rows if row.partition != EVEN)
    return tuple(_uneven(way, [row for row in rows if row.partition == way]) for way in ways)


def _uneven(way: str, rows: list[Row]) -> Effect:
    changes = {row.data: change for row in rows if (change := _against_even(row)) is not None}
    shares = [float(change.value or 0.0) for change in changes.values()]
    parts = {f"{data}, change_share": change for data, change in changes.items()}
    change = pooled(parts, ", ".join(changes), "data set")
    seen = (min(shares), max(shares)) if shares else None
    return Effect(UNEVEN, way, change, len(changes), len(rows), seen)


def _against_even(row: Row) -> Estimate | None:
    """Score less that of an even split of the same; None where none was published."""
    alike = (
        other
        for other in catalogue.federated()
        if other.partition == EVEN and _setup(other) == _setup(row)
    )
    even = next(alike, None)
    if even is None:
        return None
    told = f"{even.accuracy_percent:g} → {row.accuracy_percent:g} %, {row.method}"
    share = (row.accuracy_percent - even.accuracy_percent) / 100.0
    return Estimate(share, "published", source=source_record(row.source), note=told)


def _setup(row: Row) -> tuple[object, ...]:
    return row.data, row.model, row.method, row.client_count, row.round_count


def _others(model: Sized, evidence: Evidence) -> list[Effect]:
    """What was measured here against training in one place; else that nothing is known."""
    found = own_changes.effects(evidence.own_changes, model, (FEDERATED, PRIVATE))
    missing = {FEDERATED, PRIVATE} - {effect.technique for effect in found}
    reason = unknown("no published row on record, and too few measured here")
    return [*found, *(Effect(way, "", reason, 0, 0, None) for way in sorted(missing))]
