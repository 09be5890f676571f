"""What a process demands before it works: tables of its release, and walls that hold."""

import logging

from sqlalchemy import text
from sqlalchemy.orm import Session

from assistant import weak_settings
from assistant.database import SYSTEM, transaction
from assistant.errors import Unavailable
from assistant.extensions import settings
from assistant.services.operations import schema

logger = logging.getLogger(__name__)

ADVICE = "Let DATABASE_URL name an ordinary role, and DATABASE_ADMIN_URL the one that migrates."
_ROLE = text("SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")


def demand() -> None:
    """Raise `SystemExit` in words if this process must not work as things are.

    Weak settings, and a role of the database that sees through the walls between owners, are named
    in the log, and refused in production.
    """
    schema.demand()
    weak_settings.demand_strength(settings)
    try:
        with transaction(SYSTEM) as session:
            fault = fault_of_role(session)
    except Unavailable:
        # Readiness looks again at what it can when it is back; `flask doctor` looks at the role.
        return
    if fault and settings.in_production:
        raise SystemExit(f"With ENVIRONMENT=production this does not start: {fault} {ADVICE}")
    if fault:
        logger.warning("weak setting: database role: %s", fault)


def fault_of_role(session: Session) -> str:
    """Say why the walls between owners do not hold for the role at hand; nothing if they do."""
    row = session.execute(_ROLE).one()
    if not row.rolsuper and not row.rolbypassrls:
        return ""
    what = "a superuser" if row.rolsuper else "allowed to bypass row-level security"
    return f"{row.rolname} is {what}: the walls between owners do not hold."
