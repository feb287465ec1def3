"""The store: what goes in comes out, is kept once, and is kept for good."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import get_type_hints

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, Table, inspect, text
from sqlalchemy.exc import IntegrityError

from db import session
from db.exchange import Added, exported, import_document
from db.queries import (
    counts,
    measured_keys,
    measurement_frame,
    measurements,
    saved_scenarios,
    scenario_history,
)
from db.session import StoreUnavailable, alembic_config, database_url, known_url, open_database
from db.store import save_measurement, save_scenario
from db.tables import Base, EpochRow, MachineRow, MeasurementRow
from db.troubles import place
from engine.records import BadInput, Epoch, Machine, Measurement

CPU = Machine(
    cpu_name="Ryzen™ 9 3900X",
    physical_core_count=12,
    logical_core_count=24,
    memory_bytes=67_430_182_912,
    operating_system="Linux 6.1",
    python_version="3.11.2",
    torch_version="2.13.0",
    thread_count=12,
)
GPU = replace(
    CPU,
    gpu_names=("NVIDIA H100 80GB HBM3", "NVIDIA H100 80GB HBM3"),
    gpu_memory_bytes=85_520_809_984,
    gpu_power_cap_w=699.5,
    gpu_driver_version="570.86.15",
)
NOON = datetime(2026, 3, 29, 12, 0, 0, 123_456, tzinfo=UTC)
PLAIN = Measurement(
    machine=CPU,
    workload="matmul",
    settings={"size": 512, "precision": "fp32"},
    method_version="1",
    code_version="0.1.0",
    taken_at=NOON,
    time_s=0.1 + 0.2,
    time_low_s=0.3,
    time_high_s=1 / 3,
    repeat_times_s=(0.1 + 0.2, 1e-17, 5e-324),
    cpu_time_s=0.0,
)
FULL = replace(
    PLAIN,
    machine=GPU,
    workload="text_classifier",
    settings={"task": "新闻", "seed": 1, "rate": 1.0, "huge": 1e300, "shuffled": True},
    flop=1.7976931348623157e308,
    moved_bytes=12.0,
    peak_memory_bytes=2.0**53 + 2,
    energy_j=2.5,
    energy_kind="measured",
    energy_meter="nvml: GPU 0",
    load_average=0.0,
    metrics={"accuracy_share": 0.1 * 3, "parameter_count": 1e16},
    epochs=(Epoch(1, 0.7, 0.5, 0.71, 0.49, 3.25), Epoch(2, 0.1, 0.95, 1 / 7, 0.9, 3.125)),
)


@pytest.fixture
def database(tmp_path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path / 'store.db'}")
    yield engine
    engine.dispose()


@pytest.fixture
def in_memory() -> Iterator[Engine]:
    engine = open_database("sqlite://")
    yield engine
    engine.dispose()


@pytest.mark.parametrize("measurement", [PLAIN, FULL], ids=["plain", "full"])
def test_what_goes_in_comes_out_to_the_last_bit(database, measurement):
    assert save_measurement(database, measurement)
    (found,) = measurements(database)
    assert found == measurement
    assert repr(found.settings) == repr(dict(measurement.settings))
    assert found.key == measurement.key


def test_unknown_stays_unknown(database):
    save_measurement(database, PLAIN)
    (found,) = measurements(database)
    assert found.energy_j is None
    assert found.energy_kind is None
    assert found.flop is None
    assert found.machine.gpu_power_cap_w is None


def test_a_measurement_is_kept_once_and_the_first_stays(database):
    later = replace(FULL, time_s=9.0, taken_at=NOON + timedelta(days=1), epochs=())
    assert save_measurement(database, FULL) is True
    assert save_measurement(database, later) is False
    assert measurements(database) == [FULL]
    assert counts(database) == {
        "machine_count": 1,
        "measurement_count": 1,
        "epoch_count": 2,
        "scenario_count": 0,
    }


def test_instants_keep_their_moment_whatever_their_zone(database):
    kathmandu = timezone(timedelta(hours=5, minutes=45))
    local = NOON.astimezone(kathmandu)
    save_measurement(database, replace(PLAIN, taken_at=local))
    (found,) = measurements(database)
    assert found.taken_at == local
    assert found.taken_at.utcoffset() == timedelta(0)
    with database.connect() as connection:
        stored = connection.scalar(text("SELECT taken_at FROM measurement"))
    assert stored == "2026-03-29 12:00:00.123456"


def test_newest_comes_first_and_filters_hold(database):
    older = replace(PLAIN, taken_at=NOON - timedelta(seconds=1), settings={"size": 1})
    on_gpu = replace(PLAIN, machine=GPU, taken_at=NOON + timedelta(seconds=1))
    for measurement in (PLAIN, older, on_gpu):
        save_measurement(database, measurement)
    save_measurement(database, replace(FULL, taken_at=NOON - timedelta(days=1)))
    assert [m.taken_at.second for m in measurements(database, workload="matmul")] == [1, 0, 59]
    assert measurements(database, workload="matmul", hardware_id=GPU.hardware_id) == [on_gpu]
    assert [m.epochs for m in measurements(database, workload="text_classifier")] == [FULL.epochs]
    assert measurements(database, hardware_id="h100-sxm") == []
    assert measured_keys(database) == {PLAIN.key, older.key, on_gpu.key, FULL.key}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"time_s": 0.0}, "ck_measurement_time_positive"),
        ({"energy_j": -1.0, "energy_kind": "measured"}, "energy_positive_or_unknown"),
        ({"energy_j": 1.0}, "energy_kind_iff_energy_known"),
        ({"energy_kind": "estimated"}, "energy_kind_iff_energy_known"),
        ({"energy_j": 1.0, "energy_kind": "guessed"}, "energy_kind_known"),
        ({"cpu_time_s": -0.1}, "cpu_time_not_negative"),
        ({"flop": float("nan")}, "no finite flop"),
        ({"metrics": {"loss_nats": float("inf")}}, "no finite loss_nats"),
        ({"repeat_times_s": (0.1, float("nan"))}, "no finite repeat_times_s"),
        ({"epochs": (Epoch(1, float("nan"), 0.5, 0.7, 0.5, 1.0),)}, "no finite train_loss_nats"),
        ({"taken_at": NOON.replace(tzinfo=None)}, "without a time zone"),
    ],
)
def test_an_impossible_record_is_refused_and_leaves_nothing(database, change, complaint):
    with pytest.raises(BadInput, match=complaint):
        save_measurement(database, replace(PLAIN, **change))
    assert set(counts(database).values()) == {0}


def test_a_saved_scenario_is_found_and_the_newest_of_a_name_wins(database):
    save_scenario(database, "mine", {"model": "bert-base", "pue": 1.2})
    save_scenario(database, "other", {"model": "gpt-3-175b"})
    save_scenario(database, " mine ", {"model": "bert-base", "pue": 1.1, "kept": None})
    assert saved_scenarios(database) == {
        "mine": {"model": "bert-base", "pue": 1.1, "kept": None},
        "other": {"model": "gpt-3-175b"},
    }
    assert list(saved_scenarios(database)) == ["mine", "other"]
    history = scenario_history(database)
    assert [s.document.get("pue") for s in history] == [1.1, None, 1.2]
    assert all(datetime.now(UTC) - s.saved_at < timedelta(minutes=1) for s in history)


@pytest.mark.parametrize(
    ("name", "scenario", "complaint"),
    [
        ("  ", {}, "needs a name"),
        ("mine", {"pue": float("nan")}, "'mine' cannot be saved"),
        ("mine", {"pue": {1, 2}}, "not JSON serializable"),
    ],
)
def test_a_scenario_that_cannot_be_kept_is_refused(database, name, scenario, complaint):
    with pytest.raises(BadInput, match=complaint):
        save_scenario(database, name, scenario)
    assert saved_scenarios(database) == {}


def test_the_frame_has_a_column_for_each_setting_and_metric(database):
    save_measurement(database, PLAIN)
    save_measurement(database, FULL)
    frame = measurement_frame(database).set_index("workload")
    assert frame.loc["matmul", "size"] == 512
    assert frame.loc["text_classifier", "accuracy_share"] == 0.1 * 3
    assert frame.loc["text_classifier", "device_name"] == "NVIDIA H100 80GB HBM3"
    assert frame.loc["matmul", "hardware_id"] == CPU.hardware_id
    assert frame["repeat_count"].tolist() == [3, 3]
    assert frame["energy_j"].isna()["matmul"]
    assert str(frame["taken_at"].dt.tz) == "UTC"


def test_an_empty_database_still_gives_the_columns(database):
    frame = measurement_frame(database)
    assert frame.empty
    assert {"workload", "time_s", "hardware_id", "taken_at"} <= set(frame.columns)


@pytest.mark.parametrize(
    ("record", "row", "apart", "added"),
    [
        (Measurement, MeasurementRow, {"machine", "epochs"}, {"id", "key", "machine_id"}),
        (Machine, MachineRow, set(), {"id", "fingerprint"}),
        (Epoch, EpochRow, set(), {"measurement_id"}),
    ],
)
def test_a_row_mirrors_its_record(record, row, apart, added):
    hints = get_type_hints(record)
    names = {f.name for f in fields(record)} - apart
    columns = {column.name: column for column in row.__table__.columns}
    assert set(columns) - added == names
    assert {n for n in names if columns[n].nullable} == {
        n for n in names if type(None) in getattr(hints[n], "__args__", ())
    }


def test_migrations_give_the_tables_of_the_code(in_memory):
    with in_memory.begin() as connection:
        command.check(alembic_config(connection))
        reflected = inspect(connection)
        for table in Base.metadata.tables.values():
            assert constraint_names(reflected, table) == {str(c.name) for c in table.constraints}


def constraint_names(reflected, table: Table) -> set[str]:
    checks = reflected.get_check_constraints(table.name)
    uniques = reflected.get_unique_constraints(table.name)
    keys = [reflected.get_pk_constraint(table.name), *reflected.get_foreign_keys(table.name)]
    return {found["name"] for found in [*checks, *uniques, *keys]}


def test_migrations_can_be_taken_back(in_memory):
    with in_memory.begin() as connection:
        command.downgrade(alembic_config(connection), "base")
    assert inspect(in_memory).get_table_names() == ["alembic_version"]


def test_the_newest_revision_is_alembic_s_head(in_memory):
    with in_memory.connect() as connection:
        script = ScriptDirectory.from_config(alembic_config(connection))
    assert script.get_heads() == [session.NEWEST_REVISION]


def test_sqlite_is_set_up_to_survive(database):
    with database.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "busy_timeout", "synchronous")
        }
    assert pragmas == {
        "journal_mode": "wal",
        "foreign_keys": 1,
        "busy_timeout": 10_000,
        "synchronous": 2,
    }


def test_an_epoch_needs_its_measurement(database):
    orphan = text("INSERT INTO epoch VALUES (99, 1, 0.5, 0.5, 0.5, 0.5, 1.0)")
    with pytest.raises(IntegrityError, match="FOREIGN KEY"), database.begin() as connection:
        connection.execute(orphan)


def test_an_up_to_date_database_opens_anywhere_without_alembic(tmp_path, database):
    code = (
        "import sys; from db.session import open_database; open_database(sys.argv[1]);"
        "assert not {'alembic', 'pandas', 'pydantic', 'torch'} & set(sys.modules)"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    subprocess.run(
        [sys.executable, "-c", code, str(database.url)], check=True, cwd=tmp_path, env=environment
    )


def test_the_database_is_in_the_user_s_data_folder(monkeypatch, tmp_path):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setattr(session.platformdirs, "user_data_path", lambda name, **_: tmp_path / name)
    assert known_url(database_url()).database == str(tmp_path / "modelworth" / "modelworth.db")
    database = open_database()
    assert save_measurement(database, PLAIN)
    database.dispose()
    assert (tmp_path / "modelworth" / "modelworth.db").stat().st_size > 0


def test_database_url_overrides_it(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", " sqlite:////srv/facts.db ")
    assert database_url() == "sqlite:////srv/facts.db"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_has_one_driver_and_keeps_its_password(scheme):
    url = known_url(f"{scheme}://ann:s3cret@db.example:5433/facts?sslmode=require&password=s3cret")
    assert url.drivername == "postgresql+psycopg"
    assert url.password == "s3cret"
    assert place(url) == "postgresql://ann@db.example:5433/facts"


@pytest.mark.parametrize(
    ("address", "complaint"),
    [
        ("not an address", "not the address of a database"),
        ("postgresql://ann@host:s3cret/x", "not the address of a database"),
        ("sqlite:///x.db?timeout=s3cret", "not the address of a database"),
        ("mysql://ann:s3cret@host/x", "'mysql' are not supported. Known: sqlite, postgresql"),
        ("postgresql+asyncpg://ann:s3cret@host/x", "not supported"),
    ],
)
def test_a_strange_address_is_one_sentence_without_the_password(address, complaint):
    with pytest.raises(StoreUnavailable, match=complaint) as caught:
        open_database(address)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_missing_driver_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreUnavailable, match=r"pip install 'modelworth\[postgres\]'"):
        open_database("postgresql://host/x")


def test_an_export_brings_everything_to_another_database(database, in_memory):
    save_measurement(database, FULL)
    save_measurement(database, PLAIN)
    save_scenario(database, "mine", {"pue": 1.2})
    save_scenario(database, "mine", {"pue": 1.1})
    document = exported(database)
    assert import_document(in_memory, document) == Added(2, 0, 2, 0)
    assert measurements(in_memory) == measurements(database) == [PLAIN, FULL]
    assert scenario_history(in_memory) == scenario_history(database)
    assert import_document(in_memory, document) == Added(0, 2, 0, 2)
    assert exported(in_memory) == document


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('"modelworth-1"', '"modelworth-2"', "document.format: Input should be 'modelworth-1'"),
        ('"scenarios"', '"scenario"', "document.scenarios: Field required"),
        ('"time_s": 0.3,', '"time_s": "fast",', r"measurements\.0\.time_s: .* valid number"),
        ('"time_s": 0.3,', '"time_s": NaN,', "no finite time_s"),
        ('"time_s": 0.3,', '"time_s": -0.3,', "time_positive"),
        ("00.123456Z", "00.123456", "without a time zone"),
        ("{", "", "Invalid JSON"),
    ],
)
def test_a_bad_document_is_refused_whole(database, in_memory, old, new, complaint):
    save_measurement(database, FULL)
    save_measurement(database, replace(PLAIN, time_s=0.3))
    document = exported(database)
    spoilt = new.join(document.rsplit(old, 1))
    assert spoilt != document
    with pytest.raises(BadInput, match=complaint):
        import_document(in_memory, spoilt)
    assert set(counts(in_memory).values()) == {0}
