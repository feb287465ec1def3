"""Whether the database is sound."""

from sqlalchemy import Connection, Engine

from db.queries import measurements, scenario_history
from db.troubles import one_sentence


def problems(database: Engine) -> list[str]:
    """Everything found wrong; reads every page and every record.

    Raises:
        StoreUnavailable: the database cannot be read.
    """
    found = []
    if database.dialect.name == "sqlite":
        with one_sentence(database.url), database.connect() as connection:
            found = _sqlite_problems(connection)
    if not found:
        measurements(database)
        scenario_history(database)
    return found


def _sqlite_problems(connection: Connection) -> list[str]:
    pages = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
    orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    return [page for page in pages if page != "ok"] + [
        f"row {row} of {table} belongs to a row of {parent} that is not there"
        for table, row, parent, _ in orphans
    ]
