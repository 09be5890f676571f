"""Requests that may be sent again: what they did and their answer are one commit."""

import hashlib
import hmac
import json
import secrets
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import redis
from sqlalchemy import CursorResult, delete, func, or_, select, text, tuple_
from sqlalchemy.orm import Session

from assistant.crashes import crash_point
from assistant.database import SYSTEM, transaction, unit_of_work
from assistant.errors import KeyReused, RequestInProgress
from assistant.extensions import cache, settings
from assistant.models import IdempotencyKey
from assistant.strangers import strangers_transaction

# Who sends a request without a user.
NOBODY = uuid.UUID(int=0)
BATCH = 1000
# Longer than a password waits to be hashed; after an accident the key is free again so soon.
PREPARING_SECONDS = 10

T = TypeVar("T")

# Held until the commit, so whoever gets it next sees the answer. It is asked for in a statement of
# its own: the one that looks for the answer must see what was committed before the lock was given.
LOCK = text(
    "SELECT pg_try_advisory_xact_lock(hashtextextended(CAST(:owner AS text) || ' ' || :key, 0))"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered with, and the id of what it made.

    The `tag` of its version is not kept: when the request is repeated, there may be a newer one.
    """

    status: int
    body: bytes
    location: str | None
    resource_id: uuid.UUID
    tag: str | None = None


def fingerprint(method: str, path: str, body: object) -> bytes:
    """Return a hash of a request; it is keyed, because a body may hold a password."""
    assert settings.secret_key is not None
    said = json.dumps([method, path, body], sort_keys=True)
    return hmac.digest(settings.secret_key.get_secret_value().encode(), said.encode(), "sha256")


def once(
    owner_id: uuid.UUID, key: str, request_hash: bytes, work: Callable[[], Answer]
) -> tuple[Answer, bool]:
    """Do some work and keep its answer under a key, or return the answer that is kept there.

    The second value says whether it was kept. Both the work and its answer are committed or, if
    `work` raises, neither, and then the key is free. Raises `KeyReused` if the key belongs to
    another request, `RequestInProgress` while a twin is at work.
    """
    with unit_of_work(owner_id) as session:
        if not session.scalar(LOCK, {"owner": str(owner_id), "key": key}):
            raise _in_progress()
        earlier = session.get(IdempotencyKey, (owner_id, key))
        if earlier is not None:
            return _kept(earlier, request_hash), True
        answer = work()
        session.add(_row(owner_id, key, request_hash, answer))
        crash_point("api.before_commit")
    return answer, False


def once_prepared(
    owner_id: uuid.UUID,
    key: str,
    request_hash: bytes,
    prepare: Callable[[], T],
    work: Callable[[T], Answer],
) -> tuple[Answer, bool]:
    """Do as `once` does, of work with a slow part: that is done before, with no transaction open.

    A twin is told so before its own slow part. Where Redis is away, or whoever prepares takes
    longer than `PREPARING_SECONDS`, both prepare, and `once` keeps them apart all the same.
    """
    begin = strangers_transaction if owner_id == NOBODY else transaction
    with begin(owner_id) as session:
        if not session.scalar(LOCK, {"owner": str(owner_id), "key": key}):
            raise _in_progress()
        earlier = session.get(IdempotencyKey, (owner_id, key))
    if earlier is not None:
        return _kept(earlier, request_hash), True
    with _announced(f"preparing:{owner_id}:{hashlib.sha256(key.encode()).hexdigest()}"):
        ready = prepare()
        return once(owner_id, key, request_hash, lambda: work(ready))


@contextmanager
def _announced(name: str) -> Iterator[None]:
    """Let others see that this is being prepared; raise `RequestInProgress` if it is already."""
    mine = secrets.token_bytes(16)

    def announce(client: redis.Redis) -> object:
        # Together they are one command from Redis 7.0 on only.
        is_mine = client.set(name, mine, nx=True, ex=PREPARING_SECONDS)
        return None if is_mine else client.get(name)

    if cache.ask(announce) is not None:
        raise _in_progress()
    try:
        yield
    finally:
        # After the commit: a twin now finds the answer. One that took longer than it said leaves
        # the mark of the next alone.
        if cache.ask(lambda client: client.get(name)) == mine:
            cache.ask(lambda client: client.delete(name))


def _in_progress() -> RequestInProgress:
    return RequestInProgress(
        "A request with this Idempotency-Key is at work. Send this one again in a moment.",
        retry_after=1,
    )


def _kept(row: IdempotencyKey, request_hash: bytes) -> Answer:
    if not hmac.compare_digest(row.request_hash, request_hash):
        raise KeyReused(
            "This Idempotency-Key was sent with another request. Use a new key for a new request, "
            "and the same one only to repeat a request as it was.",
            header="Idempotency-Key",
        )
    return Answer(row.status, row.body, row.location, row.resource_id)


def _row(owner_id: uuid.UUID, key: str, request_hash: bytes, answer: Answer) -> IdempotencyKey:
    return IdempotencyKey(
        owner_id=owner_id,
        key=key,
        request_hash=request_hash,
        status=answer.status,
        location=answer.location,
        body=answer.body,
        resource_id=answer.resource_id,
    )


def forget(
    session: Session, owner_ids: Collection[uuid.UUID], resource_ids: Collection[uuid.UUID]
) -> None:
    """Remove what owners were answered about some things, in the transaction that deletes these."""
    about_them = delete(IdempotencyKey).where(
        IdempotencyKey.owner_id.in_(owner_ids), IdempotencyKey.resource_id.in_(resource_ids)
    )
    session.execute(about_them.execution_options(synchronize_session=False))


def forget_user(session: Session, user_id: uuid.UUID) -> None:
    """Remove what was answered to a user, and to whoever registered them."""
    about_them = or_(IdempotencyKey.owner_id == user_id, IdempotencyKey.resource_id == user_id)
    session.execute(delete(IdempotencyKey).where(about_them))


def forget_old() -> int:
    """Remove answers older than `IDEMPOTENCY_HOURS`, in small transactions; return how many."""
    removed = 0
    while (some := _forget_some()) == BATCH:
        removed += some
    return removed + some


def _forget_some() -> int:
    key = (IdempotencyKey.owner_id, IdempotencyKey.key)
    age = timedelta(hours=settings.idempotency_hours)
    old = select(*key).where(IdempotencyKey.created_at < func.now() - age)
    old = old.order_by(IdempotencyKey.created_at).limit(BATCH)
    chosen = old.with_for_update(skip_locked=True).cte("old")
    with transaction(SYSTEM) as session:
        gone = session.execute(
            delete(IdempotencyKey).where(tuple_(*key).in_(select(chosen.c.owner_id, chosen.c.key)))
        )
    assert isinstance(gone, CursorResult)
    return gone.rowcount
