"""The same store on a PostgreSQL server, started here where its programs are installed."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Engine, text

from db.exchange import Added, exported, import_document
from db.health import problems
from db.queries import counts, measurements, saved_scenarios
from db.session import (
    MIGRATION_LOCK,
    StoreUnavailable,
    alembic_config,
    database_engine,
    open_database,
)
from db.store import save_measurement, save_scenario
from engine.records import BadInput, Epoch, Machine, Measurement

SERVER_USERS = ("postgres", "nobody")
"""Who may run the server when we are root, which it refuses to run as."""

MEASURED = Measurement(
    machine=Machine("CPU ™", 2, 2, 2**40, "Linux", "3.11", "2.13", 2, gpu_names=("A", "A")),
    workload="text_classifier",
    settings={"task": "新闻", "seed": 1, "rate": 1.0, "huge": 1e300, "shuffled": True},
    method_version="1",
    code_version="0.1.0",
    taken_at=datetime(2026, 3, 29, 12, 0, 0, 123_456, tzinfo=UTC),
    time_s=0.1 + 0.2,
    time_low_s=1e-17,
    time_high_s=1 / 3,
    repeat_times_s=(0.1 + 0.2, 1e-17),
    cpu_time_s=0.0,
    energy_j=2.5,
    energy_kind="estimated",
    metrics={"parameter_count": 1e16},
    epochs=(Epoch(1, 0.7, 0.5, 0.71, 0.49, 3.25), Epoch(2, 0.1, 0.95, 1 / 7, 0.9, 3.125)),
)


def server_user() -> dict[str, object]:
    """Arguments that make a subprocess run as somebody other than root."""
    if os.geteuid() != 0:
        return {}
    known = {user.pw_name: user for user in pwd.getpwall()}
    user = next(known[name] for name in SERVER_USERS if name in known)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


@pytest.fixture(scope="module")
def server() -> Iterator[Path]:
    """Folder of the socket of a server with the user `ann` and the password `s3cret`."""
    pytest.importorskip("psycopg", reason="needs the psycopg driver")
    if not (shutil.which("initdb") and shutil.which("pg_ctl")):
        pytest.skip("needs the programs initdb and pg_ctl of a PostgreSQL server")
    user = server_user()
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        password = folder / "password"
        password.write_text("s3cret")
        if user:
            shutil.chown(folder, user["user"], user["group"])
            shutil.chown(password, user["user"], user["group"])
        data = ["-D", str(folder / "data")]
        run = {"cwd": folder, "check": True, "capture_output": True, **user}
        make = ["-U", "ann", "-A", "scram-sha-256", "--pwfile", str(password), "--no-sync"]
        subprocess.run(["initdb", *data, *make], **run)
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        log = ["-l", str(folder / "log")]
        subprocess.run(["pg_ctl", *data, *log, "-o", options, "-w", "start"], **run)
        yield folder
        subprocess.run(["pg_ctl", *data, "-m", "immediate", "-w", "stop"], **run)


@pytest.fixture
def url(server) -> str:
    """A new, empty database."""
    admin = address(server, "postgres")
    engine = open_admin(admin)
    name = f"facts_{os.urandom(4).hex()}"
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return address(server, name)


@pytest.fixture
def database(url) -> Iterator[Engine]:
    engine = open_database(url)
    yield engine
    engine.dispose()


def address(server: Path, name: str, password: str = "s3cret") -> str:
    return f"postgres://ann:{password}@/{name}?host={server}"


def open_admin(url: str) -> Engine:
    return database_engine(url).execution_options(isolation_level="AUTOCOMMIT")


def test_records_come_out_as_they_went_in(database):
    assert save_measurement(database, MEASURED) is True
    assert save_measurement(database, MEASURED) is False
    (found,) = measurements(database, hardware_id=MEASURED.machine.hardware_id)
    assert found == MEASURED
    assert repr(found.settings) == repr(MEASURED.settings)
    assert found.taken_at.utcoffset() is not None
    assert problems(database) == []


def test_the_rules_hold_here_too(database):
    with pytest.raises(BadInput, match="ck_measurement_time_positive"):
        save_measurement(database, replace(MEASURED, time_s=-1.0))
    assert set(counts(database).values()) == {0}


def test_scenarios_and_exports_travel(database):
    save_scenario(database, "mine", {"pue": 1.2})
    save_scenario(database, "mine", {"pue": 1.1})
    save_measurement(database, MEASURED)
    elsewhere = open_database("sqlite://")
    assert import_document(elsewhere, exported(database)) == Added(1, 0, 2, 0)
    assert import_document(database, exported(elsewhere)) == Added(0, 1, 0, 2)
    assert saved_scenarios(elsewhere) == saved_scenarios(database) == {"mine": {"pue": 1.1}}
    assert exported(elsewhere) == exported(database)
    elsewhere.dispose()


def test_migrations_give_the_tables_of_the_code(database):
    with database.begin() as connection:
        command.check(alembic_config(connection))
        command.downgrade(alembic_config(connection), "base")


def test_many_programs_may_open_a_new_database_at_once(url):
    """All are held at the door until each is there."""
    code = "import sys; from db.session import open_database; open_database(sys.argv[1]).dispose()"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    admin = open_admin(url)
    with admin.connect() as door:
        door.execute(text("SELECT pg_advisory_lock(:n)"), {"n": MIGRATION_LOCK})
        programs = [
            subprocess.Popen([sys.executable, "-c", code, url], env=environment) for _ in range(4)
        ]
        deadline_s = time.monotonic() + 30
        waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        while door.scalar(waiting) < len(programs):
            assert time.monotonic() < deadline_s, "nobody waits for the lock"
            time.sleep(0.02)
        door.execute(text("SELECT pg_advisory_unlock(:n)"), {"n": MIGRATION_LOCK})
        assert [program.wait(60) for program in programs] == [0, 0, 0, 0]
    admin.dispose()


def test_a_wrong_password_is_said_but_not_shown(server):
    with pytest.raises(StoreUnavailable, match="password authentication failed") as caught:
        open_database(address(server, "postgres", "wr0ng"))
    assert "wr0ng" not in str(caught.value)


def test_a_database_that_is_not_there_is_said(server):
    with pytest.raises(StoreUnavailable, match='"nowhere" does not exist'):
        open_database(address(server, "nowhere"))


def test_a_newer_database_is_left_to_newer_code(database, url):
    with database.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreUnavailable, match="written by a newer Modelworth"):
        open_database(url)
