"""Whether the tables in the database are those that this release works on.

A release needs every migration that came with it. A database that is ahead serves it all the same,
since a migration leaves the release before at work, unless it has written down that it does not.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from alembic.script import ScriptDirectory
from sqlalchemy import select, text
from sqlalchemy.orm import Session

import assistant
from assistant.database import SYSTEM, transaction
from assistant.errors import Unavailable
from assistant.models import Installation

MIGRATIONS = Path(assistant.__file__).parents[1] / "migrations"
UPGRADE = "Run: flask db upgrade"
NEWER = "Bring the program up to date too."
# Alembic looks through the whole catalogue for its table.
_HAS_VERSIONS = text("SELECT to_regclass('alembic_version') IS NOT NULL")
_HAS_INSTALLATION = text("SELECT to_regclass('installation') IS NOT NULL")
_VERSIONS = text("SELECT version_num FROM alembic_version")


@dataclass(frozen=True, slots=True)
class Schema:
    """How the database stands to this program; `fault` says why it must not run, if so."""

    at: str
    fault: str = ""
    advice: str = ""
    is_ahead: bool = False


@cache
def _known() -> tuple[str, frozenset[str]]:
    """Return the revision that this program needs, and all that it knows."""
    script = ScriptDirectory(str(MIGRATIONS))
    known = frozenset(revision.revision for revision in script.walk_revisions())
    return script.get_current_head() or "", known


def schema_in(session: Session) -> Schema:
    """Look which migrations the database has had."""
    needed, known = _known()
    present = session.scalars(_VERSIONS).all() if session.scalar(_HAS_VERSIONS) else []
    at = ", ".join(sorted(present))
    if not present:
        return Schema(at, "The database has no schema yet.", UPGRADE)
    if set(present) == {needed}:
        return Schema(at)
    if set(present) <= known:
        return Schema(at, f"The schema is at {at}, not at {needed}.", UPGRADE)
    oldest = _oldest_release(session)
    if _numbers(oldest) > _numbers(assistant.__version__):
        what = f"The schema is at {at}, on which no release before {oldest} may run"
        return Schema(at, f"{what}; this one is {assistant.__version__}.", NEWER, is_ahead=True)
    return Schema(at, is_ahead=True)


def _oldest_release(session: Session) -> str:
    """Return which release may run at the earliest; a database of something else does not say."""
    if not session.scalar(_HAS_INSTALLATION):
        return "0"
    return session.scalar(select(Installation.oldest_release)) or "0"


def _numbers(release: str) -> list[int]:
    return [int(part) for part in release.split(".") if part.isdigit()]


def demand() -> None:
    """Raise `SystemExit` in words if this program must not run on the schema as it is.

    A database that is away says nothing of its schema; readiness looks again when it is back.
    """
    try:
        with transaction(SYSTEM) as session:
            found = schema_in(session)
    except Unavailable:
        return
    if found.fault:
        raise SystemExit(f"{found.fault} {found.advice}")
