"""Users as administrators see and change them."""

import uuid
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from assistant.adapters.passwords import hash_password
from assistant.database import SYSTEM, transaction
from assistant.errors import Conflict, NotFound
from assistant.models import Action, Conversation, Document, Job, Purpose, Role, User
from assistant.models import Session as SignIn
from assistant.schemas.auth import UserSchema
from assistant.schemas.versions import ANY, Seen
from assistant.services import audit, jobs
from assistant.services.accounts import (
    api_keys,
    key_cache,
    names,
    one_time,
    session_cache,
    sessions,
    throttle,
)
from assistant.services.jobs import kinds


class Changed(NamedTuple):
    """A user as changed, and what the change ended."""

    user: User
    sessions_ended: int
    keys_revoked: int


def get(user_id: uuid.UUID) -> User:
    """Return a user; raises `NotFound`."""
    with transaction(SYSTEM) as session:
        return find(session, user_id)


def find(session: Session, user_id: uuid.UUID, *, lock: bool = False) -> User:
    """Return a user who is not deleted, within a transaction; raises `NotFound`."""
    query = select(User).where(User.id == user_id, User.is_live)
    # Not the strongest lock: that would keep workers from writing rows of this owner.
    user = session.scalar(query.with_for_update(key_share=True) if lock else query)
    if user is None:
        raise NotFound("There is no user with this id.")
    return user


def differing(user_id: uuid.UUID, values: dict[str, Any]) -> dict[str, Any]:
    """Return what of a change is new; who sends back what was read sends more."""
    user = get(user_id)
    return {name: value for name, value in values.items() if value != getattr(user, name, None)}


def update(
    user_id: uuid.UUID,
    *,
    by: uuid.UUID | None = None,
    password: str | None = None,
    seen: Seen = ANY,
    **values: Any,
) -> Changed:
    """Change what is given, and say what it ended.

    A new password and being disabled end every session. A new password revokes the keys, too, since
    whoever had the account may have made some; while a user is disabled they are worthless, and
    what runs and waits for the user is ended. Of `limits` those that are named are set, or with
    None left to the settings again. `by` is the administrator who asks, None at the command line.
    Raises `PreconditionFailed` if the user is another version than was `seen`.
    """
    values = _checked(user_id, values)
    if by == user_id and (password is not None or "email" in values):
        raise Conflict("Change your own e-mail address and password at /users/me.")
    new_hash = hash_password(password) if password is not None else None
    try:
        with transaction(SYSTEM) as session:
            user = _change(session, user_id, values, new_hash, seen)
            shut_out = new_hash is not None or not user.is_active
            ended = sessions.end_all(session, user_id) if shut_out else []
            revoked = api_keys.remove_all(session, user_id) if new_hash is not None else []
            resting = api_keys.digests_of(session, user_id) if "is_active" in values else []
    except IntegrityError as error:
        raise names.refused(error) from None
    session_cache.forget(ended)
    key_cache.forget(revoked)
    if user.is_active:
        key_cache.admit(resting)
    else:
        key_cache.forget(resting)
        _stop_work(user_id)
    return Changed(user, len(ended), len(revoked))


def _checked(user_id: uuid.UUID, values: dict[str, Any]) -> dict[str, Any]:
    """Return the columns that change; raises `Conflict` for a name or address that is taken."""
    # To shut somebody out once more ends what was let in meanwhile.
    shut = {"is_active": False} if values.get("is_active") is False else {}
    new = {**differing(user_id, values), **shut}
    if "email" in new:
        names.demand_free_address(new["email"], of=get(user_id))
    if "username" in new:
        new |= names.taking(new.pop("username"), of=get(user_id))
    return new


def _stop_work(user_id: uuid.UUID) -> None:
    """Cancel what is open for a disabled user; what is promised to be deleted still will be.

    If this process dies first, or a request was let in before, the sweeper cancels it.
    """
    with transaction(SYSTEM) as session:
        # Not with what was committed: workers lock jobs first, and would wait for each other.
        cancelled = jobs.cancel_all(session, jobs.open_of(user_id), jobs.made_for_owner())
    jobs.follow_up(cancelled)


def _change(
    session: Session, user_id: uuid.UUID, values: dict[str, Any], new_hash: str | None, seen: Seen
) -> User:
    if values.get("role", Role.ADMIN) != Role.ADMIN or values.get("is_active") is False:
        keep_an_administrator(session, user_id)
    user = find(session, user_id, lock=True)
    seen.demand(UserSchema, user)
    if is_leaving(session, user_id):
        raise Conflict("This user is being deleted.")
    if "limits" in values:
        merged = {**user.limits, **values["limits"]}
        values["limits"] = {name: most for name, most in merged.items() if most is not None}
    for name, value in values.items():
        setattr(user, name, value)
    if new_hash is not None:
        user.password_hash = new_hash
        throttle.clear_user(session, user, None)
    if new_hash is not None or values.keys() & {"email", "is_active"}:
        one_time.forget(session, Purpose.PASSWORD, user_id)
    _note(session, user_id, values, new_hash is not None)
    session.flush()
    session.refresh(user)
    return user


def _note(session: Session, user_id: uuid.UUID, values: dict[str, Any], password: bool) -> None:
    """Say in the audit log what was changed, and of a role or a shut door how it is now."""
    given = {*values, *(["password"] if password else [])}
    fields = sorted(given & {"username", "email", "password", "role", "is_active", "limits"})
    now = {name: values[name] for name in ("role", "is_active", "limits") if name in values}
    if fields:
        audit.note(session, Action.USER_CHANGED, user_id, fields=fields, **now)


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
        Job.sequence_key == user_id, Job.kind == kinds.DELETE_USER.name, Job.is_open
    )
    return bool(session.scalar(query))


def figures(user_id: uuid.UUID) -> dict[str, Any]:
    """Return how much a user has, and when one of their sessions was last used."""
    mine = {model: model.owner_id == user_id for model in (Conversation, Document)}
    alive = (SignIn.revoked_at.is_(None), SignIn.expires_at > func.now())
    with transaction(SYSTEM) as session:
        last_used: datetime | None = session.scalar(
            select(func.max(SignIn.last_used_at)).where(SignIn.owner_id == user_id)
        )
        return {
            "sessions": _count(session, SignIn, SignIn.owner_id == user_id, *alive),
            "last_used_at": last_used.isoformat() if last_used else None,
            "conversations": _count(session, Conversation, mine[Conversation]),
            "documents": _count(session, Document, mine[Document]),
            "storage_bytes": int(
                session.scalar(select(func.sum(Document.size)).where(mine[Document])) or 0
            ),
            "open_jobs": _count(session, Job, jobs.open_of(user_id)),
        }


def _count(session: Session, model: Any, *which: Any) -> int:
    return session.scalar(select(func.count()).select_from(model).where(*which)) or 0
