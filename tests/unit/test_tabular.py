"""Measurements out as a table and in again, the same to the last digit."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine

from db.exchange import add_records
from db.queries import measurements
from db.session import open_database
from db.tabular import COLUMNS, SUFFIXES, measurements_in, table_bytes
from engine.records import BadInput
from tests import measured

ODD = replace(
    measured.measurements()[0],
    workload='a "quoted", one\nof two lines',
    settings={"size": 3, "share": 1.0, "compiled": True, "name": "Größe 大"},
    metrics={"loss_nats": math.pi, "tiny_s": 5e-324},
    repeat_times_s=(0.1 + 0.2, 1e-17),
    machine=replace(measured.MACHINE, gpu_names=("A", "B"), gpu_power_cap_w=350.0, cpu_name=""),
)
EVERY = [ODD, *measured.measurements()]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Engine]:
    opened = open_database(f"sqlite:///{tmp_path / 'measured.db'}")
    yield opened
    opened.dispose()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_goes_out_comes_back_the_same(suffix: str) -> None:
    back = measurements_in(table_bytes(EVERY, suffix), suffix)
    assert back == EVERY
    assert [m.key for m in back] == [m.key for m in EVERY]
    assert [type(value) for value in back[0].settings.values()] == [int, float, bool, str]
    assert measurements_in(table_bytes([], suffix), suffix) == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_two_databases_become_one_without_duplicates(database: Engine, suffix: str) -> None:
    half = len(EVERY) // 2
    add_records(database, EVERY[half:])
    everything = measurements_in(table_bytes(EVERY, suffix), suffix)
    assert add_records(database, everything)[:2] == (half, len(EVERY) - half)
    assert add_records(database, everything)[:2] == (0, len(EVERY))
    held = {m.key: m for m in measurements(database)}
    assert held == {m.key: m for m in EVERY}


def test_a_table_opens_elsewhere_with_its_numbers_as_numbers(tmp_path: Path) -> None:
    (tmp_path / "all.parquet").write_bytes(table_bytes(EVERY, ".parquet"))
    read = pq.read_table(tmp_path / "all.parquet")
    assert tuple(read.column_names) == COLUMNS
    assert read["time_s"].to_pylist() == [m.time_s for m in EVERY]
    assert str(read.schema.field("taken_at").type) == "timestamp[us, tz=UTC]"
    rows = list(csv.DictReader(io.StringIO(table_bytes(EVERY, ".csv").decode(), newline="")))
    assert json.loads(rows[0]["settings"]) == ODD.settings


def changed(**values: str) -> bytes:
    rows = list(csv.DictReader(io.StringIO(table_bytes(EVERY[:2], ".csv").decode(), newline="")))
    rows[1] |= values
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


@pytest.mark.parametrize(
    ("content", "suffix", "said"),
    [
        (changed(settings='{"size": 9}'), ".csv", "Row 2 was changed: its key is not that of its"),
        (changed(time_s="fast"), ".csv", "Row 2, time_s: Input should be a valid number"),
        (changed(metrics="{"), ".csv", "Row 2 holds no JSON where it should"),
        (b"a,b\n1,2\n", ".csv", "Row 1 has no column 'key'"),
        (b"\xff\xfe", ".csv", "This is no CSV in UTF-8"),
        (b"PAR1", ".parquet", "This is no Parquet file"),
    ],
)
def test_what_is_no_export_is_refused_with_its_place(
    content: bytes, suffix: str, said: str
) -> None:
    with pytest.raises(BadInput, match="Nothing was stored") as refused:
        measurements_in(content, suffix)
    assert said in str(refused.value)


def test_a_number_that_is_none_is_refused_whole(database: Engine) -> None:
    nan = replace(EVERY[1], metrics={"loss_nats": float("nan")})
    everything = measurements_in(table_bytes([EVERY[0], nan], ".csv"), ".csv")
    with pytest.raises(BadInput, match="no finite"):
        add_records(database, everything)
    assert measurements(database) == []
