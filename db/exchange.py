"""Whole databases as one JSON document: for backups, and to bring machines together.

`db.tabular` has the measurements alone, as a table.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from pydantic import BaseModel, ValidationError
from sqlalchemy import Engine

from db.queries import SavedScenario, measurements, scenario_history
from db.store import add_measurement, add_scenario
from db.troubles import one_sentence
from engine.records import BadInput, Measurement

COMPLAINTS_SHOWN = 3


class Document(BaseModel, frozen=True, extra="forbid", strict=True):
    """What a file holds: everything the database does."""

    format: Literal["modelworth-1"]
    measurements: tuple[Measurement, ...]
    scenarios: tuple[SavedScenario, ...]


class Added(NamedTuple):
    """What came in, and what was there already."""

    measurements_added: int
    measurements_skipped: int
    scenarios_added: int
    scenarios_skipped: int


def exported(database: Engine) -> str:
    """Everything in the database as JSON, newest first.

    Raises:
        StoreUnavailable: the database cannot be read.
    """
    document = Document(
        format="modelworth-1",
        measurements=tuple(measurements(database)),
        scenarios=tuple(scenario_history(database)),
    )
    return document.model_dump_json(indent=2) + "\n"


def import_document(database: Engine, text: str | bytes) -> Added:
    """Add what the document holds and the database does not: all of it, or nothing.

    Raises:
        BadInput: the text is not an export, or a record in it breaks a rule.
        StoreUnavailable: the database cannot be written; what it holds stays as it was.
    """
    document = _understood(text)
    return add_records(database, document.measurements, document.scenarios)


def add_records(
    database: Engine,
    measurements: Sequence[Measurement],
    scenarios: Sequence[SavedScenario] = (),
) -> Added:
    """Add records, given newest first, that the database does not hold: all, or nothing.

    Raises:
        BadInput: a record breaks a rule.
        StoreUnavailable: the database cannot be written; what it holds stays as it was.
    """
    # Oldest first, so that the order of rows is the order of events here as well.
    with one_sentence(database.url), database.begin() as connection:
        measured = [add_measurement(connection, m) for m in reversed(measurements)]
        saved = [
            add_scenario(connection, s.name, s.document, s.saved_at, s.method_version)
            for s in reversed(scenarios)
        ]
    return Added(sum(measured), measured.count(False), sum(saved), saved.count(False))


def _understood(text: str | bytes) -> Document:
    try:
        return Document.model_validate_json(text)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        shown = [
            ".".join(str(part) for part in ("document", *p["loc"])) + f": {p['msg']}"
            for p in problems[:COMPLAINTS_SHOWN]
        ]
        if len(problems) > COMPLAINTS_SHOWN:
            shown.append(f"and {len(problems) - COMPLAINTS_SHOWN} more")
        raise BadInput(
            f"This is not an export of Modelworth: {'; '.join(shown)}. Nothing was stored; "
            "give a file that `modelworth db export` wrote."
        ) from error
