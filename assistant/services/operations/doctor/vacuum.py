"""What keeps PostgreSQL from clearing dead rows away: old transactions, slots and standbys."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from assistant.services.operations.doctor.finding import Finding, warn

# Work of ours takes seconds. After this long, what each job leaves behind begins to cost others.
SECONDS = 300
# A slot or a standby that is so many transactions behind.
TRANSACTIONS = 50_000

# Of sessions of other roles an ordinary role sees nothing, unless it may read all statistics.
_SESSIONS = text("""
SELECT pid, usename AS role, coalesce(nullif(application_name, ''), 'no name') AS name,
    coalesce(state, 'unknown') AS state, extract(epoch FROM now() - xact_start) AS seconds
FROM pg_stat_activity
WHERE datname = current_database() AND xact_start IS NOT NULL
  AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL)
ORDER BY xact_start LIMIT 1
""")
_PREPARED = text("""
SELECT gid, extract(epoch FROM now() - prepared) AS seconds FROM pg_prepared_xacts
WHERE database = current_database() ORDER BY prepared LIMIT 1
""")
_SLOTS = text("""
SELECT slot_name AS name, active, age(xmin) AS transactions FROM pg_replication_slots
WHERE xmin IS NOT NULL ORDER BY age(xmin) DESC LIMIT 1
""")
_STANDBYS = text("""
SELECT application_name AS name, age(backend_xmin) AS transactions FROM pg_stat_replication
WHERE backend_xmin IS NOT NULL ORDER BY age(backend_xmin) DESC LIMIT 1
""")
_LEFT = "Until it ends, each job leaves rows that cannot be cleared away, and all work gets slower."


def check_vacuum(session: Session) -> list[Finding]:
    """Name what has held dead rows for so long that it begins to cost; nothing if nothing has."""
    named = (
        name(row)
        for question, name in _HOLDERS
        for row in session.execute(question)
        if _is_too_far_back(row)
    )
    return [warn("dead rows", what, advice) for what, advice in named]


def _is_too_far_back(row: Any) -> bool:
    held = row._mapping
    seconds, transactions = held.get("seconds", 0), held.get("transactions", 0)
    return bool(seconds > SECONDS or transactions > TRANSACTIONS)


def name_session(row: Any) -> tuple[str, str]:
    """Say of a transaction that is open what is so, and what to do."""
    return (
        f"A transaction of the role {row.role} ({row.name}, {row.state}, process {row.pid}) has "
        f"been open for {_minutes(row.seconds)}. {_LEFT}",
        "If it is a backup, let it end. If nobody needs it any more, end it: "
        f"SELECT pg_terminate_backend({row.pid})",
    )


def name_prepared(row: Any) -> tuple[str, str]:
    """Say of a transaction that was prepared what is so, and what to do."""
    return (
        f"The transaction {row.gid} was prepared {_minutes(row.seconds)} ago and never ended. "
        f"{_LEFT}",
        f"End it, as its owner and in this database: ROLLBACK PREPARED '{row.gid}'",
    )


def name_slot(row: Any) -> tuple[str, str]:
    """Say of a replication slot what is so, and what to do."""
    used = "used" if row.active else "not used by anybody"
    return (
        f"The replication slot {row.name}, which is {used}, is {row.transactions} transactions "
        f"behind. {_LEFT}",
        "Let its standby catch up. If there is none any more, drop it: "
        f"SELECT pg_drop_replication_slot('{row.name}')",
    )


def name_standby(row: Any) -> tuple[str, str]:
    """Say of a standby what is so, and what to do."""
    return (
        f"A query on the standby {row.name} holds a state {row.transactions} transactions old. "
        f"{_LEFT}",
        "End that query, or set hot_standby_feedback = off on the standby.",
    )


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes"


_HOLDERS: tuple[tuple[TextClause, Callable[[Any], tuple[str, str]]], ...] = (
    (_SESSIONS, name_session),
    (_PREPARED, name_prepared),
    (_SLOTS, name_slot),
    (_STANDBYS, name_standby),
)
