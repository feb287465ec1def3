"""What a database's refusal means to the person who met it, in one sentence."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from engine.records import BadInput, CannotContinue

ELSEWHERE = "or set DATABASE_URL to another place"

SQLITE_SENTENCES = {
    sqlite3.SQLITE_BUSY: (
        "The database {place} is locked by another program. What is stored is safe; "
        "try again, or stop that program first."
    ),
    sqlite3.SQLITE_READONLY: (
        "The database {place} can be read but not written. "
        f"Give this user the right to write it and its folder, {ELSEWHERE}."
    ),
    sqlite3.SQLITE_FULL: (
        "No space is left for the database {place}. What is stored is safe; free some space "
        f"and run again, {ELSEWHERE}."
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "The database {place} cannot be opened. Check that its folder exists and that this user "
        f"may write there, {ELSEWHERE}."
    ),
    sqlite3.SQLITE_NOTADB: (
        "{place} is not an SQLite database. Set DATABASE_URL to one, or to a new file."
    ),
    sqlite3.SQLITE_CORRUPT: (
        "The database {place} is damaged. Keep a copy, save what can be read with "
        f"`modelworth db export`, and move it away, {ELSEWHERE}."
    ),
    sqlite3.SQLITE_IOERR: (
        "Reading or writing the database {place} failed: the disk is full, failing or gone. "
        f"Make it available again, {ELSEWHERE}."
    ),
}
SQLITE_SENTENCES[sqlite3.SQLITE_LOCKED] = SQLITE_SENTENCES[sqlite3.SQLITE_BUSY]
SQLITE_SENTENCES[sqlite3.SQLITE_PERM] = SQLITE_SENTENCES[sqlite3.SQLITE_READONLY]

PRIMARY_CODE = 0xFF
"""SQLite's extended codes hold the primary one in their low byte."""


class StoreUnavailable(CannotContinue):
    """The database cannot be used: which, why, and what to do."""


def place(url: URL) -> str:
    """Where a database is, fit to be shown: no password, nor options that may hold one."""
    if url.get_backend_name() == "sqlite":
        return (url.database or ":memory:").removeprefix("file:").partition("?")[0]
    shown = URL.create(url.get_backend_name(), url.username, None, url.host, url.port, url.database)
    return shown.render_as_string()


@contextmanager
def one_sentence(url: URL) -> Iterator[None]:
    """Turn what the database driver raises inside into a sentence.

    Raises:
        BadInput: a value breaks a rule of the tables.
        StoreUnavailable: the database cannot be read or written.
    """
    try:
        yield
    except (IntegrityError, DataError) as error:
        raise BadInput(f"The database refuses this record: {_first_line(error, url)}.") from error
    except DBAPIError as error:
        raise StoreUnavailable(_sentence(error, url)) from error


def _sentence(error: DBAPIError, url: URL) -> str:
    code = getattr(error.orig, "sqlite_errorcode", None)
    known = None if code is None else SQLITE_SENTENCES.get(code & PRIMARY_CODE)
    if known is not None:
        return known.format(place=place(url))
    if url.get_backend_name() == "sqlite":
        return (
            f"The database {place(url)} cannot be used: {_first_line(error, url)}. "
            f"Move that file away, {ELSEWHERE}."
        )
    return (
        f"The database {place(url)} does not serve us: {_first_line(error, url)}. "
        "Check DATABASE_URL and that the server runs; without DATABASE_URL a local file is used."
    )


def _first_line(error: DBAPIError, url: URL) -> str:
    line = str(error.orig).strip().partition("\n")[0].strip().rstrip(".")
    return line.replace(str(url.password), "***") if url.password else line
