"""Records in. Nothing stored is ever changed or removed."""

import functools
import importlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from sqlalchemy import Connection, Engine, insert, select

from db.tables import EpochRow, MachineRow, MeasurementRow, ScenarioRow
from db.troubles import one_sentence
from engine.records import BadInput, Machine, Measurement

Table = type[MachineRow] | type[MeasurementRow] | type[ScenarioRow]

MEASURED = tuple(f.name for f in fields(Measurement) if f.name not in ("machine", "epochs"))
"""What a measurement and its row both hold under the same name."""


def save_measurement(database: Engine, measurement: Measurement) -> bool:
    """Whether the measurement was added; False where one with its key is already there.

    Raises:
        BadInput: it holds something that is no finite number, or breaks a rule of the tables.
        StoreUnavailable: the database cannot be written; what it holds stays as it was.
    """
    with one_sentence(database.url), database.begin() as connection:
        return add_measurement(connection, measurement)


def save_scenario(database: Engine, name: str, scenario: dict[str, object]) -> None:
    """Add a scenario under a name; an older one of that name stays in the history.

    Raises:
        BadInput: no name, or something in the scenario is not plain data.
        StoreUnavailable: the database cannot be written; what it holds stays as it was.
    """
    with one_sentence(database.url), database.begin() as connection:
        add_scenario(connection, name, scenario, datetime.now(UTC), _installed_version())


def add_measurement(connection: Connection, measurement: Measurement) -> bool:
    """The same as `save_measurement`, as a part of a larger transaction."""
    _check(measurement)
    values = measurement_values(measurement)
    values["machine_id"] = _machine_id(connection, measurement.machine)
    measurement_id = _add_if_new(connection, MeasurementRow, ("key",), values)
    if measurement_id is not None and measurement.epochs:
        epochs = [{"measurement_id": measurement_id} | asdict(e) for e in measurement.epochs]
        connection.execute(insert(EpochRow), epochs)
    return measurement_id is not None


def add_scenario(
    connection: Connection,
    name: str,
    document: Mapping[str, object],
    saved_at: datetime,
    method_version: str | None,
) -> bool:
    """Whether this saving of a scenario was added, as a part of a larger transaction."""
    if not name.strip():
        raise BadInput("A scenario needs a name to be saved under. Give it one.")
    try:
        json.dumps(document, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise BadInput(
            f"The scenario {name!r} cannot be saved: {error}. Save one value of each, not arrays."
        ) from error
    row = {
        "name": name.strip(),
        "document": dict(document),
        "saved_at": saved_at,
        "method_version": method_version,
    }
    return _add_if_new(connection, ScenarioRow, ("name", "saved_at"), row) is not None


def machine_values(machine: Machine) -> dict[str, Any]:
    """The columns of a machine's row."""
    values = asdict(machine)
    return values | {"fingerprint": machine.fingerprint, "gpu_names": list(machine.gpu_names)}


def measurement_values(measurement: Measurement) -> dict[str, Any]:
    """The columns of a measurement's row, but for its machine."""
    values = {name: getattr(measurement, name) for name in MEASURED}
    return values | {
        "key": measurement.key,
        "settings": dict(measurement.settings),
        "repeat_times_s": list(measurement.repeat_times_s),
        "metrics": dict(measurement.metrics),
    }


def _machine_id(connection: Connection, machine: Machine) -> int:
    added = _add_if_new(connection, MachineRow, ("fingerprint",), machine_values(machine))
    if added is not None:
        return added
    known = select(MachineRow.id).where(MachineRow.fingerprint == machine.fingerprint)
    return connection.execute(known).scalar_one()


def _add_if_new(
    connection: Connection, table: Table, unique: tuple[str, ...], values: dict[str, Any]
) -> int | None:
    """Id of the new row, or None where `unique` is taken; one statement, so no race."""
    dialect = importlib.import_module(f"sqlalchemy.dialects.{connection.dialect.name}")
    new = dialect.insert(table.__table__).on_conflict_do_nothing(index_elements=unique)
    added: int | None = connection.execute(new.returning(table.id), values).scalar_one_or_none()
    return added


def _check(measurement: Measurement) -> None:
    """Refuse what no table could hold faithfully: NaN, infinities, instants without a zone."""
    bad = [name for name, value in _numbers(measurement) if not math.isfinite(value)]
    if bad:
        raise BadInput(
            f"The measurement of {measurement.workload} has no finite {', '.join(bad)}. "
            "An unknown number is left out, never NaN."
        )
    if measurement.taken_at.tzinfo is None:
        raise BadInput(
            f"The measurement of {measurement.workload} has a taken_at without a time zone. "
            "Give one, as in 2026-01-31T12:00:00+00:00."
        )


def _numbers(measurement: Measurement) -> Iterator[tuple[str, float]]:
    parts = [(name, getattr(measurement, name)) for name in MEASURED]
    parts += [*measurement.settings.items(), *measurement.metrics.items()]
    parts += [("repeat_times_s", value) for value in measurement.repeat_times_s]
    parts += [pair for epoch in measurement.epochs for pair in asdict(epoch).items()]
    parts += list(asdict(measurement.machine).items())
    return ((name, value) for name, value in parts if isinstance(value, float))


@functools.cache
def _installed_version() -> str | None:
    try:
        return version("modelworth")
    except PackageNotFoundError:
        return None
