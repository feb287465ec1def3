"""Numbers that remember how they were worked out.

The formulas are plain functions of numbers. `derive` calls one with the values of
its inputs and keeps the inputs beside the result, so that every projected number
can be followed down to choices, measurements, facts and assumptions.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import math
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from datetime import date
from functools import cache, lru_cache

import numpy as np

from engine import catalogue
from engine.catalogue.schema import Assumption, Fact, SourceFact
from engine.elementwise import plainly
from engine.records import CERTAINTY, BadInput, Estimate, Kind, Source
from engine.units import Float

NEAR_COUNT = 4
_RANK = {kind: rank for rank, kind in enumerate(CERTAINTY)}


def least_certain(kinds: tuple[Kind, ...]) -> Kind:
    """The weakest of several ways of knowing: a chain is as sure as its weakest link."""
    return max(kinds, key=_RANK.__getitem__)


def derive(formula: Callable[..., Float], **inputs: Estimate) -> Estimate:
    """`formula` of the inputs; unknown if any of them is.

    The result is as certain as its least certain input. A formula says NaN where the
    question has no answer; that is unknown as well.
    """
    rank, values = 0, {}
    for argument, part in inputs.items():
        values[argument] = part.value
        if _RANK[part.kind] > rank:
            rank = _RANK[part.kind]
    kind, name, parts = CERTAINTY[rank], formula_name(formula), tuple(inputs.items())
    if kind == "unknown":
        return Estimate(None, "unknown", name, parts)
    value = formula(**values)
    if type(value) is not float:
        value = plainly(value)
    if isinstance(value, float) and math.isnan(value):
        return Estimate(None, "unknown", name, parts)
    return Estimate(value, kind, name, parts)


@lru_cache(maxsize=1024)
def formula_name(formula: Callable[..., Float]) -> str:
    """Where a formula is found below `engine.projection`, e.g. `energy.facility_energy_kwh`."""
    return f"{formula.__module__.rpartition('.')[2]}.{formula.__name__}"


def chosen(value: Float) -> Estimate:
    """The user's own input."""
    return Estimate(value, "chosen")


def unknown(note: str) -> Estimate:
    """A number nobody measured, published or chose, and why."""
    return Estimate(None, "unknown", note=note)


def nothing(note: str) -> Estimate:
    """Exactly 0 because the question does not arise, and why."""
    return Estimate(0.0, "chosen", note=note)


def source_record(source: SourceFact, as_of: date | None = None) -> Source:
    """A catalogue source as it travels in a Projection; `as_of` is the day the number held."""
    return Source(source.title, source.url, source.checked, as_of)


def known_fact(fact: Fact, sources: dict[str, SourceFact], kind: Kind = "published") -> Estimate:
    """A catalogue fact as an Estimate."""
    return Estimate(
        fact.value,
        kind,
        source=source_record(sources[fact.source], fact.as_of),
        note=fact.note,
        low=fact.low,
        high=fact.high,
    )


@cache
def assumed(name: str) -> Estimate:
    """A catalogue assumption as an Estimate."""
    return _from_assumption(name, catalogue.assumption(name))


def _from_assumption(name: str, found: Assumption) -> Estimate:
    source = source_record(found.source) if found.source else Source(f"Assumption {name}")
    return Estimate(
        found.value, "assumed", source=source, note=found.reason, low=found.low, high=found.high
    )


def first_known(*candidates: Estimate | None) -> Estimate:
    """The first candidate with a number; the last one, unknown, if none has."""
    known = (c for c in candidates if c is not None and c.known)
    return next(known, candidates[-1] or unknown("nobody measured, published or chose it"))


def leaves(estimate: Estimate) -> Iterator[tuple[str, Estimate]]:
    """Everything a number rests on that was not itself worked out, by name."""
    for name, part in estimate.inputs:
        if part.inputs:
            yield from leaves(part)
        else:
            yield name, part


def estimates(record: object, prefix: str = "") -> Iterator[tuple[str, Estimate]]:
    """Every Estimate in a Projection or a part of it, with its dotted path."""
    if not is_dataclass(record) or isinstance(record, type):
        return
    for field in fields(record):
        value = getattr(record, field.name)
        if isinstance(value, Estimate):
            yield prefix + field.name, value
        else:
            yield from estimates(value, f"{prefix}{field.name}.")


def explain(record: object, path: str) -> dict[str, object]:
    """How the number of a record at `path` was worked out, down to its sources, as plain data.

    What a stage has on its bill is found without naming the bill: `training.cost_usd`.

    Raises:
        BadInput: the record, such as a Projection, has no such number.
    """
    found = dict(estimates(record))
    if path not in found:
        stage, _, name = path.rpartition(".")
        on_bill = f"{stage}.bill.{name}"
        path = on_bill if on_bill in found else path
    if path not in found:
        near = (
            difflib.get_close_matches(path, found, NEAR_COUNT, cutoff=0.4) or [*found][:NEAR_COUNT]
        )
        raise BadInput(
            f"No number {path!r} here. Close: {', '.join(near)}. See the same command with "
            "--json for all."
        )
    return _explained(path, found[path])


def _explained(name: str, estimate: Estimate) -> dict[str, object]:
    told: dict[str, object] = {
        "name": name,
        "value": plain(estimate.value),
        "kind": estimate.kind,
    }
    if estimate.low is not None:
        told |= {"low": plain(estimate.low), "high": plain(estimate.high)}
    if estimate.note:
        told["note"] = estimate.note
    if estimate.formula:
        told |= {"formula": estimate.formula, "meaning": formula_meaning(estimate.formula)}
    if estimate.source:
        told["source"] = _plain_source(estimate.source)
    if estimate.inputs:
        told["inputs"] = [_explained(part, e) for part, e in estimate.inputs]
    return told


def _plain_source(source: Source) -> dict[str, object]:
    days = {"checked": source.checked, "as_of": source.as_of}
    told = {name: day.isoformat() if day else None for name, day in days.items()}
    return {"title": source.title, "url": source.url, **told}


@cache
def formula_meaning(name: str) -> str:
    """The docstring of a formula named as in `Estimate.formula`."""
    module, _, function = name.rpartition(".")
    found = getattr(importlib.import_module(f"engine.projection.{module}"), function)
    return inspect.getdoc(found) or ""


def plain(value: Float | None) -> object:
    """A number or array as JSON holds it; what is not a finite number becomes null."""
    if value is None:
        return None
    array = np.asarray(value, dtype=np.float64)
    if array.ndim == 0:
        return float(array) if np.isfinite(array) else None
    return [plain(part) for part in array]
