"""Whatever befalls the database: one sentence, and nothing stored is lost."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, text

from db.health import problems
from db.queries import counts, measurements, saved_scenarios
from db.session import StoreUnavailable, open_database
from db.store import save_measurement, save_scenario
from engine.records import Machine, Measurement

NOBODY = 65_534
HOLD = """
import sqlite3, sys, time
other = sqlite3.connect(sys.argv[1], isolation_level=None)
other.execute("BEGIN IMMEDIATE")
print("held", flush=True)
time.sleep(0.5)
other.execute("COMMIT")
"""
"""A program that locks the database for half a second."""

MACHINE = Machine("CPU", 2, 2, 2**33, "Linux", "3.11", "2.13", 2)
STORED = Measurement(
    machine=MACHINE,
    workload="matmul",
    settings={"size": 64},
    method_version="1",
    code_version="0.1.0",
    taken_at=datetime(2026, 1, 1, tzinfo=UTC),
    time_s=0.5,
    time_low_s=0.5,
    time_high_s=0.5,
    repeat_times_s=(0.5,),
    cpu_time_s=0.5,
)
ANOTHER = replace(STORED, settings={"size": 128})
BULKY = replace(STORED, settings={"size": 256, "text": "x" * 400_000})


@pytest.fixture
def file(tmp_path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def database(file) -> Iterator[Engine]:
    """A database with one measurement, whose writers do not wait long."""
    engine = open_database(f"sqlite:///{file}", busy_timeout_s=0.1)
    save_measurement(engine, STORED)
    yield engine
    engine.dispose()


def python(code: str, *arguments: object, **options) -> subprocess.Popen:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env=environment, **streams, **options)


def assert_sound(database: Engine, held: list[Measurement]) -> None:
    assert problems(database) == []
    assert measurements(database) == held


def test_a_locked_database_is_said_after_the_wait_and_works_again(file, database):
    with closing(sqlite3.connect(file)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match=r"store\.db is locked by another program"):
            save_measurement(database, ANOTHER)
        with pytest.raises(StoreUnavailable, match="locked"):
            save_scenario(database, "mine", {"pue": 1.2})
        with pytest.raises(StoreUnavailable, match="locked"):
            open_database(f"sqlite:///{file}?timeout=0.1")
        assert measurements(database) == [STORED], "readers go on beside a writer"
    assert save_measurement(database, ANOTHER)
    assert_sound(database, [ANOTHER, STORED])


def test_a_writer_waits_for_another_one_to_finish(file, database):
    patient = open_database(f"sqlite:///{file}", busy_timeout_s=30)
    with python(HOLD, file) as holder:
        assert holder.stdout.readline() == "held\n"
        assert save_measurement(patient, ANOTHER)
    patient.dispose()
    assert_sound(database, [ANOTHER, STORED])


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "taken").write_text("a file, not a folder")
    with pytest.raises(StoreUnavailable, match=r"folder .*taken for the database cannot be made"):
        open_database(f"sqlite:///{tmp_path / 'taken' / 'store.db'}")


def test_a_folder_in_place_of_the_file_is_said(tmp_path):
    with pytest.raises(StoreUnavailable, match="cannot be opened"):
        open_database(f"sqlite:///{tmp_path}")


def test_a_database_opened_for_reading_only_is_said(file, database):
    with pytest.raises(StoreUnavailable, match="can be read but not written"):
        open_database(f"sqlite:///file:{file}?mode=ro&uri=true")
    assert_sound(database, [STORED])


OPEN_AS_NOBODY = f"""
import os, sys
from db.session import StoreUnavailable, open_database
open_database("sqlite://")  # loads what another user may not be able to read
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid({NOBODY})
    os.setuid({NOBODY})
try:
    open_database(sys.argv[1])
except StoreUnavailable as error:
    print(error)
"""


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX permissions")
@pytest.mark.parametrize("shut", ["file", "folder", "empty folder"])
def test_what_this_user_may_not_write_is_said(shut):
    """As another user when run by root, whom no permission stops."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "store.db"
        if shut != "empty folder":
            open_database(f"sqlite:///{file}").dispose()
            file.chmod(0o444 if shut == "file" else 0o666)
        Path(folder).chmod(0o777 if shut == "file" else 0o555)
        with python(OPEN_AS_NOBODY, f"sqlite:///{file}") as process:
            said, errors = process.communicate()
        Path(folder).chmod(0o700)
    assert f"The database {file} can" in said, errors
    assert said.count("\n") == 1


def test_no_space_left_is_said_and_the_rest_is_kept(database):
    database.dispose()
    event.listen(database, "connect", lambda connection, _: limit_pages(connection))
    with pytest.raises(StoreUnavailable, match="No space is left for the database"):
        save_measurement(database, BULKY)
    assert save_measurement(database, ANOTHER)
    assert_sound(database, [ANOTHER, STORED])


def limit_pages(connection: sqlite3.Connection) -> None:
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count={pages + 2}").close()


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs the right to mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_disk_that_fills_up_loses_nothing(small_disk):
    database = open_database(f"sqlite:///{small_disk / 'store.db'}")
    save_measurement(database, STORED)
    database.dispose()
    filler = small_disk / "filler"
    with pytest.raises(OSError, match="No space"):
        filler.write_bytes(b"x" * 1_000_000)
    with pytest.raises(StoreUnavailable, match=r"No space is left|the disk is full"):
        save_measurement(database, ANOTHER)
    filler.unlink()
    assert save_measurement(database, ANOTHER)
    assert_sound(database, [ANOTHER, STORED])
    database.dispose()


def test_a_file_of_another_kind_is_left_as_it_is(file):
    file.write_text("Dear diary, " * 400)
    with pytest.raises(StoreUnavailable, match=r"store\.db is not an SQLite database"):
        open_database(f"sqlite:///{file}")
    assert file.read_text() == "Dear diary, " * 400


def test_a_damaged_file_is_said(file, database):
    for size in range(60):
        save_measurement(database, replace(BULKY, settings={"size": size, "text": "x" * 4000}))
    database.dispose()
    content = bytearray(file.read_bytes())
    content[8192:] = b"\xff" * (len(content) - 8192)
    file.write_bytes(content)
    with pytest.raises(StoreUnavailable, match="is damaged"):
        problems(open_database(f"sqlite:///{file}"))


def test_a_newer_database_is_left_to_newer_code(file, database):
    with database.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreUnavailable, match=r"written by a newer Modelworth \(revision 9999;"):
        open_database(f"sqlite:///{file}")
    with database.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "9999"
    assert measurements(database) == [STORED]


def test_a_failed_migration_leaves_no_half_made_tables(file):
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE measurement (somebody_elses TEXT)")
    with pytest.raises(StoreUnavailable, match="table measurement already exists"):
        open_database(f"sqlite:///{file}")
    with closing(sqlite3.connect(file)) as other:
        tables = other.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    assert tables == [("measurement",)]


def test_a_new_database_somebody_else_is_making_is_waited_for(file):
    with python(HOLD, file) as holder:
        assert holder.stdout.readline() == "held\n"
        database = open_database(f"sqlite:///{file}")
    assert_sound(database, [])
    database.dispose()


def test_many_programs_may_open_a_new_database_at_once(file):
    code = (
        "import sys; from db.session import open_database; sys.stdin.read();"
        "open_database(sys.argv[1]).dispose()"
    )
    url = f"sqlite:///{file}"
    programs = [python(code, url, stdin=subprocess.PIPE) for _ in range(6)]
    for program in programs:
        program.stdin.close()
    for program in programs:
        errors = program.stderr.read()
        assert program.wait(60) == 0, errors
        program.stdout.close()
        program.stderr.close()
    database = open_database(url)
    assert set(counts(database).values()) == {0}
    assert_sound(database, [])
    database.dispose()


WRITER = """
import sys
from dataclasses import replace
from datetime import UTC, datetime
from db.session import open_database
from db.store import save_measurement
from engine.records import Epoch, Machine, Measurement

database = open_database(sys.argv[1])
machine = Machine("CPU", 2, 2, 2**33, "Linux", "3.11", "2.13", 2)
epochs = tuple(Epoch(number, 0.5, 0.5, 0.5, 0.5, 1.0) for number in range(200))
first = Measurement(machine, "matmul", {"size": 0}, "1", "0.1.0", datetime.now(UTC), 0.5, 0.5,
                    0.5, (0.5,), 0.5, epochs=epochs)
for size in range(100_000):
    save_measurement(database, replace(first, settings={"size": size}))
    print(size, flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="needs kill -9")
@pytest.mark.parametrize("after", [0, 7, 23])
def test_a_killed_writer_leaves_whole_records_only(file, after):
    with python(WRITER, f"sqlite:///{file}") as writer:
        reported = 0
        while reported < after:
            reported = int(writer.stdout.readline())
        if after == 0:
            writer.stdout.readline()
        writer.send_signal(signal.SIGKILL)
        rest = writer.stdout.read().split("\n")
    promised = max([reported, *(int(size) for size in rest[:-1] if size)]) + 1
    database = open_database(f"sqlite:///{file}")
    assert problems(database) == []
    found = measurements(database)
    assert {m.settings["size"] for m in found} >= set(range(promised))
    assert all(len(m.epochs) == 200 for m in found)
    assert counts(database)["epoch_count"] == 200 * len(found)
    database.dispose()


def test_an_unreachable_server_is_said_without_the_password():
    pytest.importorskip("psycopg")
    with pytest.raises(StoreUnavailable, match=r"postgresql://ann@127\.0\.0\.1:1/facts") as caught:
        open_database("postgresql://ann:s3cret@127.0.0.1:1/facts")
    assert "refused" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_scenarios_survive_a_refused_write(database, file):
    save_scenario(database, "mine", {"pue": 1.2})
    with closing(sqlite3.connect(file)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable):
            save_scenario(database, "mine", {"pue": 1.1})
    assert saved_scenarios(database) == {"mine": {"pue": 1.2}}
