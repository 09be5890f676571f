"""The database: the parent of all tables, and transactions that act for one owner."""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, cast

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Executable, MetaData, Row, Table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session

from assistant.config import Settings
from assistant.database_failures import cause_of

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


Call = Callable[[], object]


@dataclass
class _Unit:
    """A unit of work that is open: its transaction, and what waits for how it ends."""

    connection: Connection
    owner: str
    broken: BaseException | None = None
    if_committed: list[Call] = field(default_factory=list)
    if_rolled_back: list[Call] = field(default_factory=list)

    def act_for(self, owner: str) -> None:
        """See the rows of `owner` from now on."""
        if owner != self.owner:
            self.connection.exec_driver_sql(_ACT_AS, (owner,))
            self.owner = owner


# Each thread and each greenlet has its own.
_open_unit: ContextVar[_Unit | None] = ContextVar("open_unit", default=None)


@contextmanager
def _alone(owner: uuid.UUID | str) -> Iterator[Session]:
    session = _begin_on_a_live_connection(owner)
    try:
        yield session
        session.commit()
    finally:
        session.close()


@contextmanager
def _joined(unit: _Unit, owner: str) -> Iterator[Session]:
    """Open a session of its own in the transaction of the unit; its commit is only a flush."""
    before = unit.owner
    try:
        unit.act_for(owner)
        with Session(
            unit.connection, expire_on_commit=False, join_transaction_mode="rollback_only"
        ) as session:
            yield session
            session.commit()
        unit.act_for(before)
    except BaseException as error:
        unit.broken = error
        raise


@contextmanager
def transaction(owner: uuid.UUID | str) -> Iterator[Session]:
    """Run one unit of work for `owner` (or `SYSTEM`, which sees all rows), and commit it.

    Row-level security reads the owner, so a forgotten filter shows nothing of anybody else.
    Raises `Unavailable` if the database is away, or says that it is full, read-only or the like;
    in the first case a commit may or may not have happened.
    Inside a `unit_of_work` it is a part of that, which commits.
    """
    unit = _open_unit.get()
    with (
        _telling_when_away(),
        _alone(owner) if unit is None else _joined(unit, str(owner)) as session,
    ):
        yield session


@contextmanager
def _telling_when_away() -> Iterator[None]:
    try:
        yield
    except (DBAPIError, PoolTimeout) as error:
        cause = cause_of(error)
        if cause is None:
            raise
        raise cause.error() from error


def run_alone(owner: uuid.UUID | str, statement: Executable, values: Mapping[str, Any]) -> Row[Any]:
    """Run a statement as `rows_alone` does, and return its only row.

    It is told by `again` whether it may have been run before.
    """
    (row,) = rows_alone(owner, statement, values, told=True)
    return row


def rows_alone(
    owner: uuid.UUID | str,
    statement: Executable,
    values: Mapping[str, Any],
    *,
    told: bool = False,
) -> Sequence[Row[Any]]:
    """Run a statement that is a whole unit of work, in one round trip, and return its rows.

    Nobody who is stopped in the middle keeps a lock, since the server ends it alone. Inside a
    `unit_of_work` it is a part of that. It has to act for its owner by itself, and to be right
    twice: where an answer was lost with the connection, it is run once more, and if it is to be
    `told`, it finds that in `again`. Raises `Unavailable` as `transaction` does.
    """
    again = False

    def known() -> dict[str, Any]:
        return {**values, "again": again} if told else dict(values)

    with _telling_when_away():
        if _open_unit.get() is None:
            try:
                # To an engine in this mode each statement is a transaction.
                with db.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as alone:
                    return alone.execute(statement, known()).all()
            except DBAPIError as error:
                again = error.connection_invalidated
                if not again:
                    raise
        with transaction(owner) as session:
            return session.connection().execute(statement, known()).all()


@contextmanager
def unit_of_work(owner: uuid.UUID | str) -> Iterator[Session]:
    """Make every `transaction` inside a part of one, so that all of it is committed or nothing.

    What fails inside has to leave it: a part that failed is never committed with the rest.
    """
    assert _open_unit.get() is None, "a unit of work is open already"
    with transaction(owner) as session:
        unit = _Unit(session.connection(), str(owner))
        token = _open_unit.set(unit)
        try:
            yield session
            if unit.broken is not None:
                raise RuntimeError("a part of a unit of work failed unseen") from unit.broken
        except BaseException:
            for call in unit.if_rolled_back:
                call()
            raise
        finally:
            _open_unit.reset(token)
    for call in unit.if_committed:
        call()


def when_committed(call: Call) -> None:
    """Do something once the open unit of work is committed, or now if there is none."""
    unit = _open_unit.get()
    if unit is None:
        call()
    else:
        unit.if_committed.append(call)


def when_rolled_back(call: Call) -> None:
    """Do something if the open unit of work fails before its commit; without one, never."""
    # A commit that got no answer may have happened, so then nothing is done.
    unit = _open_unit.get()
    if unit is not None:
        unit.if_rolled_back.append(call)
