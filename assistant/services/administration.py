"""Users as administrators see and change them."""

import uuid
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from assistant.adapters.passwords import hash_password
from assistant.database import SYSTEM, transaction
from assistant.errors import Conflict, NotFound
from assistant.models import Job, JobKind, Role, User
from assistant.models import Session as SignIn
from assistant.models.job import TERMINAL
from assistant.services import callers, sessions, users


def get(user_id: uuid.UUID) -> User:
    """Return a user; raises `NotFound`."""
    with transaction(SYSTEM) as session:
        return find(session, user_id)


def find(session: Session, user_id: uuid.UUID, *, lock: bool = False) -> User:
    """Return a user who is not deleted, within a transaction; raises `NotFound`."""
    query = select(User).where(User.id == user_id, User.deleted_at.is_(None))
    # Not the strongest lock: that would keep workers from writing rows of this owner.
    user = session.scalar(query.with_for_update(key_share=True) if lock else query)
    if user is None:
        raise NotFound("There is no user with this id.")
    return user


def update(admin_id: uuid.UUID, user_id: uuid.UUID, values: dict[str, Any]) -> User:
    """Change what is given; a new password and being disabled end every session."""
    if admin_id == user_id and {"email", "password"} & values.keys():
        raise Conflict("Change your own e-mail address and password at /users/me.")
    password = values.pop("password", None)
    new_hash = hash_password(password) if password is not None else None
    try:
        with transaction(SYSTEM) as session:
            user = _change(session, user_id, values, new_hash)
            shut_out = new_hash is not None or not user.is_active
            ended = sessions.end_all(session, user_id) if shut_out else []
            others = select(SignIn.id).where(
                SignIn.owner_id == user_id, SignIn.revoked_at.is_(None)
            )
            known = list(session.scalars(others))
    except IntegrityError as error:
        raise users.taken(error) from None
    callers.forget(ended)
    callers.read_anew(known)
    return user


def _change(
    session: Session, user_id: uuid.UUID, values: dict[str, Any], new_hash: str | None
) -> User:
    if values.get("role", Role.ADMIN) != Role.ADMIN or values.get("is_active") is False:
        keep_an_administrator(session, user_id)
    user = find(session, user_id, lock=True)
    if is_leaving(session, user_id):
        raise Conflict("This user is being deleted.")
    for name, value in values.items():
        setattr(user, name, value)
    if new_hash is not None:
        user.password_hash = new_hash
    session.flush()
    session.refresh(user)
    return user


def keep_an_administrator(session: Session, user_id: uuid.UUID) -> None:
    """Raise `Conflict` if without this user nobody were left to administer.

    All administrators are locked, always in one order, so that two cannot remove each other.
    """
    query = select(User.id).where(User.role == Role.ADMIN, User.is_active)
    admins = session.scalars(query.order_by(User.id).with_for_update(key_share=True)).all()
    if list(admins) == [user_id]:
        raise Conflict("This is the last active administrator. Make somebody else one first.")


def is_leaving(session: Session, user_id: uuid.UUID) -> bool:
    """Return whether a job that deletes this user is open."""
    query = select(func.count()).where(
        Job.sequence_key == user_id, Job.kind == JobKind.DELETE_USER, Job.state.not_in(TERMINAL)
    )
    return bool(session.scalar(query))
