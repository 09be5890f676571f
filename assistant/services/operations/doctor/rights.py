"""What the database lets the application's role do, and whether it takes every text."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from assistant.database import Model
from assistant.services.operations.doctor.finding import Finding, fail, ok, warn

NEEDED = "SELECT, INSERT, UPDATE, DELETE"
UTF8 = "UTF8"
# `has_table_privilege` with several of them is true if one is there.
_LACKING = text("""
SELECT name FROM unnest(CAST(:tables AS text[])) AS name
WHERE to_regclass(name) IS NOT NULL AND NOT (
    has_table_privilege(name, 'SELECT') AND has_table_privilege(name, 'INSERT')
    AND has_table_privilege(name, 'UPDATE') AND has_table_privilege(name, 'DELETE'))
ORDER BY name
""")


def check_rights(session: Session) -> Finding:
    """See whether the role may do with every table what the application does."""
    name = "database rights"
    tables = [table.name for table in Model.metadata.sorted_tables]
    lacking = session.scalars(_LACKING, {"tables": tables}).all()
    if not lacking:
        return ok(name, f"The role may read and write all {len(tables)} tables.")
    role, schema = session.execute(text("SELECT current_user, current_schema()")).one()
    return fail(
        name,
        f"{role} may not read and write {', '.join(lacking)}.",
        f'As the owner of the tables: GRANT {NEEDED} ON ALL TABLES IN SCHEMA "{schema}" '
        f'TO "{role}"; or let the next migration do it: flask db upgrade',
    )


def check_encoding(session: Session) -> Finding:
    """See whether the database takes every character."""
    name, row = "encoding", text("SELECT current_setting('server_encoding'), current_database()")
    encoding, database = session.execute(row).one()
    if encoding == UTF8:
        return ok(name, "The database takes every character (UTF8).")
    return warn(
        name,
        f"The database is in {encoding}, so texts with other characters are refused or garbled.",
        f"{to_utf8(database)} Then let DATABASE_URL name the new one.",
    )


def to_utf8(database: str) -> str:
    """Return the commands that make a copy of a database in UTF-8."""
    new = f"{database}_utf8"
    return (
        "Stop the application, then: "
        f"createdb --template=template0 --encoding=UTF8 --owner=ROLE {new} && "
        f"pg_dump --encoding=UTF8 {database} | psql {new}"
    )
