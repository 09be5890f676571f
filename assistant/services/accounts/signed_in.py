"""Where a user is signed in, and how they end that, here or everywhere."""

import uuid

from sqlalchemy import func, select, update

from assistant.database import transaction
from assistant.errors import NotFound
from assistant.models import Action, Session
from assistant.services import audit
from assistant.services.accounts import session_cache, sessions
from assistant.services.paging import Page, page_of

_ALIVE = (Session.revoked_at.is_(None), Session.expires_at > func.now())


def list_(user_id: uuid.UUID, page: Page) -> list[Session]:
    """Return the sessions of a user that go on, newest first."""
    mine = select(Session).where(Session.owner_id == user_id, *_ALIVE)
    with transaction(user_id) as session:
        return page_of(session, mine, Session, page)


def end(user_id: uuid.UUID, session_id: uuid.UUID) -> None:
    """End one of a user's sessions; raises `NotFound`."""
    one = update(Session).where(Session.id == session_id, Session.owner_id == user_id, *_ALIVE)
    with transaction(user_id) as session:
        ended = session.scalar(one.values(revoked_at=func.now()).returning(Session.id))
        if ended is None:
            raise NotFound("There is no such session, or it has ended. GET /sessions lists yours.")
        audit.note(session, Action.SIGNED_OUT, user_id, session_id=str(session_id))
    session_cache.forget([session_id])


def end_everywhere(user_id: uuid.UUID) -> int:
    """End all sessions of a user, and return how many that were; keys stay."""
    with transaction(user_id) as session:
        ended = sessions.end_all(session, user_id)
        if ended:
            audit.note(session, Action.SIGNED_OUT, user_id, sessions=len(ended))
    session_cache.forget(ended)
    return len(ended)
