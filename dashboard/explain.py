"""How a number was worked out: its chain, one row a step, in the reader's words."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from dashboard import i18n, readable
from dashboard.headlines import Headline
from dashboard.i18n import t
from engine.records import Estimate

INDENT = "\u2002"
"""An en space: tables keep it where they trim plain ones."""


class Row(NamedTuple):
    """One number of the chain."""

    name: str
    value: str
    kind: str
    origin: str
    link: str | None
    note: str


def rows(headline: Headline) -> list[Row]:
    """The number, then everything it rests on, each shown once."""
    top = _row(headline.label, headline.estimate, 0, headline.text)
    return [top, *_below(headline.estimate, 1, set())]


def _below(estimate: Estimate, depth: int, told: set[int]) -> Iterator[Row]:
    for name, part in estimate.inputs:
        if id(part) in told:
            continue
        told.add(id(part))
        yield _row(quantity(name), part, depth, _written(name, part))
        yield from _below(part, depth + 1, told)


def _written(name: str, estimate: Estimate) -> str:
    """A number, or each of a table of them, such as prices by tier."""
    if estimate.value is None:
        return readable.DASH
    values = np.atleast_1d(estimate.value)
    return " · ".join(readable.quantity(name, float(value)) for value in values)


def _row(label: str, estimate: Estimate, depth: int, value: str) -> Row:
    source = estimate.source
    origin = source.title if source else ""
    if estimate.formula:
        origin = t("working.formula", name=estimate.formula)
    return Row(
        INDENT * depth + label,
        value,
        t(f"kind.{estimate.kind}"),
        origin,
        source.url or None if source else None,
        estimate.note,
    )


def quantity(name: str) -> str:
    """What an input is called, in words where there are any."""
    return t(f"quantity.{name}") if i18n.known(f"quantity.{name}") else name.replace("_", " ")
