"""Fitted constants of serving, with their spread, from `catalogue/serving_fit.toml`.

A constant is one value for all, times a factor for each trait a setting has: its engine, its
hardware generation, its weight format. Factors are shrunk towards 1 when they are fitted, so
that a trait never seen is served by the common value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from engine.catalogue import loading

Record = TypeVar("Record")
Traits = Mapping[str, Sequence[str]]
"""For each kind of trait, the trait of every setting."""


@dataclass(frozen=True)
class Constant:
    """One fitted number and how it differs by trait."""

    value: float
    spread_ratio: float
    """One standard deviation, as a factor up or down."""
    factors: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """By kind of trait, by trait."""

    def at(self, traits: Traits) -> npt.NDArray[np.float64]:
        """The constant for each setting."""
        count = len(next(iter(traits.values())))
        found = np.full(count, self.value)
        for kind, by_trait in self.factors.items():
            found *= [by_trait.get(trait, 1.0) for trait in traits[kind]]
        return found


@dataclass(frozen=True)
class ErrorRange:
    """Published over predicted: what held nine tenths of rows never fitted."""

    low_ratio: float
    high_ratio: float
    row_count: int


@dataclass(frozen=True)
class ServingFit:
    """All fitted constants of one kind of serving, and the errors they were seen to make."""

    constants: Mapping[str, Constant]
    ranges: Mapping[str, ErrorRange]
    """By regime: what is asked for, and how."""
    known: Mapping[str, tuple[str, ...]]
    """By kind of trait, those that were fitted."""

    def efficiencies(self, record: type[Record], traits: Traits) -> Record:
        """The constants a record names, for each setting."""
        names = [f.name for f in fields(record)]  # type: ignore[arg-type]
        return record(**{name: self.constants[name].at(traits) for name in names})

    def range_for(self, *regimes: str) -> ErrorRange:
        """The errors of the first of these regimes that was seen; the last must be."""
        return next(self.ranges[name] for name in regimes if name in self.ranges)


@cache
def serving_fit(kind: str) -> ServingFit:
    """The fitted constants of `language` or `vision` serving."""
    return from_document(loading.toml_table("serving_fit.toml")[kind])


def from_document(content: Mapping[str, Any]) -> ServingFit:
    """A fit as a facts file holds it."""
    return ServingFit(
        constants={
            name: Constant(c["value"], c["spread_ratio"], c.get("factors", {}))
            for name, c in content["constants"].items()
        },
        ranges={name: ErrorRange(**found) for name, found in content["ranges"].items()},
        known={kind: tuple(names) for kind, names in content["known"].items()},
    )


def to_document(fit: ServingFit) -> dict[str, Any]:
    """A fit as plain tables, ready to be written."""
    return {
        "constants": {
            name: {
                "value": float(f"{c.value:.5g}"),
                "spread_ratio": round(c.spread_ratio, 3),
                "factors": {
                    kind: {trait: round(v, 3) for trait, v in by.items()}
                    for kind, by in c.factors.items()
                },
            }
            for name, c in fit.constants.items()
        },
        "ranges": {
            name: {
                "low_ratio": round(r.low_ratio, 3),
                "high_ratio": round(r.high_ratio, 3),
                "row_count": r.row_count,
            }
            for name, r in fit.ranges.items()
        },
        "known": {kind: list(names) for kind, names in fit.known.items()},
    }
