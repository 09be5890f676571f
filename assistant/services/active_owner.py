"""Owners who stay: nothing new may come to belong to a user who is being deleted."""

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from assistant.errors import InvalidCredentials
from assistant.models import User


def demand_active(session: Session, owner_id: uuid.UUID) -> None:
    """Keep the owner from being deleted before the transaction ends; raises `InvalidCredentials`.

    A request may have been let in before that: its process was frozen, or Redis was away when the
    session ended and still has a copy of it.
    """
    owner = select(User.id).where(User.id == owner_id, User.is_active).with_for_update(read=True)
    if session.scalar(owner) is None:
        raise gone()


def gone() -> InvalidCredentials:
    """Return what to say to whoever is not there any more."""
    return InvalidCredentials("This account is closed. Sign in with another one.")
