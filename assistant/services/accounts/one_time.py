"""Tokens that work once, and not for long: of each only a hash is kept, until it is used."""

import hashlib
import secrets
import uuid
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from assistant.models import OneTimeToken, Purpose


def issue(
    session: Session, purpose: Purpose, owner_id: uuid.UUID | None, lifetime: timedelta
) -> tuple[OneTimeToken, str]:
    """Make a token within a transaction, and return its row and its text."""
    text = secrets.token_urlsafe(32)
    made = OneTimeToken(
        id=uuid7(),
        owner_id=owner_id,
        purpose=purpose,
        digest=_digest(text),
        expires_at=datetime.now(UTC) + lifetime,
    )
    session.add(made)
    session.flush()
    session.refresh(made)
    return made, text


def is_good(session: Session, purpose: Purpose, text: str) -> bool:
    """Return whether a token would work now, within a transaction of the system."""
    return bool(session.scalar(select(func.count()).where(*_good(purpose, text))))


def redeem(session: Session, purpose: Purpose, text: str) -> OneTimeToken | None:
    """Use a token up within a transaction of the system; None if it does not work (any more)."""
    return session.scalar(delete(OneTimeToken).where(*_good(purpose, text)).returning(OneTimeToken))


def forget(session: Session, purpose: Purpose, owner_id: uuid.UUID) -> None:
    """Let a user's tokens be worthless within a transaction of the system or of the user."""
    theirs = OneTimeToken.owner_id == owner_id
    session.execute(delete(OneTimeToken).where(theirs, OneTimeToken.purpose == purpose))


def _good(purpose: Purpose, text: str) -> tuple[ColumnElement[bool], ...]:
    return (
        OneTimeToken.digest == _digest(text),
        OneTimeToken.purpose == purpose,
        OneTimeToken.expires_at > func.now(),
    )


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
