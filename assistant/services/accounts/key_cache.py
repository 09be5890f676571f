"""Whose key it is, answered from Redis while PostgreSQL would say the same."""

import json
import uuid
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import func, or_, select, text, update

from assistant.database import SYSTEM, transaction
from assistant.errors import InvalidCredentials, Unavailable
from assistant.extensions import cache
from assistant.models import ApiKey, User
from assistant.services.accounts import credential_copies
from assistant.services.accounts.caller import Caller, KeyInUse
from assistant.services.accounts.credential_copies import REVOKED
from assistant.services.jobs import SharedRead
from assistant.strangers import strangers_transaction

# How exactly it is known when a key was used last.
LAST_USE_SECONDS = 60


def authenticate(digest: bytes, job: SharedRead | None = None) -> Caller:
    """Return who a key belongs to, if it is good now; raises `InvalidCredentials`.

    The `job` that is asked for is read in the same round trip to Redis.
    """
    copy = credential_copies.known(_key(digest), partial(_read_key, digest), job)
    if copy == REVOKED:
        raise _unknown()
    known = json.loads(copy)
    ends = known["expires_at"]
    expires_at = None if ends is None else datetime.fromisoformat(ends)
    if expires_at is not None and datetime.now(UTC) >= expires_at:
        raise InvalidCredentials("This API key has expired. Make another one.")
    key = KeyInUse(uuid.UUID(known["id"]), digest, frozenset(known["scopes"]), expires_at)
    return Caller(uuid.UUID(known["user_id"]), key=key)


def forget(digests: Iterable[bytes]) -> None:
    """After the commit: let keys that were revoked, or whose user was, be worthless at once."""
    for digest in digests:
        credential_copies.overwrite(_key(digest), REVOKED)


def admit(digests: Iterable[bytes]) -> None:
    """After the commit: let keys whose user was disabled, and is not any more, be good at once."""
    if names := [_key(digest) for digest in digests]:
        cache.ask(lambda client: client.delete(*names))


def _read_key(digest: bytes) -> bytes:
    # Anybody can write what looks like a key, so few may ask at once. And nothing is kept of one
    # that there is not: strangers would fill Redis with them.
    with strangers_transaction(SYSTEM) as session:
        row = session.execute(
            select(ApiKey, User.is_active)
            .join(User, User.id == ApiKey.owner_id)
            .where(ApiKey.digest == digest)
        ).one_or_none()
    if row is None:
        raise _unknown()
    key: ApiKey = row.ApiKey
    if not row.is_active:
        return REVOKED
    _note_use(key)
    known = {
        "id": str(key.id),
        "user_id": str(key.owner_id),
        "scopes": key.scopes,
        "expires_at": key.expires_at and key.expires_at.isoformat(),
    }
    return json.dumps(known).encode()


def _note_use(key: ApiKey) -> None:
    """Write down that a key is used, unless that was done just now; nobody waits for it."""
    limit = timedelta(seconds=LAST_USE_SECONDS)
    if key.last_used_at is not None and datetime.now(UTC) - key.last_used_at < limit:
        return
    due = select(ApiKey.id).where(
        ApiKey.id == key.id,
        or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < func.now() - limit),
    )
    # A database that takes nothing more can still be read.
    with suppress(Unavailable), transaction(key.owner_id) as session:
        session.execute(text("SET LOCAL synchronous_commit = off"))
        session.execute(
            update(ApiKey)
            .where(ApiKey.id.in_(due.with_for_update(skip_locked=True)))
            .values(last_used_at=func.now())
        )


def _unknown() -> InvalidCredentials:
    return InvalidCredentials(
        "This API key is not known: it was revoked, or its user is shut out. Make another one."
    )


def _key(digest: bytes) -> str:
    return f"api_key:{digest.hex()}"
