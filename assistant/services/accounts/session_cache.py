"""Who a token belongs to, answered from Redis while PostgreSQL would say the same."""

import json
import uuid
from typing import cast

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.orm import Session as Transaction

from assistant.database import SYSTEM, transaction
from assistant.errors import InvalidCredentials
from assistant.extensions import cache
from assistant.models import Session, User
from assistant.services.accounts.caller import Caller
from assistant.services.jobs import SharedRead

# For how long Redis may say that a session is alive before PostgreSQL is asked again.
CACHE_SECONDS = 30
REVOKED = b"revoked"


def authenticate(
    user_id: uuid.UUID, session_id: uuid.UUID, job: SharedRead | None = None
) -> Caller:
    """Return who a token belongs to if its session is alive; raises `InvalidCredentials`.

    The `job` that is asked for is read in the same round trip to Redis.
    """
    copy = _read_copy(session_id) if job is None else job.get(_key(session_id))
    if copy is None:
        copy = _read_session(session_id)
        fresh = copy
        cache.ask(lambda client: client.set(_key(session_id), fresh, ex=CACHE_SECONDS, nx=True))
    if copy == REVOKED:
        raise InvalidCredentials("This session has ended. Sign in again.")
    known = json.loads(copy)
    if known["user_id"] != str(user_id):
        raise InvalidCredentials("The token is not valid. Sign in again.")
    if (only := known.get("only_job")) and (job is None or only != str(job.job_id)):
        raise InvalidCredentials("This account is deleted. The token reads its last job only.")
    return Caller(user_id, session_id)


def _read_copy(session_id: uuid.UUID) -> bytes | None:
    return cast("bytes | None", cache.ask(lambda client: client.get(_key(session_id))))


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
        _overwrite(session_id, REVOKED)


def _overwrite(session_id: uuid.UUID, copy: bytes) -> None:
    # Outlives every copy that says otherwise; `authenticate` never overwrites it.
    cache.ask(lambda client: client.set(_key(session_id), copy, ex=2 * CACHE_SECONDS))


def confine(session: Transaction, session_id: uuid.UUID, job_id: uuid.UUID) -> None:
    """Let the tokens of a session read this job and nothing else, though the session has ended."""
    session.execute(update(Session).where(Session.id == session_id).values(job_id=job_id))


def show_confined(session_id: uuid.UUID) -> None:
    """After the commit: let what `confine` wrote count at once."""
    _overwrite(session_id, _read_session(session_id))
