"""Answer a request that was sent before as it was answered then, or do what it asks for."""

import hmac
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from assistant.database import table_of, transaction, unit_of_work
from assistant.errors import KeyReused, RequestInProgress
from assistant.models import IdempotencyKey
from assistant.services import idempotency
from assistant.services.idempotency import NOBODY, Answer
from assistant.services.repeats import keeping
from assistant.services.repeats.keeping import LEASE, PENDING, PREFIX, REMEMBERED
from assistant.services.repeats.waiting import patiently

# A larger answer is made again; it is one of embeddings, which cost nothing but time.
MOST_BYTES = 1024 * 1024

# Equal requests hold it together while they work in a transaction; whoever repeats one waits.
SHARED = text("SELECT pg_advisory_xact_lock_shared(hashtextextended(:request, 1))")
# What is kept for two minutes need not survive PostgreSQL itself, and the disk is not waited for.
SOFTLY = text("SET LOCAL synchronous_commit = off")
ALONE = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:request, 1))")


@dataclass(frozen=True, slots=True)
class Call:
    """A request: whose it is, what it says, its key if it has one, and whether it is a retry."""

    owner_id: uuid.UUID
    request_hash: bytes
    key: str | None
    is_retry: bool

    @property
    def lock(self) -> dict[str, str]:
        """Return what the locks are about."""
        return {"request": f"{self.owner_id} {self.request_hash.hex()}"}


def once(call: Call, work: Callable[[], Answer]) -> tuple[Answer, bool]:
    """Do short work and keep its answer in one commit, or return the answer that is kept.

    The second value says whether it was kept. Raises `KeyReused` if the key belongs to another
    request.
    """
    if call.key is not None:
        under = (call.owner_id, call.key, call.request_hash)
        return patiently(call.owner_id, lambda: idempotency.once(*under, work))
    if (known := kept(call)) is not None:
        return known, True
    key = keeping.new_key()
    with unit_of_work(call.owner_id) as session:
        session.execute(SHARED, call.lock)
        answer = work()
        session.add(_row(call, key, answer))
    keeping.forget_later(call.owner_id, key)
    return answer, False


def once_waiting(call: Call, work: Callable[[], Answer]) -> tuple[Answer, bool]:
    """Do as `once` does, of work that waits for a model or a job: no transaction is open then."""
    if (known := kept(call)) is not None:
        return known, True
    key = call.key or keeping.new_key()
    if call.key is None:
        with transaction(call.owner_id) as session:
            session.execute(SOFTLY)
            session.add(_row(call, key, Answer(PENDING, b"", None, NOBODY)))
    elif (known := patiently(call.owner_id, lambda: _begin_under(call, key))) is not None:
        return known, True
    try:
        with keeping.alive(call.owner_id, key):
            answer = work()
    except BaseException:
        _forget(call.owner_id, key)
        raise
    _finish(call.owner_id, key, answer, softly=call.key is None)
    if call.key is None:
        keeping.forget_later(call.owner_id, key)
    return answer, False


def keep(call: Call, resource_id: uuid.UUID) -> None:
    """Keep of a stream what it is about, so that who asks again follows the same thing."""
    key = call.key or keeping.new_key()
    with transaction(call.owner_id) as session:
        session.add(_row(call, key, Answer(HTTPStatus.OK, b"", None, resource_id)))
    if call.key is None:
        keeping.forget_later(call.owner_id, key)


def kept(call: Call) -> Answer | None:
    """Return what an equal request was answered; None if this one is to be done.

    Waits while that is at work. Raises `KeyReused` if the key belongs to another request.
    """
    if call.key is not None:
        key = call.key
        return patiently(call.owner_id, lambda: _under(call, key))
    return patiently(call.owner_id, lambda: _first(call)) if call.is_retry else None


def _first(call: Call) -> Answer | None:
    """Return what the newest equal request was answered; None if there is none that counts."""
    row, now = IdempotencyKey, func.now()
    newest = (
        select(row, (row.created_at < now - LEASE).label("is_stale"))
        .where(
            # By the index of these moments: only a few are so new.
            row.created_at > now - REMEMBERED,
            row.owner_id == call.owner_id,
            row.request_hash == call.request_hash,
            row.key.startswith(PREFIX),
        )
        .order_by(row.created_at.desc())
        .limit(1)
    )
    with transaction(call.owner_id) as session:
        if not session.scalar(ALONE, call.lock):
            raise _in_progress()
        # In a statement of its own: it sees what was committed before the lock was given.
        found = session.execute(newest).one_or_none()
    return None if found is None else _answer_of(found[0], found.is_stale)


def _under(call: Call, key: str) -> Answer | None:
    """Return what was answered under a client's key; None if nothing was."""
    row = IdempotencyKey
    query = select(row, (row.created_at < func.now() - LEASE).label("is_stale")).where(
        row.owner_id == call.owner_id, row.key == key
    )
    with transaction(call.owner_id) as session:
        found = session.execute(query).one_or_none()
    if found is None:
        return None
    if not hmac.compare_digest(found[0].request_hash, call.request_hash):
        raise KeyReused(
            "This Idempotency-Key was sent with another request. Use a new key for a new request."
        )
    return _answer_of(found[0], found.is_stale)


def _answer_of(row: IdempotencyKey, is_stale: bool) -> Answer | None:
    if row.status != PENDING:
        return Answer(row.status, row.body, row.location, row.resource_id)
    if is_stale:
        return None
    raise _in_progress()


def _in_progress() -> RequestInProgress:
    return RequestInProgress("The same request is at work. Try again.", retry_after=1)


def _begin_under(call: Call, key: str) -> Answer | None:
    """Keep that work begins under a client's key; return what is kept there, if anything is."""
    row = IdempotencyKey
    begun = insert(table_of(row)).values(
        owner_id=call.owner_id,
        key=key,
        request_hash=call.request_hash,
        status=PENDING,
        body=b"",
        resource_id=NOBODY,
    )
    # What was begun by a process that died is taken over, by one of those who try.
    taken = begun.on_conflict_do_update(
        index_elements=["owner_id", "key"],
        set_={"created_at": func.now()},
        where=(row.status == PENDING)
        & (row.created_at < func.now() - LEASE)
        & (row.request_hash == call.request_hash),
    ).returning(table_of(row).c.key)
    with transaction(call.owner_id) as session:
        if session.execute(taken).one_or_none() is not None:
            return None
    known = _under(call, key)
    if known is None:
        raise _in_progress()
    return known


def _row(call: Call, key: str, answer: Answer) -> IdempotencyKey:
    return IdempotencyKey(
        owner_id=call.owner_id,
        key=key,
        request_hash=call.request_hash,
        status=answer.status,
        location=answer.location,
        body=answer.body,
        resource_id=answer.resource_id,
    )


def _finish(owner_id: uuid.UUID, key: str, answer: Answer, *, softly: bool) -> None:
    if len(answer.body) > MOST_BYTES:
        _forget(owner_id, key)
        return
    values = {
        "status": answer.status,
        "body": answer.body,
        "resource_id": answer.resource_id,
        "created_at": func.now(),
    }
    here = (IdempotencyKey.owner_id == owner_id, IdempotencyKey.key == key)
    with transaction(owner_id) as session:
        if softly:
            session.execute(SOFTLY)
        session.execute(update(IdempotencyKey).where(*here).values(values))


def _forget(owner_id: uuid.UUID, key: str) -> None:
    here = (IdempotencyKey.owner_id == owner_id, IdempotencyKey.key == key)
    with transaction(owner_id) as session:
        session.execute(delete(IdempotencyKey).where(*here))
