"""Who a token belongs to, answered from Redis while PostgreSQL would say the same."""

import json
import uuid
from functools import partial

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.orm import Session as Transaction

from assistant.database import SYSTEM, transaction
from assistant.errors import InvalidCredentials
from assistant.models import Session, User
from assistant.services.accounts import credential_copies
from assistant.services.accounts.caller import Caller
from assistant.services.accounts.credential_copies import REVOKED
from assistant.services.jobs import SharedRead


def authenticate(
    user_id: uuid.UUID, session_id: uuid.UUID, job: SharedRead | None = None
) -> Caller:
    """Return who a token belongs to if its session is alive; raises `InvalidCredentials`.

    The `job` that is asked for is read in the same round trip to Redis.
    """
    copy = credential_copies.known(_key(session_id), partial(_read_session, session_id), job)
    if copy == REVOKED:
        raise InvalidCredentials("This session has ended. Sign in again.")
    known = json.loads(copy)
    if known["user_id"] != str(user_id):
        raise InvalidCredentials("The token is not valid. Sign in again.")
    if (only := known.get("only_job")) and (job is None or only != str(job.job_id)):
        raise InvalidCredentials("This account is deleted. The token reads its last job only.")
    return Caller(user_id, session_id)


def _read_session(session_id: uuid.UUID) -> bytes:
    with transaction(SYSTEM) as session:
        row = session.execute(
            select(User.id, User.role, Session.job_id)
            .join(Session, Session.owner_id == User.id)
            .where(Session.id == session_id, Session.expires_at > func.now())
            .where(
                or_(and_(Session.revoked_at.is_(None), User.is_active), Session.job_id.is_not(None))
            )
        ).one_or_none()
    if row is None:
        return REVOKED
    # The role is for processes of the release before; it counts as PostgreSQL has it.
    known = {"user_id": str(row.id), "role": row.role}
    if row.job_id is not None:
        known["only_job"] = str(row.job_id)
    return json.dumps(known).encode()


def _key(session_id: uuid.UUID) -> str:
    return f"session:{session_id}"


def forget(ended: list[uuid.UUID]) -> None:
    """After the commit: let the tokens of ended sessions be worthless at once."""
    for session_id in ended:
        credential_copies.overwrite(_key(session_id), REVOKED)


def confine(session: Transaction, session_id: uuid.UUID, job_id: uuid.UUID) -> None:
    """Let the tokens of a session read this job and nothing else, though the session has ended."""
    session.execute(update(Session).where(Session.id == session_id).values(job_id=job_id))


def show_confined(session_id: uuid.UUID) -> None:
    """After the commit: let what `confine` wrote count at once."""
    credential_copies.overwrite(_key(session_id), _read_session(session_id))
