"""Facts as rows of one table, in the reader's words."""

import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import NamedTuple

from dashboard import choosable, i18n
from dashboard.explain import quantity
from dashboard.i18n import t
from engine import catalogue
from engine.catalogue.listing import KINDS, Line, lines

__all__ = ["KINDS", "FactRow", "rows"]


_ENGLISH = re.compile(r"[a-z]{3,} [a-z]{3,}")
"""Words after each other, as against the name of a thing."""


class FactRow(NamedTuple):
    """One number we know."""

    subject: str
    quantity: str
    value: float | None
    unit: str
    low: float | None
    high: float | None
    source: str
    link: str | None
    checked: date | None
    as_of: str
    note: str
    searched: str
    """Everything a search looks at, in the reader's words and the engine's."""
    line: Line
    """The fact itself."""


def rows(kind: str) -> tuple[FactRow, ...]:
    """Every fact of one kind."""
    return _rows(kind, i18n.language())


@cache
def _rows(kind: str, language: str) -> tuple[FactRow, ...]:
    assert language == i18n.language(), "words are those of the page being drawn"
    names = _names(kind)
    return tuple(_row(line, names.get(line.thing, line.thing)) for line in lines(kind))


def _names(kind: str) -> Mapping[str, str]:
    """What the things of a kind are called on the screen, by id."""
    if kind in ("accelerators", "cloud-prices", "efficiency"):
        return choosable.hardware_names()
    if kind == "models":
        return choosable.model_names()
    if kind == "places":
        return choosable.place_names()
    return {name: quantity(name) for name in catalogue.assumptions()}


def _row(line: Line, subject: str) -> FactRow:
    source = line.source
    told = _told(line.quantity)
    return FactRow(
        subject,
        told,
        line.value,
        t(f"unit.{line.unit}") if i18n.known(f"unit.{line.unit}") else line.unit,
        line.low,
        line.high,
        source.title if source else "",
        source.url or None if source else None,
        source.checked if source else None,
        str(line.as_of) if line.as_of else "",
        _note(line.note),
        f"{subject} {line.thing} {told} {line.quantity} {line.note}".lower(),
        line,
    )


def _note(text: str) -> str:
    """How the number was read; nothing where that could be told in English alone."""
    told = i18n.reason(text)
    untold = i18n.language() != i18n.DEFAULT and told == text
    return "" if untold and _ENGLISH.search(text) else told


def _told(name: str) -> str:
    """A quantity in words: its own, or those of its first part, as in `spot, aws, us-east-1`."""
    first, comma, rest = name.partition(", ")
    for family in ("quantity", "option.pricing", "storage_kind", "metric", "kind"):
        if i18n.known(f"{family}.{first}"):
            return t(f"{family}.{first}") + comma + rest
    return quantity(first) + comma + rest
