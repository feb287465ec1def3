"""The fitted constants of training throughput, read from the facts file that holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from engine.catalogue.loading import toml_table
from engine.units import Float

FILE = "throughput_fit.toml"


@dataclass(frozen=True)
class ThroughputFit:
    """Constants of a training step, and what they are worth.

    Offsets are logarithms: how much faster or slower an accelerator, a family of software or a
    kind of model turned out than its facts say. Ranges are logarithms of measured over
    predicted between which nine tenths of the rows left out fell, by regime.
    """

    constants: Mapping[str, float]
    spread: Mapping[str, float] = field(default_factory=dict)
    accelerator_offsets: Mapping[str, float] = field(default_factory=dict)
    software_offsets: Mapping[str, float] = field(default_factory=dict)
    kind_offsets: Mapping[str, float] = field(default_factory=dict)
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    seen: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Smallest and largest of what the fit saw, by field of the training step."""
    runs: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    """Whole runs against steady speed, and against stated FLOP at peak: middle, low, high."""

    def speed_ratio(self, accelerator_id: str, software: str, kind: str) -> Float:
        """Measured over computed speed, for this accelerator, software and kind of model."""
        offset = self.accelerator_offsets.get(accelerator_id, 0.0)
        offset += self.software_offsets.get(software, 0.0)
        offset += sum(self.kind_offsets.get(part, 0.0) for part in kind.split("-"))
        return float(np.exp(offset))


@cache
def throughput_fit() -> ThroughputFit:
    """The fit that ships with the catalogue."""
    return from_document(toml_table(FILE))


def from_document(document: Mapping[str, Any]) -> ThroughputFit:
    """A fit from the tables of its facts file."""
    constants = document["constants"]
    offsets = document["offsets"]
    return ThroughputFit(
        constants={name: entry["value"] for name, entry in constants.items()},
        spread={name: entry["spread"] for name, entry in constants.items()},
        accelerator_offsets=offsets["accelerator"],
        software_offsets=offsets["software"],
        kind_offsets=offsets["kind"],
        ranges={name: (entry[0], entry[1]) for name, entry in document["ranges"].items()},
        seen={name: (entry[0], entry[1]) for name, entry in document["seen"].items()},
        runs={name: (entry[0], entry[1], entry[2]) for name, entry in document["runs"].items()},
    )


def as_document(fit: ThroughputFit) -> dict[str, Any]:
    """The tables of a fit's facts file."""
    return {
        "constants": {
            name: {"value": value, "spread": fit.spread[name]}
            for name, value in fit.constants.items()
        },
        "offsets": {
            "accelerator": dict(fit.accelerator_offsets),
            "software": dict(fit.software_offsets),
            "kind": dict(fit.kind_offsets),
        },
        "ranges": {name: list(pair) for name, pair in fit.ranges.items()},
        "seen": {name: list(pair) for name, pair in fit.seen.items()},
        "runs": {name: list(triple) for name, triple in fit.runs.items()},
    }


def as_toml(document: Mapping[str, Any]) -> str:
    """The facts file as text, four digits a number."""
    lines = [
        "# Constants of training throughput, fitted to published rows; `modelworth calibrate`",
        "# writes this file. `spread` is the standard deviation of the logarithm; offsets and",
        "# ranges are logarithms of measured over computed speed.",
    ]
    offsets = {f"offsets.{name}": table for name, table in document["offsets"].items()}
    plain = {name: document[name] for name in ("constants", "ranges", "seen", "runs")}
    for name, table in (plain | offsets).items():
        lines += ["", f"[{name}]", *(f"{key} = {_cell(value)}" for key, value in table.items())]
    return "\n".join(lines) + "\n"


def _cell(value: Any) -> str:
    if isinstance(value, Mapping):
        inside = ", ".join(f"{key} = {_cell(entry)}" for key, entry in value.items())
        return f"{{ {inside} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_cell(entry) for entry in value)}]"
    return f"{value:.4g}" if abs(value) >= 1e-3 else f"{value:.4e}"
