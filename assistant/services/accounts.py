"""Users as administrators change them: role, access, password."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session as Transaction

from assistant.adapters.passwords import hash_password
from assistant.database import SYSTEM, transaction
from assistant.errors import NotFound
from assistant.models import Conversation, Document, Job, JobState, Role, Session, User
from assistant.services import callers, sessions


def set_role(user_id: uuid.UUID, role: Role) -> User:
    """Make somebody an administrator or an ordinary user, from the next request on."""
    with transaction(SYSTEM) as session:
        user = _find(session, user_id)
        user.role = role
        session.flush()
        session.refresh(user)
        alive = session.scalars(_alive(user_id)).all()
    callers.read_anew(list(alive))
    return user


def disable(user_id: uuid.UUID) -> User:
    """Shut somebody out: every session ends at once, and signing in is refused."""
    with transaction(SYSTEM) as session:
        user = _find(session, user_id)
        user.is_active = False
        session.flush()
        session.refresh(user)
        ended = sessions.end_all(session, user_id)
    callers.forget(ended)
    return user


def enable(user_id: uuid.UUID) -> User:
    """Let somebody sign in again."""
    with transaction(SYSTEM) as session:
        user = _find(session, user_id)
        user.is_active = True
        session.flush()
        session.refresh(user)
    return user


def reset_password(user_id: uuid.UUID, password: str) -> int:
    """Give somebody a new password and end all their sessions; return how many ended."""
    new_hash = hash_password(password)
    with transaction(SYSTEM) as session:
        _find(session, user_id).password_hash = new_hash
        ended = sessions.end_all(session, user_id)
    callers.forget(ended)
    return len(ended)


def figures(user_id: uuid.UUID) -> dict[str, Any]:
    """Return how much a user has, and when one of their sessions was last used."""
    mine = {model: model.owner_id == user_id for model in (Conversation, Document, Job)}
    is_open = Job.state.in_((JobState.QUEUED, JobState.RUNNING))
    with transaction(SYSTEM) as session:
        last_used: datetime | None = session.scalar(
            select(func.max(Session.last_used_at)).where(Session.owner_id == user_id)
        )
        return {
            "sessions": len(session.scalars(_alive(user_id)).all()),
            "last_used_at": last_used.isoformat() if last_used else None,
            "conversations": _count(session, Conversation, mine[Conversation]),
            "documents": _count(session, Document, mine[Document]),
            "storage_bytes": int(
                session.scalar(select(func.sum(Document.size)).where(mine[Document])) or 0
            ),
            "open_jobs": _count(session, Job, mine[Job], is_open),
        }


def _count(session: Transaction, model: Any, *which: Any) -> int:
    return session.scalar(select(func.count()).select_from(model).where(*which)) or 0


def _alive(user_id: uuid.UUID) -> Any:
    return select(Session.id).where(
        Session.owner_id == user_id,
        Session.revoked_at.is_(None),
        Session.expires_at > func.now(),
    )


def _find(session: Transaction, user_id: uuid.UUID) -> User:
    user = session.get(User, user_id, with_for_update=True)
    if user is None:
        raise NotFound("There is no user with this id.")
    return user
