"""PostgreSQL: the server, the schema, the walls between owners, the clock and the sweeper."""

from datetime import UTC, datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from assistant.database import SYSTEM, Model, transaction
from assistant.database_failures import AWAY, cause_behind
from assistant.errors import Unavailable
from assistant.extensions import settings
from assistant.models import Heartbeat
from assistant.services.jobs.heartbeats import SWEEPER, patience
from assistant.services.operations import starting
from assistant.services.operations.doctor.contents import check_contents
from assistant.services.operations.doctor.finding import (
    Finding,
    fail,
    first_line,
    ok,
    place,
    to_start,
    warn,
)
from assistant.services.operations.doctor.rights import check_encoding, check_rights
from assistant.services.operations.doctor.vacuum import check_vacuum
from assistant.services.operations.schema import NEWER, schema_in
from assistant.services.operations.trial_writes import write_database

OLDEST = 15
# Tokens expire by the clock of this machine, jobs by that of the database.
CLOCK_WARNING_SECONDS = 5.0
CLOCK_SECONDS = 60.0


def check_database() -> list[Finding]:
    """Look at the server, then at the schema, the role, the clock, the sweeper and the contents."""
    try:
        with transaction(SYSTEM) as session:
            findings = [_server(session), check_encoding(session), _role(session)]
            findings.append(_clock(session))
        schema = _migrations()
        findings.append(schema)
        if schema.status == "FAIL":
            return findings
        findings.append(_writes())
        with transaction(SYSTEM) as session:
            found = [check_rights(session), _walls(session), _sweeper(session)]
            found += [*check_vacuum(session), *check_contents(session)]
            return [*findings, *found]
    except Unavailable as error:
        return [_unusable(error)]


def _unusable(error: Unavailable) -> Finding:
    """Say why nothing could be asked: nobody answers, or the server says no."""
    cause = cause_behind(error) or AWAY
    orig = getattr(error.__cause__, "orig", None) or error.__cause__
    where = f"at {place(settings.database_url)}: {first_line(orig)}"
    if cause is AWAY:
        what, advice = "does not answer", to_start("DATABASE_URL", settings.model_fields_set)
    else:
        what, advice = cause.brief, cause.advice
    advice = f"{advice} Schema and sweeper were not checked."
    return fail("PostgreSQL", f"It {what} {where}.", advice.strip())


def _writes() -> Finding:
    """Say whether the database takes what is written, apart from whether it can be read."""
    name = "database writes"
    try:
        write_database()
    except Unavailable as error:
        cause = cause_behind(error) or AWAY
        return fail(name, f"The database {cause.brief}.", cause.advice)
    return ok(name, "The database takes what is written.")


def _server(session: Session) -> Finding:
    number = int(session.scalar(text("SHOW server_version_num")) or 0)
    version = session.scalar(text("SHOW server_version"))
    database = session.scalar(text("SELECT current_database()"))
    where = f"{version} at {place(settings.database_url)}, database {database}"
    if number < OLDEST * 10_000:
        return fail("PostgreSQL", f"{where}.", f"Upgrade the server to {OLDEST} or newer.")
    return ok("PostgreSQL", f"{where}.")


def _role(session: Session) -> Finding:
    fault = starting.fault_of_role(session)
    if fault:
        return fail("database role", fault, starting.ADVICE)
    name = session.scalar(text("SELECT current_user"))
    return ok("database role", f"{name} is an ordinary role.")


def _clock(session: Session) -> Finding:
    before = datetime.now(UTC)
    there: datetime | None = session.scalar(select(func.clock_timestamp()))
    assert there is not None
    here = before + (datetime.now(UTC) - before) / 2
    seconds = abs((there - here).total_seconds())
    detail = f"This machine and the database differ by {seconds:.1f} s."
    if seconds > CLOCK_WARNING_SECONDS:
        say = fail if seconds > CLOCK_SECONDS else warn
        return say("clock", detail, "Let both take the time from the network (NTP).")
    return ok("clock", detail)


def _migrations() -> Finding:
    name = "migrations"
    with transaction(SYSTEM) as session:
        schema = schema_in(session)
    if schema.fault:
        return fail(name, schema.fault, schema.advice)
    if schema.is_ahead:
        return warn(name, f"The schema is at {schema.at}, which is newer than this program.", NEWER)
    return ok(name, f"The schema is at {schema.at}.")


def _walls(session: Session) -> Finding:
    owned = [t.name for t in Model.metadata.sorted_tables if "owner_id" in t.c or t.name == "users"]
    query = text("""
        SELECT relname FROM pg_class
        WHERE oid = to_regclass(relname) AND relname = ANY(:tables)
          AND relrowsecurity AND relforcerowsecurity
          AND EXISTS (SELECT FROM pg_policy WHERE polrelid = pg_class.oid)
    """)
    open_tables = sorted(set(owned) - set(session.scalars(query, {"tables": owned})))
    if open_tables:
        return fail(
            "row-level security",
            f"It is not forced on {', '.join(open_tables)}.",
            "Run for each: ALTER TABLE … ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; and "
            "find out who changed it.",
        )
    return ok("row-level security", f"It is forced on all {len(owned)} owned tables.")


def _sweeper(session: Session) -> Finding:
    age = func.extract("epoch", func.now() - Heartbeat.seen_at)
    seconds = session.scalar(select(age).where(Heartbeat.name == SWEEPER))
    start = "Start the process `sweeper` of the Procfile: flask sweep"
    if seconds is None:
        return fail("sweeper", "It has never run; without it, lost jobs do not end.", start)
    if seconds > patience():
        detail = f"Its last round was {seconds:.0f} s ago; without it, lost jobs do not end."
        return fail("sweeper", detail, start)
    return ok("sweeper", f"Its last round was {max(seconds, 0):.0f} s ago.")
