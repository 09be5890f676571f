"""Users: registration and what they may read of themselves."""

import uuid
from collections.abc import Callable
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from assistant.adapters.passwords import Asker, hash_password
from assistant.database import SYSTEM, transaction
from assistant.errors import NotFound, PermissionDenied
from assistant.models import Action, Role, User
from assistant.names import is_id
from assistant.services import audit
from assistant.services.accounts import names
from assistant.services.documents import collections
from assistant.services.paging import Page, page_of


def with_hash(values: dict[str, Any], address: str | None = None) -> dict[str, Any]:
    """Return what `register` takes of what a user says, with no transaction open: it is slow."""
    password = values["password"]
    known = {name: value for name, value in values.items() if name != "password"}
    return {**known, "password_hash": hash_password(password, Asker(address=address))}


def register(
    *,
    username: str,
    email: str,
    password_hash: str,
    role: Role = Role.USER,
    first: Callable[[Session], None] | None = None,
) -> User:
    """Create a user with a default collection; raises `Conflict`.

    What has to come `first` is done in the same transaction, which is the system's.

    Nobody else has the e-mail address, and no name that is the same or looks it.
    """
    user_id = uuid7()
    names.demand_free_address(email)
    values = {
        "id": user_id,
        **names.taking(username),
        "email": email,
        "password_hash": password_hash,
        "role": role,
    }
    # A violated index would be an error, and PostgreSQL may log failed statements with the hash.
    new = insert(User).values(values).on_conflict_do_nothing().returning(User)
    # Who did it need not be the new user.
    with transaction(SYSTEM) as session:
        if first:
            first(session)
        user = session.scalar(new)
        if user is None:
            raise names.refusal(username, email)
        session.add(collections.default_for(user_id))
        audit.note(session, Action.USER_CREATED, user_id, role=role.value)
    return user


def get(user_id: uuid.UUID) -> User:
    """Return a user; raises `NotFound`."""
    with transaction(user_id) as session:
        user = session.get(User, user_id)
    if user is None:
        raise NotFound("There is no user with this id.")
    return user


def demand_role(user_id: uuid.UUID, role: Role) -> None:
    """Raise `PermissionDenied` unless a user has this role now.

    PostgreSQL is asked each time: a copy elsewhere could outlive the change of a role.
    """
    has_role = select(User.id).where(User.id == user_id, User.role == role, User.is_active)
    with transaction(user_id) as session:
        if session.scalar(has_role) is None:
            raise PermissionDenied("This is for administrators only.")


def list_all(page: Page, query: str | None = None) -> list[User]:
    """Return all users, newest first; with `query`, those whose name or e-mail contains it."""
    wanted = select(User).where(User.is_live)
    if query:
        contains = [c.icontains(query, autoescape=True) for c in (User.username, User.email)]
        wanted = wanted.where(or_(*contains))
    with transaction(SYSTEM) as session:
        return page_of(session, wanted, User, page)


def look_up(name: str) -> User:
    """Return the user with this id, name or e-mail address; raises `NotFound`.

    What is written as an id is one, and never somebody's name: older names may look like it.
    """
    with transaction(SYSTEM) as session:
        if is_id(name):
            user = session.get(User, uuid.UUID(name.strip()))
        else:
            user = names.find(session, name)
    if user is None or not user.is_live:
        raise NotFound(f"There is no user {name!r}.")
    return user
