"""The database: the parent of all tables, and transactions that act for one owner."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import MetaData, Table
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session

from assistant.config import Settings
from assistant.errors import Unavailable

SYSTEM = "system"

_ACT_AS = "SELECT set_config('assistant.owner', %s, true)"


class Model(DeclarativeBase):
    """The parent of all tables; constraints have names that migrations can rely on."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def table_of(model: type[Model]) -> Table:
    """Return the table of a model, for statements that need no objects."""
    return cast(Table, model.__table__)


db = SQLAlchemy(metadata=Model.metadata)


def engine_options(settings: Settings) -> dict[str, object]:
    """Return the pool's size and the limits that the database itself keeps on each connection."""
    limits = {
        "statement_timeout": "15s",
        "lock_timeout": "5s",
        "idle_in_transaction_session_timeout": "30s",
        "timezone": "utc",
    }
    return {
        "pool_size": settings.db_pool_size,
        "max_overflow": settings.db_max_overflow,
        "pool_timeout": 5,
        # Parameters hold passwords' hashes and what people wrote; they stay out of our errors and
        # log. Out of the server's own log only `log_min_error_statement` keeps them.
        "hide_parameters": True,
        "pool_use_lifo": True,
        "connect_args": {
            "connect_timeout": 3,
            "options": " ".join(f"-c {name}={value}" for name, value in limits.items()),
            "keepalives_idle": 10,
            "tcp_user_timeout": 15_000,
        },
    }


def _begin(owner: uuid.UUID | str) -> Session:
    """Open a session whose transaction sees the rows of `owner` only."""
    session = Session(db.engine, expire_on_commit=False)
    try:
        session.connection().exec_driver_sql(_ACT_AS, (str(owner),))
    except BaseException:
        session.close()
        raise
    return session


def _begin_on_a_live_connection(owner: uuid.UUID | str) -> Session:
    # The first statement finds out whether a pooled connection has died; nothing is lost by
    # trying again, and no round trip is spent on asking first.
    try:
        return _begin(owner)
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        return _begin(owner)


@contextmanager
def transaction(owner: uuid.UUID | str) -> Iterator[Session]:
    """Run one unit of work for `owner` (or `SYSTEM`, which sees all rows), and commit it.

    Row-level security reads the owner, so a forgotten filter shows nothing of anybody else.
    Raises `Unavailable` if the database is away; then a commit may or may not have happened.
    """
    try:
        session = _begin_on_a_live_connection(owner)
        try:
            yield session
            session.commit()
        finally:
            session.close()
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise Unavailable(
            "The database does not answer. Nothing is known to have been accepted; try again.",
            retry_after=2,
        ) from error
