"""What users change of themselves."""

import uuid
from typing import Any

from sqlalchemy import update as update_rows
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from assistant.adapters.passwords import hash_password, verify_password
from assistant.database import SYSTEM, transaction
from assistant.errors import Conflict, InvalidInput, PermissionDenied
from assistant.models import Action, Purpose, User
from assistant.schemas.auth import UserSchema
from assistant.schemas.versions import ANY, Seen
from assistant.services import audit
from assistant.services.accounts import names, one_time, session_cache, sessions, throttle, users
from assistant.services.accounts.caller import Caller

# Of the columns that a name fills, its own.
CHANGED = {"username", "email", "password"}
BY_OTHERS = {"role", "is_active", "limits"}


def update(caller: Caller, values: dict[str, Any], seen: Seen = ANY) -> User:
    """Change what is given; a new password ends all other sessions, and leaves keys alone.

    A new e-mail address or password wants the old password, since whoever has found an open
    browser could otherwise take the account over. Raises `PreconditionFailed` if the user is
    another version than was `seen`.
    """
    old_password = values.pop("old_password", None)
    password = values.pop("password", None)
    user = users.get(caller.user_id)
    values = _only_new(user, values)
    if password is not None or values.get("email", user.email) != user.email:
        _check(user, old_password)
    if "email" in values:
        names.demand_free_address(values["email"], of=user)
    if "username" in values:
        values |= names.taking(values.pop("username"), of=user)
    # Hashed with no transaction open.
    new_hash = hash_password(password) if password is not None else None
    ended: list[uuid.UUID] = []
    try:
        with transaction(user.id) as session:
            changed = _write(session, user, values, seen)
            if new_hash is not None:
                _set_password(session, user, new_hash)
                ended = sessions.end_all(session, user.id, but=caller.session_id)
            if new_hash is not None or "email" in values:
                # Such as a link that went astray.
                one_time.forget(session, Purpose.PASSWORD, user.id)
            given = sorted({*values, *(["password"] if new_hash else [])} & CHANGED)
            if given:
                audit.note(session, Action.USER_CHANGED, user.id, fields=given)
            session.refresh(changed)
    except IntegrityError as error:
        raise names.refused(error) from None
    session_cache.forget(ended)
    return changed


def _check(user: User, old_password: str | None) -> None:
    if old_password is None:
        raise InvalidInput(
            "Send your old password to change the e-mail address or the password.",
            pointer="#/old_password",
        )
    counters = [throttle.counter_of_owner(user.id)]
    with throttle.trying(counters):
        verdict = verify_password(user.password_hash, old_password)
    if not verdict.right:
        with transaction(user.id) as session:
            audit.note(session, Action.PASSWORD_FAILED, user.id)
        raise PermissionDenied("The old password is wrong.")
    with transaction(SYSTEM) as session:
        throttle.clear(session, counters)


def _only_new(user: User, values: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is sent back as it was; raise `PermissionDenied` for what others change."""
    new = {name: value for name, value in values.items() if value != getattr(user, name)}
    if foreign := sorted(new.keys() & BY_OTHERS):
        raise PermissionDenied(f"Only an administrator can change {' and '.join(foreign)}.")
    return new


def _write(session: Session, user: User, values: dict[str, Any], seen: Seen) -> User:
    changed = session.get_one(User, user.id, with_for_update={"key_share": True})
    seen.demand(UserSchema, changed)
    for name, value in values.items():
        setattr(changed, name, value)
    session.flush()
    return changed


def _set_password(session: Session, user: User, new_hash: str) -> None:
    # Only in place of the hash that was checked: somebody else may just have changed it.
    written = session.scalar(
        update_rows(User)
        .where(User.id == user.id, User.password_hash == user.password_hash)
        .values(password_hash=new_hash)
        .returning(User.id)
    )
    if written is None:
        raise Conflict("The password was changed meanwhile. Sign in again.")
