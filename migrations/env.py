"""How Alembic reaches the database: as the role of DATABASE_ADMIN_URL, one process at a time."""

import logging
import time

from alembic import context
from flask import current_app
from sqlalchemy import Connection, Engine, NullPool, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError

import assistant.models  # noqa: F401  # the tables must be known before they are compared
from assistant.config import Settings
from assistant.database import Model
from assistant.database_failures import cause_of
from assistant.services.operations.doctor.finding import first_line, place, to_start
from assistant.services.operations.doctor.rights import UTF8

# Two deployments that migrate at once take turns; the number only has to be ours.
MIGRATION_LOCK = 7_203_115

# A statement that waits for a table, behind a backup for example, holds up everybody who comes
# after it. So it waits for this long only, and the migration is tried again after each pause.
# Accepting a job takes a second at most, also while a migration waits.
LOCK_SECONDS = 0.8
PAUSES = (1, 2, 2, 5, 5, 10, 10, 20, 20, 40, 60)
# Whoever was chosen to give way in a deadlock may try again, too.
IN_USE = ("55P03", "40P01")
INSUFFICIENT_PRIVILEGE = "42501"

# How long a process waits for its turn, and between two looks. A migration may take long where an
# index is built beside the work.
TURN_SECONDS = 3600.0
TURN_PAUSE = 0.5

logger = logging.getLogger("alembic.env")

# What the application's role needs where another role owns the tables, now and after the next
# migration, and nothing more: it cannot change the schema, nor say which version it has.
GRANTS = """
GRANT USAGE ON SCHEMA {schema} TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role};
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO {role};
"""
# Before anything is made: what the release before writes may reach a new table by a trigger while
# the migration still runs.
GRANTS_TO_COME = """
ALTER DEFAULT PRIVILEGES IN SCHEMA {schema}
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role};
ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT EXECUTE ON FUNCTIONS TO {role};
"""
KEEP_VERSION = "REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {role}"


def run_migrations() -> None:
    """Upgrade or downgrade, each migration in a transaction of its own.

    So one can go on outside of it with what must hold no lock for long. Turns are taken by
    connection, then, and not by transaction.
    """
    settings: Settings = current_app.extensions["settings"]
    # Without a pool, a turn ends with its connection, whatever happens.
    engine = create_engine(
        settings.admin_url, connect_args={"connect_timeout": 5}, poolclass=NullPool
    )
    with connect(engine, settings) as connection:
        take_turn(connection)
        with connection.begin():
            connection.execute(text("SELECT set_config('assistant.owner', 'system', false)"))
            role = application_role(connection, settings)
            demand_room_for_tables(connection)
        for pause in PAUSES:
            if migrate(connection, role):
                return
            logger.warning("the tables are in use: the migration is tried again in %d s", pause)
            time.sleep(pause)
        if not migrate(connection, role):
            raise SystemExit(
                f"The migration was tried {len(PAUSES) + 1} times, and each time somebody used the "
                "tables, such as a backup. It was given up so that nobody else has to wait. What "
                "was migrated stays so. Run it again when the backup has ended: flask db upgrade"
            )


def take_turn(connection: Connection) -> None:
    """Wait until no other process migrates; raise `SystemExit` if that takes too long.

    By short looks: a statement that waits would be waited for by whoever builds an index beside the
    work, and that one is who has the turn.
    """
    give_up = time.monotonic() + TURN_SECONDS
    look, told = text("SELECT pg_try_advisory_lock(:key)"), False
    while True:
        with connection.begin():
            if connection.scalar(look, {"key": MIGRATION_LOCK}):
                return
        if time.monotonic() > give_up:
            raise SystemExit(
                f"Another process has migrated this database for {TURN_SECONDS / 60:.0f} minutes, "
                "and has not ended; nothing was changed by this one. Look what it waits for "
                "(SELECT * FROM pg_stat_activity), and then run it again: flask db upgrade"
            )
        if not told:
            logger.warning("another process migrates this database: waiting until it has ended")
            told = True
        time.sleep(TURN_PAUSE)


def migrate(connection: Connection, role: str) -> bool:
    """Do what is left of the migrations; return whether no lock was in the way for too long."""
    with connection.begin():
        connection.exec_driver_sql(f"SET lock_timeout = {LOCK_SECONDS * 1000:.0f}")
    context.configure(
        connection=connection, target_metadata=Model.metadata, transaction_per_migration=True
    )
    try:
        let_in(connection, role, GRANTS_TO_COME)
        connection.commit()
        with context.begin_transaction():
            context.run_migrations()
        let_in(connection, role, GRANTS)
    except DBAPIError as error:
        state, cause = getattr(error.orig, "pgcode", None), cause_of(error)
        connection.rollback()
        if state in IN_USE:
            return False
        if state == INSUFFICIENT_PRIVILEGE:
            raise SystemExit(lacking_rights(connection, first_line(error.orig))) from None
        if cause is not None and cause.advice:
            raise SystemExit(f"The database {cause.brief}. {cause.advice}") from None
        raise
    # With nothing to migrate, looking for it has begun the transaction already.
    connection.commit()
    return True


def connect(engine: Engine, settings: Settings) -> Connection:
    """Reach the database; raise `SystemExit` in one sentence if that does not work."""
    try:
        return engine.connect()
    except OperationalError as error:
        variable = "DATABASE_ADMIN_URL" if settings.database_admin_url else "DATABASE_URL"
        start = to_start(variable, settings.model_fields_set)
        raise SystemExit(
            f"The database at {place(settings.admin_url)} cannot be reached "
            f"({first_line(error.orig)}). {start}"
        ) from None


def application_role(connection: Connection, settings: Settings) -> str:
    """Return the role that the application connects as; raise `SystemExit` if it cannot be used."""
    if settings.database_admin_url is None:
        role: str | None = connection.scalar(text("SELECT current_user"))
    else:
        role = make_url(settings.database_url).username
    if not role:
        raise SystemExit(
            "DATABASE_URL names no role, so nothing can be granted to it. Write it as "
            "postgresql://role:password@host/database."
        )
    unbound = connection.scalar(
        text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = :role"), {"role": role}
    )
    if unbound is None:
        raise SystemExit(f"DATABASE_URL names the role {role}, which this server does not have.")
    if unbound:
        raise SystemExit(
            f"The role {role} of DATABASE_URL is a superuser or has BYPASSRLS, and would see "
            "through the walls between owners. Create an ordinary role for DATABASE_URL; a "
            "superuser may migrate, as DATABASE_ADMIN_URL."
        )
    return role


def demand_room_for_tables(connection: Connection) -> None:
    """Raise `SystemExit` where no table is yet and none should or may be made."""
    if connection.scalar(text("SELECT to_regclass('alembic_version')")) is not None:
        return
    encoding = connection.scalar(text("SELECT current_setting('server_encoding')"))
    database = connection.scalar(text("SELECT current_database()"))
    if encoding != UTF8:
        raise SystemExit(
            f"The database {database} is in {encoding}, and could not keep every text. Make one in "
            f"UTF-8: createdb --template=template0 --encoding=UTF8 --owner=ROLE NAME"
        )
    may = "SELECT has_schema_privilege(current_schema(), 'CREATE')"
    if not connection.scalar(text(may)):
        raise SystemExit(lacking_rights(connection, "it may not make tables"))


def lacking_rights(connection: Connection, what: str) -> str:
    """Say that the role which migrates lacks a right, and which statement gives it.

    From PostgreSQL 15 on nobody but the owner of a database may make tables in its `public`.
    """
    role, schema, database = connection.execute(
        text("SELECT current_user, coalesce(current_schema(), 'public'), current_database()")
    ).one()
    quote = connection.dialect.identifier_preparer.quote
    return (
        f"The role {role} lacks a right in the database {database} ({what}). As a superuser, run "
        f"there: GRANT USAGE, CREATE ON SCHEMA {quote(schema)} TO {quote(role)}; tables that "
        "another role made have to belong to it, too."
    )


def let_in(connection: Connection, role: str, grants: str) -> None:
    """Let the application's role work on tables that another role owns."""
    if role == connection.scalar(text("SELECT current_user")):
        return
    quote = connection.dialect.identifier_preparer.quote
    schema: str = connection.scalar(text("SELECT current_schema()")) or "public"
    names = {"role": quote(role), "schema": quote(schema)}
    connection.exec_driver_sql(grants.format(**names))
    if connection.scalar(text("SELECT to_regclass('alembic_version')")) is not None:
        connection.exec_driver_sql(KEEP_VERSION.format(**names))


run_migrations()
