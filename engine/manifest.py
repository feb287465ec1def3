"""A scenario as a file people keep: what was asked, by which version, and what it said then."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from typing import Any

import numpy as np
import tomli_w

from engine.catalogue.loading import HERE
from engine.records import BadInput
from engine.scenario import Scenario, closest_field

HEADING = "# A Modelworth scenario. Work it out again: modelworth project FILE\n\n"

LONGEST_BYTES = 1_000_000
"""No scenario file comes near it; what does is something else."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """One scenario file."""

    choices: Mapping[str, object]
    """By Scenario field; those left out are the defaults of now."""
    version: str | None = None
    """Modelworth version that wrote it; None where the file does not say."""
    catalogue: str | None = None
    """Facts it was worked out with, as `catalogue_version` names them."""
    numbers: Mapping[str, float] = field(default_factory=dict)
    """What the projection said then, by path."""

    @property
    def facts_changed(self) -> bool:
        """Whether the facts are others now than when it was written."""
        return self.catalogue is not None and self.catalogue != catalogue_version()


@cache
def catalogue_version() -> str:
    """Ten hex digits that change when any fact does."""
    digest = hashlib.sha256()
    for path in sorted(HERE.rglob("*")):
        if path.suffix in (".toml", ".csv"):
            digest.update(path.relative_to(HERE).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:10]


def package_version() -> str:
    """Installed version of Modelworth; `unpackaged` where it runs from loose files."""
    try:
        return metadata.version("modelworth")
    except metadata.PackageNotFoundError:
        return "unpackaged"


def written(
    scenario: Scenario, numbers: Mapping[str, float] | None = None, at: datetime | None = None
) -> str:
    """The scenario as TOML: every choice that is not open, so that later defaults change nothing.

    `numbers` are kept beside it (path to value), to tell later what has changed.

    Raises:
        BadInput: a choice is an array; a file holds one scenario.
    """
    choices = scenario.model_dump()
    for name, value in choices.items():
        if isinstance(value, np.ndarray):
            raise BadInput(f"{name} is a range of values; a scenario file holds one of each.")
    table: dict[str, object] = {
        "modelworth": _origin(at),
        "scenario": {name: value for name, value in choices.items() if value is not None},
    }
    if numbers:
        table["numbers"] = dict(numbers)
    return HEADING + tomli_w.dumps(table)


def read(
    text: str,
    name: str = "The scenario file",
    known: Collection[str] = Scenario.model_fields,
) -> Manifest:
    """What a scenario file holds; plain lines of `key = value` are a scenario as well.

    Raises:
        BadInput: it is not TOML, or has a choice no scenario has; `name` is what to call it.
    """
    if len(text) > LONGEST_BYTES:
        raise BadInput(f"{name} is too long for a scenario. Give a file written by Modelworth.")
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{name} is not TOML: {error}. Write lines such as mfu = 0.4.") from error
    origin = _table(found, "modelworth", name)
    choices = _table(found, "scenario", name) if "scenario" in found else _flat(found)
    for choice in choices:
        _check(choice, name, known)
    return Manifest(
        choices=choices,
        version=_text(origin.get("version")),
        catalogue=_text(origin.get("catalogue")),
        numbers={
            path: float(value)
            for path, value in _table(found, "numbers", name).items()
            if isinstance(value, int | float)
        },
    )


def _origin(at: datetime | None) -> dict[str, object]:
    return {
        "version": package_version(),
        "catalogue": catalogue_version(),
        "written": (at or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0),
    }


def _table(found: Mapping[str, Any], key: str, name: str) -> dict[str, Any]:
    table = found.get(key, {})
    if not isinstance(table, dict):
        raise BadInput(f"{name}: [{key}] must be a table, got {table!r}.")
    return table


def _flat(found: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in found.items() if key not in ("modelworth", "numbers")}


def _check(choice: str, name: str, known: Collection[str]) -> None:
    if choice not in known:
        near = closest_field(choice)
        if near:
            raise BadInput(f"{name}: {choice} is unknown. Did you mean {near}?")
        raise BadInput(
            f"{name}: {choice} is unknown. All {len(known)} choices stand in a file written by "
            "Modelworth."
        )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
