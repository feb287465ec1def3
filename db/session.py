"""Which database, and how to open it: up to date, safe against power cuts and neighbours."""

from __future__ import annotations

import functools
import json
import os
import sqlite3
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs
from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import StaticPool

from db.troubles import ELSEWHERE, PRIMARY_CODE, StoreUnavailable, one_sentence, place

if TYPE_CHECKING:
    from alembic.config import Config

__all__ = ["StoreUnavailable", "database_engine", "database_url", "known_url", "open_database"]

NEWEST_REVISION = "0001"
"""Kept here so that an up-to-date database opens without importing Alembic."""

BUSY_TIMEOUT_S = 10.0
"""How long a writer waits for another one before it gives up."""

CONNECT_TIMEOUT_S = 10
RETRY_INTERVAL_S = 0.02
MIGRATION_LOCK = 7_266_510_342
"""Any number that other programs on the same PostgreSQL server do not lock by chance."""

NOT_AN_ADDRESS = (
    "DATABASE_URL is not the address of a database. "
    "Write sqlite:////folder/file.db or postgresql://user:password@host/name."
)
"""Does not repeat the address, nor is the error kept that caused it: both may hold a password."""

_write_json = functools.partial(json.dumps, ensure_ascii=False, allow_nan=False)

_migrating = threading.Lock()
"""Alembic keeps its context in module globals: one thread at a time."""


def database_url() -> str:
    """Address of the database: DATABASE_URL, else a file in the user's data folder."""
    chosen = os.environ.get("DATABASE_URL", "").strip()
    if chosen:
        return chosen
    folder = platformdirs.user_data_path("modelworth", appauthor=False)
    return URL.create("sqlite", database=str(folder / "modelworth.db")).render_as_string()


def open_database(url: str | None = None, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Engine:
    """The database, its folder made and its tables brought up to date.

    Raises:
        StoreUnavailable: it cannot be opened, written or understood.
    """
    engine = database_engine(url, busy_timeout_s=busy_timeout_s)
    try:
        with one_sentence(engine.url):
            _bring_up_to_date(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


def database_engine(url: str | None = None, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Engine:
    """The database as it is, nothing read yet.

    Raises:
        StoreUnavailable: the address makes no sense here, or the folder cannot be made.
    """
    known = known_url(database_url() if url is None else url)
    try:
        if known.get_backend_name() == "postgresql":
            return _postgresql_engine(known)
        _make_folder(known)
        return _sqlite_engine(known, busy_timeout_s)
    except ValueError:
        raise StoreUnavailable(NOT_AN_ADDRESS) from None
    except ImportError as error:
        raise StoreUnavailable(
            f"PostgreSQL needs the psycopg driver, which does not load: {error}. "
            "Run pip install 'modelworth[postgres]', or unset DATABASE_URL to use a local file."
        ) from error


def database_revision(connection: Connection) -> str | None:
    """Which migration the tables are at; None for a database without tables of ours."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def alembic_config(connection: Connection) -> Config:
    """Alembic's settings without a file, so that they hold in any folder and once installed."""
    from alembic.config import Config

    # Else Alembic writes to what was the output when it was first imported, which may be closed.
    config = Config(stdout=sys.stdout, attributes={"connection": connection})
    config.set_main_option("script_location", "db:migrations")
    return config


def known_url(address: str) -> URL:
    """The address as SQLAlchemy takes it, PostgreSQL's short names made full.

    Raises:
        StoreUnavailable: no address, or of a kind of database that is not supported.
    """
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        raise StoreUnavailable(NOT_AN_ADDRESS) from None
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in ("sqlite", "sqlite+pysqlite", "postgresql+psycopg"):
        raise StoreUnavailable(
            f"Databases of the kind {url.drivername!r} are not supported. Known: sqlite, "
            "postgresql. Set DATABASE_URL to one of them, or unset it to use a local file."
        )
    return url


def _make_folder(url: URL) -> None:
    if _in_memory(url):
        return
    folder = Path(place(url)).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnavailable(
            f"The folder {folder} for the database cannot be made: {error.strerror}. "
            f"Make it yourself and let this user write there, {ELSEWHERE}."
        ) from error


def _in_memory(url: URL) -> bool:
    return url.database in (None, "", ":memory:")


def _postgresql_engine(url: URL) -> Engine:
    timeout = {} if "connect_timeout" in url.query else {"connect_timeout": CONNECT_TIMEOUT_S}
    return create_engine(url, connect_args=timeout, pool_pre_ping=True, json_serializer=_write_json)


def _sqlite_engine(url: URL, busy_timeout_s: float) -> Engine:
    options: dict[str, Any] = {}
    if _in_memory(url):
        # One connection for all threads: every other one would see another, empty database.
        options = {"poolclass": StaticPool, "connect_args": {"check_same_thread": False}}
    elif "timeout" not in url.query:
        options = {"connect_args": {"timeout": busy_timeout_s}}
    engine = create_engine(url, json_serializer=_write_json, **options)
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    return engine


def _set_up(connection: sqlite3.Connection, _: object) -> None:
    connection.execute("PRAGMA foreign_keys=ON")
    (busy_timeout_ms,) = connection.execute("PRAGMA busy_timeout").fetchone()
    deadline_s = time.monotonic() + busy_timeout_ms / 1_000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
        except sqlite3.OperationalError as error:
            # SQLite does not wait here when two programs meet at a new file.
            busy = error.sqlite_errorcode & PRIMARY_CODE == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() > deadline_s:
                raise
            time.sleep(RETRY_INTERVAL_S)
        else:
            return


def _begin(connection: Connection) -> None:
    # Left to itself, Python begins no transaction before CREATE TABLE.
    alone = connection.get_execution_options().get("alone")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if alone else "BEGIN")


def _bring_up_to_date(engine: Engine) -> None:
    """Migrate under a lock: who comes second finds it done."""
    with engine.connect().execution_options(alone=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": MIGRATION_LOCK})
        revision = database_revision(connection)
        if revision != NEWEST_REVISION:
            with _migrating:
                _migrate(connection, revision)
        if engine.dialect.name == "sqlite":
            # Touches nothing, but fails now on a database that cannot be written.
            connection.execute(text("DELETE FROM alembic_version WHERE 0"))


def _migrate(connection: Connection, revision: str | None) -> None:
    from alembic import command
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    config = alembic_config(connection)
    try:
        ScriptDirectory.from_config(config).get_revision(revision or "base")
    except CommandError as error:
        raise StoreUnavailable(
            f"The database {place(connection.engine.url)} was written by a newer Modelworth "
            f"(revision {revision}; this one knows up to {NEWEST_REVISION}). "
            f"Upgrade Modelworth, {ELSEWHERE}."
        ) from error
    command.upgrade(config, "head")
