"""Users: registration and what they may read of themselves."""

import uuid

from sqlalchemy import func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from assistant.adapters.passwords import hash_password
from assistant.database import SYSTEM, transaction
from assistant.errors import Conflict, NotFound
from assistant.models import Role, User
from assistant.services import collections
from assistant.services.paging import Page, page_of


def register(*, username: str, email: str, password: str, role: Role = Role.USER) -> User:
    """Create a user with a default collection; raises `Conflict` if name or e-mail is taken."""
    user = User(
        id=uuid7(),
        username=username,
        email=email,
        password_hash=hash_password(password),
        role=role,
    )
    try:
        with transaction(user.id) as session:
            session.add(user)
            session.flush()
            session.add(collections.default_for(user.id))
    except IntegrityError as error:
        raise taken(error) from None
    return user


def taken(error: IntegrityError) -> Conflict:
    """Return what to say of a name or an e-mail address that somebody has already."""
    what = "e-mail address" if "uq_users_email" in str(error.orig) else "username"
    return Conflict(f"This {what} is taken. Choose another one, or sign in.")


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
