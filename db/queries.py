"""Records and frames out, newest first."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, Row, Select, func, select

from db.store import MEASURED
from db.tables import EpochRow, MachineRow, MeasurementRow, ScenarioRow
from db.troubles import one_sentence
from engine.records import Epoch, Machine, Measurement

if TYPE_CHECKING:
    import pandas as pd

MACHINE = tuple(f.name for f in fields(Machine))
EPOCH = tuple(f.name for f in fields(Epoch))

COUNTED = {
    "machine_count": MachineRow,
    "measurement_count": MeasurementRow,
    "epoch_count": EpochRow,
    "scenario_count": ScenarioRow,
}


@dataclass(frozen=True, slots=True)
class SavedScenario:
    """One saving of a scenario."""

    name: str
    saved_at: datetime
    document: dict[str, Any]
    method_version: str | None


def measurements(
    database: Engine, *, workload: str | None = None, hardware_id: str | None = None
) -> list[Measurement]:
    """Measurements, of one workload or on one machine if asked, with their epochs.

    Raises:
        StoreUnavailable: the database cannot be read.
    """
    chosen = select(MeasurementRow.id).join(MachineRow)
    if workload is not None:
        chosen = chosen.where(MeasurementRow.workload == workload)
    if hardware_id is not None:
        fingerprint = hardware_id.removeprefix("measured:")
        chosen = chosen.where(MachineRow.fingerprint == fingerprint)
    with one_sentence(database.url), database.connect() as connection:
        return _records(connection, chosen)


def measured_keys(database: Engine) -> set[str]:
    """Keys of all measurements: what need not be measured again.

    Raises:
        StoreUnavailable: the database cannot be read.
    """
    with one_sentence(database.url), database.connect() as connection:
        return set(connection.scalars(select(MeasurementRow.key)))


def scenario_history(database: Engine) -> list[SavedScenario]:
    """Every saving of every scenario, newest first.

    Raises:
        StoreUnavailable: the database cannot be read.
    """
    columns = (getattr(ScenarioRow, f.name) for f in fields(SavedScenario))
    query = select(*columns).order_by(ScenarioRow.saved_at.desc(), ScenarioRow.id.desc())
    with one_sentence(database.url), database.connect() as connection:
        return [SavedScenario(*row) for row in connection.execute(query)]


def saved_scenarios(database: Engine) -> dict[str, dict[str, Any]]:
    """The newest scenario of each name, last saved first.

    Raises:
        StoreUnavailable: the database cannot be read.
    """
    newest: dict[str, dict[str, Any]] = {}
    for saved in scenario_history(database):
        newest.setdefault(saved.name, saved.document)
    return newest


def counts(database: Engine) -> dict[str, int]:
    """How many rows each table holds.

    Raises:
        StoreUnavailable: the database cannot be read.
    """
    with one_sentence(database.url), database.connect() as connection:
        return {
            name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in COUNTED.items()
        }


def measurement_frame(database: Engine) -> pd.DataFrame:
    """One row a measurement, each setting and metric in a column of its own name.

    Raises:
        StoreUnavailable: the database cannot be read.
    """
    import pandas as pd

    nested = ("settings", "metrics", "repeat_times_s")
    plain = [name for name in MEASURED if name not in nested]
    rows = [
        {**m.settings, **m.metrics}
        | {"hardware_id": m.machine.hardware_id, "device_name": m.machine.device_name}
        | {name: getattr(m, name) for name in plain}
        | {"repeat_count": len(m.repeat_times_s)}
        for m in measurements(database)
    ]
    first = ["hardware_id", "device_name", *plain, "repeat_count"]
    others = dict.fromkeys(name for row in rows for name in row if name not in first)
    return pd.DataFrame(rows, columns=[*first, *others])


def _records(connection: Connection, chosen: Select[Any]) -> list[Measurement]:
    """Three queries however many rows: a join would repeat a measurement for each epoch."""
    columns = (getattr(MeasurementRow, name) for name in MEASURED)
    rows = connection.execute(
        select(MeasurementRow.id, MeasurementRow.machine_id, *columns)
        .where(MeasurementRow.id.in_(chosen))
        .order_by(MeasurementRow.taken_at.desc(), MeasurementRow.id.desc())
    ).all()
    epochs = _epochs(connection, chosen)
    machines = _machines(connection)
    return [_record(row, machines[row.machine_id], epochs[row.id]) for row in rows]


def _record(row: Row[Any], machine: Machine, epochs: list[Epoch]) -> Measurement:
    values: dict[str, Any] = dict(zip(MEASURED, row[2:], strict=True))
    values["repeat_times_s"] = tuple(values["repeat_times_s"])
    return Measurement(machine=machine, epochs=tuple(epochs), **values)


def _machines(connection: Connection) -> dict[int, Machine]:
    columns = (getattr(MachineRow, name) for name in MACHINE)
    machines = {}
    for row in connection.execute(select(MachineRow.id, *columns)):
        known = dict(zip(MACHINE, row[1:], strict=True))
        machines[row.id] = Machine(**known | {"gpu_names": tuple(known["gpu_names"])})
    return machines


def _epochs(connection: Connection, chosen: Select[Any]) -> defaultdict[int, list[Epoch]]:
    columns = (getattr(EpochRow, name) for name in EPOCH)
    query = (
        select(EpochRow.measurement_id, *columns)
        .where(EpochRow.measurement_id.in_(chosen))
        .order_by(EpochRow.measurement_id, EpochRow.number)
    )
    epochs: defaultdict[int, list[Epoch]] = defaultdict(list)
    for row in connection.execute(query):
        epochs[row.measurement_id].append(Epoch(*row[1:]))
    return epochs
