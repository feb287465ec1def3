"""Reading facts files: one thing at a time, remembered, and failing with the file's name."""

import csv
import difflib
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from engine.catalogue.schema import SourceFact
from engine.records import BadInput

HERE = Path(__file__).parent
CLOSE_COUNT = 3
CLOSE_LIKENESS = 0.6

Record = TypeVar("Record", bound=BaseModel)


class BadFacts(BadInput):
    """A facts file does not hold what it must: which file, what, and where in it."""


@cache
def ids(folder: str) -> tuple[str, ...]:
    """Every thing a folder of facts holds, by file name; no file is opened."""
    return tuple(sorted(path.stem for path in (HERE / folder).glob("*.toml")))


def record(kind: type[Record], folder: str, name: str) -> Record:
    """One thing from its own file."""
    path = HERE / folder / f"{name}.toml"
    found = checked(kind, toml_content(path), path)
    check_sources(found, path)
    return found


def toml_content(path: Path) -> dict[str, Any]:
    """What a TOML file holds.

    Raises:
        BadFacts: it cannot be read, or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadFacts(f"{shown(path)} is not readable TOML: {error}.") from error


@cache
def toml_table(file: str) -> Mapping[str, Any]:
    """A TOML file of many things, by name."""
    return toml_content(HERE / file)


@cache
def csv_rows(file: str) -> tuple[dict[str, str], ...]:
    """Rows of a CSV file by column; an empty cell is left out, as unknown is not 0."""
    path = HERE / file
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            table = list(csv.DictReader(lines, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadFacts(f"{shown(path)} is not readable CSV: {error}.") from error
    if any(None in row or None in row.values() for row in table):
        raise BadFacts(f"{shown(path)} has a row with more or fewer cells than columns.")
    return tuple({key: cell for key, cell in row.items() if cell} for row in table)


@cache
def rows_by(file: str, column: str) -> Mapping[str, dict[str, str]]:
    """Rows of a CSV file by the column that names them."""
    return {row[column]: row for row in csv_rows(file)}


@cache
def table_source(key: str, file: str) -> SourceFact:
    """A source that the tables cite by key, from sources.toml.

    Raises:
        BadFacts: `file` cites a source that is not listed.
    """
    listed = toml_table("sources.toml")
    if key not in listed:
        raise BadFacts(f"{shown(HERE / file)} cites source '{key}', which sources.toml lacks.")
    return checked(SourceFact, listed[key], HERE / "sources.toml", key)


def sourced_record(kind: type[Record], content: Mapping[str, Any], file: str) -> Record:
    """A row or table whose `source` is a key of sources.toml."""
    source = content.get("source")
    full = dict(content)
    if isinstance(source, str):
        full["source"] = table_source(source, file)
    name = content.get("id") or content.get("accelerator") or content.get("metric") or ""
    return checked(kind, full, HERE / file, str(name))


def checked(kind: type[Record], content: Mapping[str, Any], path: Path, name: str = "") -> Record:
    """The content as a record.

    Raises:
        BadFacts: the content breaks the schema.
    """
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(str(part) for part in (name, *problem["loc"]) if part != "")
        raise BadFacts(f"{shown(path)}: {where}: {problem['msg']}.") from error


def check_sources(found: BaseModel, path: Path) -> None:
    """Every fact of a file names a source the file lists.

    Raises:
        BadFacts: one does not.
    """
    listed = getattr(found, "sources", {})
    for name in type(found).model_fields:
        value = getattr(found, name)
        for part in value if isinstance(value, tuple) else (value,):
            source = getattr(part, "source", None)
            if source is not None and source not in listed:
                raise BadFacts(f"{shown(path)}: {name} cites source '{source}', not listed there.")


def shown(path: Path) -> str:
    """A facts file as people name it, from the project's root."""
    inside = path.relative_to(HERE) if path.is_relative_to(HERE) else path
    return str(Path("engine") / "catalogue" / inside)


def not_known(
    thing: str, name: str, labels: Mapping[str, str], command: str, how_to_add: str
) -> BadInput:
    """The error for a name we do not have: what is near, how many there are, how to add it.

    Args:
        thing: What the name should have been, in words.
        name: What was asked for.
        labels: Id of each known thing by every name people give it.
        command: What to pass to `modelworth facts` to see them all.
        how_to_add: What to do to make it known.
    """
    near = close_ids(name, labels)
    close = f" Close: {', '.join(near)}." if near else ""
    count = len(set(labels.values()))
    return BadInput(
        f"No {thing} '{name}'.{close} See `modelworth facts {command}` for all {count}; "
        f"to add one, {how_to_add}."
    )


def close_ids(name: str, labels: Mapping[str, str]) -> list[str]:
    """Ids of the things whose label holds `name` or is spelt most like it."""
    wanted = name.lower().strip()
    likeness = {label: _likeness(wanted, label.lower()) for label in labels}
    best = sorted((x for x in labels if likeness[x] >= CLOSE_LIKENESS), key=lambda x: -likeness[x])
    return list(dict.fromkeys(labels[label] for label in best))[:CLOSE_COUNT]


def _likeness(wanted: str, label: str) -> float:
    if wanted and wanted in label:
        return 1.0
    parts = (label, label.partition("-")[0], label.rpartition(":")[2])
    return max(difflib.SequenceMatcher(None, wanted, part).ratio() for part in parts)
