"""Rows that refer to rows of another owner, from before foreign keys named the owner."""

from typing import Any

from sqlalchemy import ForeignKeyConstraint, Row, Select, Table, and_, exists, select, text
from sqlalchemy.orm import Session

from assistant.database import SYSTEM, Model, transaction
from assistant.errors import Unavailable
from assistant.services.operations.doctor.finding import Finding, ok, warn

NAME = "references"
MOST_ROWS = 5
_KEYS = text("""
SELECT conname, convalidated FROM pg_constraint
WHERE contype = 'f' AND connamespace = current_schema()::regnamespace
""")


def check_references() -> list[Finding]:
    """Name the rows that keep a foreign key from holding for all.

    A check of its own, since it may have to look through all chunks.
    """
    try:
        with transaction(SYSTEM) as session:
            return examine_references(session)
    except Unavailable:
        # That PostgreSQL is away is told by another check.
        return []


def examine_references(session: Session) -> list[Finding]:
    """Do so in this session; migrations have looked through what was there, where they are done."""
    holds: dict[object, bool] = {row.conname: row.convalidated for row in session.execute(_KEYS)}
    keys = [key for table in Model.metadata.sorted_tables for key in table.foreign_key_constraints]
    if any(key.name not in holds for key in keys):
        return []
    told = [_told(session, key) for key in keys if not holds[key.name]]
    return told or [ok(NAME, "Rows refer to rows of their own owner only.")]


def _told(session: Session, key: ForeignKeyConstraint) -> Finding:
    table = key.table
    found = session.execute(_misfits(key)).all()
    again = f"as the role that owns the table: ALTER TABLE {table} VALIDATE CONSTRAINT {key.name}"
    if not found:
        return warn(NAME, f"{key.name} was not looked through to its end.", f"Do it {again}")
    named = "; ".join(_named(table, row) for row in found[:MOST_ROWS])
    more = "; and more" if len(found) > MOST_ROWS else ""
    return warn(
        NAME,
        f"Rows of {table} name rows of {key.referred_table} that are not their owner's: "
        f"{named}{more}.",
        f"Nothing was changed. Find out whose they are, correct or delete them, and then, {again}",
    )


def _misfits(key: ForeignKeyConstraint) -> Select[Any]:
    """Return the statement that finds the rows that have no row to refer to."""
    there = key.referred_table.alias("there")
    fits = [part.parent == there.c[part.column.name] for part in key.elements]
    refers = [part.parent.is_not(None) for part in key.elements]
    return (
        select(*key.table.primary_key)
        .where(*refers, ~exists().where(and_(*fits)))
        .order_by(*key.table.primary_key)
        .limit(MOST_ROWS + 1)
    )


def _named(table: Table, row: Row[Any]) -> str:
    pairs = zip(table.primary_key, row, strict=True)
    return ", ".join(f"{column.name} {value}" for column, value in pairs)
