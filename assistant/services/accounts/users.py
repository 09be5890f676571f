"""Users: registration and what they may read of themselves."""

import uuid

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from assistant.adapters.passwords import hash_password
from assistant.database import SYSTEM, transaction
from assistant.errors import Conflict, NotFound
from assistant.models import Role, User
from assistant.services.documents import collections
from assistant.services.paging import Page, page_of


def register(*, username: str, email: str, password: str, role: Role = Role.USER) -> User:
    """Create a user with a default collection; raises `Conflict` if name or e-mail is taken."""
    user_id = uuid7()
    values = {
        "id": user_id,
        "username": username,
        "email": email,
        "password_hash": hash_password(password),
        "role": role,
    }
    # A violated index would be an error, and PostgreSQL may log failed statements with the hash.
    new = insert(User).values(values).on_conflict_do_nothing().returning(User)
    with transaction(user_id) as session:
        user = session.scalar(new)
        if user is not None:
            session.add(collections.default_for(user_id))
    if user is None:
        raise _taken(email=_has_a_user(email))
    return user


def _has_a_user(email: str) -> bool:
    with transaction(SYSTEM) as session:
        found = select(User.id).where(func.lower(User.email) == func.lower(email))
        return session.scalar(found) is not None


def taken(error: IntegrityError) -> Conflict:
    """Return what to say of a name or an e-mail address that somebody has already."""
    return _taken(email="uq_users_email" in str(error.orig))


def _taken(*, email: bool) -> Conflict:
    what = "e-mail address" if email else "username"
    return Conflict(f"This {what} is taken. Choose another one.")


def get(user_id: uuid.UUID) -> User:
    """Return a user; raises `NotFound`."""
    with transaction(user_id) as session:
        user = session.get(User, user_id)
    if user is None:
        raise NotFound("There is no user with this id.")
    return user


def find_by_name(session: Session, username: str) -> User | None:
    """Return the user with this name or e-mail address, in any case, within a transaction."""
    wanted = func.lower(username)
    return session.scalar(
        select(User).where(
            (func.lower(User.username) == wanted) | (func.lower(User.email) == wanted)
        )
    )


def list_all(page: Page, query: str | None = None) -> list[User]:
    """Return all users, newest first; with `query`, those whose name or e-mail contains it."""
    wanted = select(User).where(User.deleted_at.is_(None))
    if query:
        contains = [c.icontains(query, autoescape=True) for c in (User.username, User.email)]
        wanted = wanted.where(or_(*contains))
    with transaction(SYSTEM) as session:
        return page_of(session, wanted, User, page)


def look_up(name: str) -> User:
    """Return the user with this id, name or e-mail address; raises `NotFound`."""
    with transaction(SYSTEM) as session:
        user = find_by_name(session, name)
        if user is None and (user_id := _as_id(name)):
            user = session.get(User, user_id)
    if user is None or user.deleted_at is not None:
        raise NotFound(f"There is no user {name!r}.")
    return user


def _as_id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
