"""Alembic's way in: `db.session` hands over its connection; `alembic` in a shell opens one."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection

from db.session import database_engine
from db.tables import Base, UtcDateTime


def rendered(kind: str, item: Any, _: AutogenContext) -> str | Literal[False]:
    """A migration names SQLAlchemy's types only, so that it outlives the classes of today."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def migrate(connection: Connection) -> None:
    """Run what the command asked for, in one transaction."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        render_item=rendered,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def migrate_from_shell() -> None:
    """The same on the database that DATABASE_URL names."""
    engine = database_engine()
    with engine.connect() as connection:
        migrate(connection)
    engine.dispose()


if context.is_offline_mode():
    context.configure(url=database_engine().url, target_metadata=Base.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
elif (given := context.config.attributes.get("connection")) is not None:
    migrate(given)
else:
    migrate_from_shell()
