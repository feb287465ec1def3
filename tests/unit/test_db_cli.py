"""`modelworth db`, as typed."""

import io
import json
import sqlite3
import sys
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from db.queries import measurements
from db.session import NEWEST_REVISION, open_database
from db.store import save_measurement, save_scenario
from engine.cli import main
from engine.records import Machine, Measurement

MEASURED = Measurement(
    machine=Machine("CPU ™", 2, 2, 2**40, "Linux", "3.11", "2.13", 2),
    workload="matmul",
    settings={"size": 64},
    method_version="1",
    code_version="0.1.0",
    taken_at=datetime(2026, 3, 29, 12, tzinfo=UTC),
    time_s=0.5,
    time_low_s=0.5,
    time_high_s=0.5,
    repeat_times_s=(0.5,),
    cpu_time_s=0.5,
)


@pytest.fixture
def file(tmp_path, monkeypatch):
    """A database with two measurements and a scenario, saved twice."""
    path = tmp_path / "store.db"
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{path}?timeout=0.1")
    database = open_database()
    save_measurement(database, MEASURED)
    save_measurement(database, replace(MEASURED, settings={"size": 128}))
    save_scenario(database, "mine", {"pue": 1.2})
    save_scenario(database, "mine", {"pue": 1.1})
    database.dispose()
    return path


@pytest.fixture
def typed(monkeypatch, capsys):
    """What `modelworth db ...` prints: exit code, stdout, stderr on one line."""

    def run(*arguments: object):
        monkeypatch.setattr(sys, "argv", ["modelworth", "db", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        printed = capsys.readouterr()
        return stopped.value.code or 0, printed.out, " ".join(printed.err.split())

    return run


def test_path_prints_the_file_and_makes_nothing(typed, monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'new' / 'store.db'}")
    assert typed("path") == (0, f"{tmp_path / 'new' / 'store.db'}\n", "")
    assert not (tmp_path / "new").exists()


def test_path_leaves_the_password_out(typed, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://ann:s3cret@db.example/facts")
    assert typed("path") == (0, "postgresql://ann@db.example/facts\n", "")


def test_status_counts_what_is_held(typed, file):
    code, out, _ = typed("status", "--json")
    assert code == 0
    assert json.loads(out) == {
        "database": str(file),
        "revision": NEWEST_REVISION,
        "machine_count": 1,
        "measurement_count": 2,
        "epoch_count": 0,
        "scenario_count": 2,
    }
    code, out, _ = typed("status")
    assert code == 0
    assert dict(line.split() for line in out.splitlines())["measurement"] == "2"


def test_check_is_ok_for_a_sound_database(typed, file):
    assert typed("check") == (0, "ok\n", "")


def test_check_finds_a_row_without_its_machine(typed, file):
    with closing(sqlite3.connect(file)) as other:
        other.execute("UPDATE measurement SET machine_id = 99 WHERE id = 2")
        other.commit()
    code, _, said = typed("check")
    assert code == 1
    assert "row 2 of measurement belongs to a row of machine that is not there" in said


def test_check_finds_damaged_pages(typed, file):
    with closing(sqlite3.connect(file)) as other:
        root = "SELECT rootpage FROM sqlite_master WHERE name = 'ix_measurement_workload'"
        (page,) = other.execute(root).fetchone()
        (size,) = other.execute("PRAGMA page_size").fetchone()
    with file.open("r+b") as damaged:
        damaged.seek((page - 1) * size + size - 64)
        damaged.write(b"\x01" * 64)
    code, _, said = typed("check")
    assert code == 1
    assert f"The database {file} is damaged" in said


def test_export_and_import_bring_records_together(typed, file, tmp_path, monkeypatch):
    exported = tmp_path / "all.json"
    assert typed("export", exported) == (0, "", "")
    assert typed("export", "-") == (0, exported.read_text(encoding="utf-8"), "")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'other.db'}")
    first = "2 measurements added, 0 already there; 2 scenarios added, 0 already there.\n"
    again = "0 measurements added, 2 already there; 0 scenarios added, 2 already there.\n"
    assert typed("import", exported) == (0, first, "")
    assert typed("import", exported) == (0, again, "")
    assert typed("export", "-")[1] == exported.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["all.csv", "all.PARQUET"])
def test_a_table_brings_measurements_together(typed, file, tmp_path, monkeypatch, name):
    exported = tmp_path / name
    assert typed("export", exported) == (0, "", "")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'other.db'}")
    first = "2 measurements added, 0 already there; 0 scenarios added, 0 already there.\n"
    assert typed("import", exported) == (0, first, "")
    assert typed("import", exported)[1].startswith("0 measurements added, 2 already there;")


def test_import_reads_stdin(typed, file, monkeypatch):
    document = typed("export", "-")[1].replace('"size": 64', '"size": 65')
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(document.encode())))
    code, out, _ = typed("import", "-")
    assert (code, out.partition(";")[0]) == (0, "1 measurements added, 1 already there")


def test_a_bad_file_stores_nothing(typed, file, tmp_path):
    good = typed("export", "-")[1]
    bad = tmp_path / "bad.json"
    bad.write_text(good.replace('"size": 64', '"size": [64]').replace('"size": 128', '"size": 1'))
    code, _, said = typed("import", bad)
    assert code == 2
    assert "document.measurements.1.settings.size" in said
    assert "Nothing was stored" in said
    database = open_database()
    assert len(measurements(database)) == 2
    database.dispose()


@pytest.mark.parametrize(
    ("arguments", "exit_code", "sentence"),
    [
        (("import", "/no/such/file.json"), 2, "cannot be read: No such file or directory."),
        (("export", "/no/such/file.json"), 1, "cannot be written: No such file or directory."),
    ],
)
def test_a_file_out_of_reach_is_said(typed, file, arguments, exit_code, sentence):
    code, _, said = typed(*arguments)
    assert code == exit_code
    assert sentence in said


def test_a_locked_database_is_one_sentence_and_exit_code_1(typed, file):
    with closing(sqlite3.connect(file)) as other:
        other.execute("BEGIN IMMEDIATE")
        code, out, said = typed("status")
    assert (code, out) == (1, "")
    assert said == (
        f"The database {file} is locked by another program. What is stored is safe; "
        "try again, or stop that program first."
    )


def test_scenarios_are_listed_by_name_and_in_full(typed, file):
    assert typed("scenarios") == (0, "mine\n", "")
    code, out, _ = typed("scenarios", "--json")
    assert code == 0
    assert json.loads(out) == {"mine": {"pue": 1.1}}


def test_no_scenario_says_where_they_come_from(typed, monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'empty.db'}")
    code, out, said = typed("scenarios")
    assert (code, out) == (0, "")
    assert "No scenario is saved yet." in said
