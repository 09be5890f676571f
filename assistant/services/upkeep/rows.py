"""Removing rows that nobody needs any more."""

import uuid
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, CursorResult, and_, delete, func, or_, select, tuple_
from sqlalchemy.orm import Session as DatabaseSession

from assistant.database import SYSTEM, Model, table_of, transaction
from assistant.extensions import settings
from assistant.models import (
    ApiKey,
    Embedding,
    Job,
    KnownAddress,
    OneTimeToken,
    OpenJob,
    Response,
    Session,
    SignInCount,
    Standing,
)
from assistant.services import audit, idempotency, jobs
from assistant.services.jobs import kinds
from assistant.services.retrieval import embeddings
from assistant.services.upkeep.pace import Pace

PACE_SECONDS = 3600
SESSIONS = 1000
# Of what sign-ins leave behind, in one transaction.
ROWS = 1000
# By then all failures that were counted are forgotten anyway.
COUNT_AGE = timedelta(days=1)
ADDRESS_AGE = timedelta(days=90)
# Until then the list of keys says why a program is refused.
EXPIRED_KEY_AGE = timedelta(days=30)
# By then nobody waits for their end any more.
UNSTORED_AGE = timedelta(minutes=10)
# An embedding without a chunk may be about to get one, when its document is indexed again.
EMBEDDING_AGE = timedelta(days=1)
EMBEDDINGS = 2000
_START = uuid.UUID(int=0)


class Rows:
    """Removes old rows, every hour at most, each time a bounded number."""

    def __init__(self) -> None:
        self._pace = Pace(PACE_SECONDS)
        self._hourly: list[str] = []
        self._last_embedding: uuid.UUID | None = None

    def round(self) -> Counter[str]:
        """Remove what is old and return how much it was."""
        done: Counter[str] = Counter()
        if self._pace.due():
            # What has not come to its end goes on, or what is behind it would never be looked at.
            self._last_embedding = self._last_embedding or _START
            self._hourly = list(_HOURLY)
        while self._hourly:
            # Taken out first: if it fails, the others go on in the next round.
            name = self._hourly.pop(0)
            done[name] = _HOURLY[name]()
        if self._last_embedding is not None:
            done["embeddings_removed"] = self._some_embeddings(self._last_embedding)
        return +done

    def _some_embeddings(self, last: uuid.UUID) -> int:
        """Look at the next embeddings, and remove those that no chunk uses."""
        looked_at = select(Embedding.id).where(Embedding.id > last, Embedding.id < _id_of_then())
        with transaction(SYSTEM) as session:
            ids = session.scalars(looked_at.order_by(Embedding.id).limit(EMBEDDINGS)).all()
            gone = _remove_embeddings(session, ids[0], ids[-1]) if ids else 0
        self._last_embedding = ids[-1] if len(ids) == EMBEDDINGS else None
        return gone


def _purge_jobs() -> int:
    days = settings.job_retention_days
    return jobs.purge(timedelta(days=days)) if days else 0


def _id_of_then() -> uuid.UUID:
    """Return the smallest id that could be made when an embedding was old enough."""
    milliseconds = int((datetime.now(UTC) - EMBEDDING_AGE).timestamp() * 1000)
    return uuid.UUID(int=milliseconds << 80)


def _remove_embeddings(session: DatabaseSession, first: uuid.UUID, last: uuid.UUID) -> int:
    """Delete embeddings without a chunk; not of owners whose jobs may be about to use them."""
    indexing = select(OpenJob.owner_id).where(
        OpenJob.kind.in_([kinds.INDEX.name, kinds.INDEX_COLLECTION.name]),
        OpenJob.standing != Standing.ENDED,
    )
    # Read once, and not for each embedding.
    wanted = (Embedding.id.between(first, last), Embedding.owner_id.not_in(indexing))
    return embeddings.remove_unused(session, *wanted)


def _remove_sessions() -> int:
    """Remove sign-ins that ended long ago, in small transactions; return how many."""
    if not settings.session_retention_days:
        return 0
    removed = 0
    while (some := _some_sessions()) == SESSIONS:
        removed += some
    return removed + some


def _some_sessions() -> int:
    """Remove some of them.

    One that was confined to a job has ended, and yet its tokens read that job until they expire.
    """
    limit = func.now() - timedelta(days=settings.session_retention_days)
    revoked = and_(Session.revoked_at < limit, Session.job_id.is_(None))
    old = select(Session.id).where(or_(Session.expires_at < limit, revoked)).limit(SESSIONS)
    with transaction(SYSTEM) as session:
        gone = session.execute(
            delete(Session)
            .where(Session.id.in_(old.with_for_update(skip_locked=True).scalar_subquery()))
            .execution_options(synchronize_session=False)
        )
    assert isinstance(gone, CursorResult)
    return gone.rowcount


def _remove_traces() -> int:
    """Remove what nobody needs any more of sign-ins, in small transactions; return how many."""
    old: dict[type[Model], ColumnElement[bool]] = {
        SignInCount: SignInCount.counted_at < func.now() - COUNT_AGE,
        KnownAddress: KnownAddress.last_used_at < func.now() - ADDRESS_AGE,
        OneTimeToken: OneTimeToken.expires_at < func.now(),
        ApiKey: ApiKey.expires_at < func.now() - EXPIRED_KEY_AGE,
    }
    removed = 0
    for model, is_old in old.items():
        while (some := _some_of(model, is_old)) == ROWS:
            removed += some
        removed += some
    return removed


def _some_of(model: type[Model], is_old: ColumnElement[bool]) -> int:
    key = tuple(table_of(model).primary_key.columns)
    # Whoever signs in locks two of them, one after the other.
    some = select(*key).where(is_old).limit(ROWS).with_for_update(skip_locked=True)
    with transaction(SYSTEM) as session:
        gone = session.execute(delete(table_of(model)).where(tuple_(*key).in_(some)))
    assert isinstance(gone, CursorResult)
    return gone.rowcount


def _remove_unstored() -> int:
    """Remove responses that were not to be stored, if whoever waited for them did not."""
    ended = select(Job.id).where(Job.id == Response.id, Job.finished_at < func.now() - UNSTORED_AGE)
    old = select(Response.id).where(~Response.stored, ended.exists()).limit(ROWS)
    removed = 0
    while True:
        with transaction(SYSTEM) as session:
            ids = session.scalars(old.with_for_update(skip_locked=True)).all()
            session.execute(delete(Response).where(Response.id.in_(ids)))
        removed += len(ids)
        if len(ids) < ROWS:
            return removed


_HOURLY: dict[str, Callable[[], int]] = {
    "jobs_purged": _purge_jobs,
    "sessions_removed": _remove_sessions,
    "traces_removed": _remove_traces,
    "unstored_removed": _remove_unstored,
    "addresses_shortened": audit.shorten_addresses,
    "keys_forgotten": idempotency.forget_old,
}
