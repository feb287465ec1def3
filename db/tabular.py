"""Measurements as one table, CSV or Parquet: a row each, and whole again on the way back.

What has parts of its own (settings, metrics, repeats, epochs, GPU names) is JSON in one
column; the machine's facts are columns whose names begin with `machine_`. Scenarios are not
in it: the JSON document of `db.exchange` has everything.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from pydantic import TypeAdapter, ValidationError

from engine.records import BadInput, Machine, Measurement

SUFFIXES = (".csv", ".parquet")
MACHINE = "machine_"
NESTED = ("settings", "metrics", "repeat_times_s", "epochs", "machine_gpu_names")
COLUMNS = (
    "key",
    *(f.name for f in fields(Measurement) if f.name != "machine"),
    *(MACHINE + f.name for f in fields(Machine)),
)
MAY_BE_UNKNOWN = frozenset(
    prefix + f.name
    for prefix, record in (("", Measurement), (MACHINE, Machine))
    for f in fields(record)
    if "None" in str(f.type)
)
RECORD = TypeAdapter(Measurement)

Row = Mapping[str, Any]


def table_bytes(measurements: Sequence[Measurement], suffix: str) -> bytes:
    """The table as a file of that suffix holds it, in the order given."""
    rows = [_row(m) for m in measurements]
    return _csv_bytes(rows) if suffix == ".csv" else _parquet_bytes(rows)


def measurements_in(content: bytes, suffix: str) -> list[Measurement]:
    """Every row's measurement, in the order of the file.

    Raises:
        BadInput: it is no such table, or a row breaks a rule or was changed by hand.
    """
    rows = _csv_rows(content) if suffix == ".csv" else _parquet_rows(content)
    return [_measurement(row, number) for number, row in enumerate(rows, start=1)]


def _row(m: Measurement) -> dict[str, Any]:
    values = asdict(m)
    machine = {MACHINE + name: value for name, value in values.pop("machine").items()}
    flat = {"key": m.key} | values | machine
    return flat | {name: json.dumps(flat[name], ensure_ascii=False) for name in NESTED}


def _measurement(row: Row, number: int) -> Measurement:
    try:
        known = {name: _value(name, row[name]) for name in COLUMNS}
        own = {name: value for name, value in known.items() if not name.startswith(MACHINE)}
        of_machine = {f.name: known[MACHINE + f.name] for f in fields(Machine)}
        found = RECORD.validate_python(own | {"machine": of_machine})
    except KeyError as error:
        raise BadInput(f"Row {number} has no column {error}. {_REMEDY}") from error
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in problem["loc"])
        raise BadInput(f"Row {number}, {place}: {problem['msg']}. {_REMEDY}") from error
    except json.JSONDecodeError as error:
        raise BadInput(
            f"Row {number} holds no JSON where it should ({error}). {_REMEDY}"
        ) from error
    if found.key != known["key"]:
        raise BadInput(
            f"Row {number} was changed: its key is not that of its machine, settings and "
            f"method. {_REMEDY}"
        )
    return found


_REMEDY = "Nothing was stored; give a file that `modelworth db export` wrote."


def _value(name: str, value: Any) -> Any:
    if name in MAY_BE_UNKNOWN and value == "":
        return None
    return json.loads(value) if name in NESTED else value


def _csv_bytes(rows: Sequence[Row]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows({**row, "taken_at": row["taken_at"].isoformat()} for row in rows)
    return text.getvalue().encode()


def _csv_rows(content: bytes) -> list[Row]:
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise BadInput(f"This is no CSV in UTF-8 ({error}). {_REMEDY}") from error
    return list(csv.DictReader(io.StringIO(text, newline="")))


def _parquet_bytes(rows: Sequence[Row]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    columns = {name: [row[name] for row in rows] for name in COLUMNS}
    pq.write_table(pa.table(columns), sink)
    return bytes(sink.getvalue().to_pybytes())


def _parquet_rows(content: bytes) -> list[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return list(pq.read_table(pa.BufferReader(content)).to_pylist())
    except pa.ArrowException as error:
        raise BadInput(f"This is no Parquet file ({error}). {_REMEDY}") from error
