"""A new password for whoever forgot theirs, by a link that an administrator makes."""

import uuid
from datetime import timedelta

from sqlalchemy.orm import Session

from assistant.adapters.passwords import Asker, hash_password
from assistant.database import SYSTEM, transaction
from assistant.errors import Conflict, PermissionDenied
from assistant.models import Action, OneTimeToken, Purpose, User
from assistant.services import audit
from assistant.services.accounts import (
    administration,
    api_keys,
    key_cache,
    one_time,
    session_cache,
    sessions,
    throttle,
)
from assistant.strangers import strangers_transaction


def create(
    user_id: uuid.UUID, hours: int, *, by: uuid.UUID | None = None
) -> tuple[OneTimeToken, str]:
    """Make a token with which a user can set a password, and return it with its text.

    `by` is the administrator who asks, None at the command line.
    """
    if by == user_id:
        raise Conflict("Change your own password at /users/me, which takes the old one.")
    with transaction(SYSTEM) as session:
        user = administration.find(session, user_id)
        if not user.is_active:
            raise Conflict("This user is shut out. Enable the account first.")
        made, text = one_time.issue(session, Purpose.PASSWORD, user_id, timedelta(hours=hours))
        audit.note(session, Action.PASSWORD_LINK, user_id)
    return made, text


def use(token: str, password: str, address: str | None) -> None:
    """Set a password, end all sessions and revoke all keys.

    Raises `PermissionDenied` for a token that is none.
    """
    with strangers_transaction(SYSTEM) as session:
        if not one_time.is_good(session, Purpose.PASSWORD, token):
            raise _worthless()
    # Hashed with no transaction open.
    new_hash = hash_password(password, Asker(address=address))
    with transaction(SYSTEM) as session:
        user = _redeem(session, token)
        user.password_hash = new_hash
        ended = sessions.end_all(session, user.id)
        keys = api_keys.remove_all(session, user.id)
        throttle.clear_user(session, user, address)
        one_time.forget(session, Purpose.PASSWORD, user.id)
        audit.note(session, Action.PASSWORD_BY_LINK, user.id, actor_id=user.id)
    session_cache.forget(ended)
    key_cache.forget(keys)


def _redeem(session: Session, token: str) -> User:
    used = one_time.redeem(session, Purpose.PASSWORD, token)
    user = session.get(User, used.owner_id, with_for_update={"key_share": True}) if used else None
    if user is None or not user.is_active:
        raise _worthless()
    return user


def _worthless() -> PermissionDenied:
    return PermissionDenied(
        "This link was used or has expired. Ask an administrator for another one."
    )
