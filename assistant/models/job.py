"""Jobs: one row per accepted piece of background work, and one per attempt at it."""

import uuid
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    DateTime,
    Index,
    SmallInteger,
    String,
    UniqueConstraint,
    and_,
    text,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from assistant.database import Model
from assistant.models.columns import Created, Json, Key, Moment, Owner, refers


class JobState(StrEnum):
    """The five states; nothing leaves the last three."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Queue(StrEnum):
    """Where work waits; each has its own worker process.

    What turns out to take long leaves the queue for indexing, so that nothing small waits for it.
    Search and pages have no jobs but short questions that somebody waits for.
    In quarantine runs, one at a time, what was there when workers died: only a death there is its
    own doing.
    """

    REPLIES = "replies"
    INDEXING = "indexing"
    LONG_INDEXING = "long_indexing"
    SEARCH = "search"
    PAGES = "pages"
    QUARANTINE = "quarantine"


class Blocker(StrEnum):
    """What a queued job waits for, for programs."""

    EARLIER_REPLY = "earlier_reply"
    EARLIER_JOB = "earlier_job"
    PROVIDER_BACKOFF = "provider_backoff"
    PROVIDER_SLOTS = "provider_slots"
    RETRY_BACKOFF = "retry_backoff"
    OWNER_LIMIT = "owner_limit"
    NO_WORKER = "no_worker"
    NO_BROKER = "no_broker"
    QUEUE = "queue"
    BUSY_WORKERS = "busy_workers"


# What every release understands, and the newest that this one does: workers leave alone what is
# newer. Since 2, documents are of more formats and answer verbatim, sets of questions are asked,
# a deletion takes out quotes and counts them, and responses are made.
FIRST_PAYLOAD = 1
PAYLOAD_VERSION = 2
OPEN = (JobState.QUEUED, JobState.RUNNING)
TERMINAL = (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)
# Of many that have ended, these are few, and looked for.
ENDED_BADLY = "state IN ('failed', 'cancelled')"


class Progress(NamedTuple):
    """How far a job's work has come; `total` is None while nobody can know."""

    stage: str
    done: int
    total: int | None


class Job(Model):
    """A promise that was answered with 202.

    `attempt` grows at each claim and is never reset: it is the fencing token that every later
    write must show. `version` grows at each change and orders the copies in Redis. Jobs with the
    same `sequence_key` run one at a time, by `sequence_number`. `arguments` holds ids only.
    `payload_version` says what a worker has to understand to do the work right. `timings` are the
    seconds spent in each stage that was left. While it is open, `reserved_tokens` of a model count
    as used.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        UniqueConstraint("sequence_key", "sequence_number"),
        UniqueConstraint("retry_of"),
        CheckConstraint(
            "state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')", name="state"
        ),
        CheckConstraint("(state = 'running') = (lease_expires_at IS NOT NULL)", name="lease"),
        CheckConstraint(
            "(state IN ('succeeded', 'failed', 'cancelled')) = (finished_at IS NOT NULL)",
            name="finished",
        ),
        Index(
            "ix_jobs_sequence_open",
            *("sequence_key", "sequence_number"),
            postgresql_where=text("state IN ('queued', 'running')"),
        ),
        Index(
            "uq_jobs_sequence_running",
            "sequence_key",
            unique=True,
            postgresql_where=text("state = 'running'"),
        ),
        Index("uq_jobs_owner", "owner_id", "id", unique=True),
        Index(
            "ix_jobs_finished",
            *("queue", "finished_at"),
            postgresql_where=text("finished_at IS NOT NULL"),
        ),
        Index("ix_jobs_kind", "kind", "id"),
        Index("ix_jobs_ended_badly", "state", "id", postgresql_where=text(ENDED_BADLY)),
        Index(
            "ix_jobs_ended_badly_of_owner",
            *("owner_id", "state", "id"),
            postgresql_where=text(ENDED_BADLY),
        ),
    )

    id: Mapped[Key]
    owner_id: Mapped[Owner]
    kind: Mapped[str] = mapped_column(String(64))
    queue: Mapped[str] = mapped_column(String(32))
    priority: Mapped[int] = mapped_column(SmallInteger, default=5)
    arguments: Mapped[Json] = mapped_column(default=dict)
    payload_version: Mapped[int] = mapped_column(SmallInteger, default=FIRST_PAYLOAD)

    state: Mapped[str] = mapped_column(String(16), default=JobState.QUEUED.value)
    version: Mapped[int] = mapped_column(BigInteger, default=1)
    attempt: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    max_failures: Mapped[int]
    lease_losses: Mapped[int] = mapped_column(default=0)
    quarantine_losses: Mapped[int] = mapped_column(default=0)
    lease_expires_at: Mapped[Moment | None]
    worker: Mapped[str | None] = mapped_column(String(128))
    claim_token: Mapped[uuid.UUID | None]
    run_after: Mapped[Created]
    deadline_at: Mapped[Moment]
    cancel_requested_at: Mapped[Moment | None]
    dispatched_at: Mapped[Moment | None]
    dispatches: Mapped[int] = mapped_column(default=0)
    sequence_key: Mapped[uuid.UUID | None]
    sequence_number: Mapped[int | None] = mapped_column(BigInteger)

    progress_stage: Mapped[str] = mapped_column(String(32), default="queued")
    progress_done: Mapped[int] = mapped_column(default=0)
    progress_total: Mapped[int | None]
    timings: Mapped[Json] = mapped_column(default=dict, server_default=text("'{}'::jsonb"))
    stage_since: Mapped[Created]
    event_number: Mapped[int] = mapped_column(BigInteger, default=0)
    reserved_tokens: Mapped[int] = mapped_column(default=0, server_default="0")

    conversation_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    message_id: Mapped[uuid.UUID | None]
    document_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    retry_of: Mapped[uuid.UUID | None]
    result: Mapped[Json | None]
    error: Mapped[Json | None]

    created_at: Mapped[Created]
    started_at: Mapped[Moment | None]
    finished_at: Mapped[Moment | None]

    @property
    def progress(self) -> Progress:
        """Return how far the work has come."""
        return Progress(self.progress_stage, self.progress_done, self.progress_total)

    # In SQL these say so by other columns, which constraints keep in step with the state. Of a
    # condition on the state, PostgreSQL concludes that the partial index of what is open would do,
    # and where its statistics say that nothing is open, looks through all of it instead of asking
    # for an id or a document.

    @hybrid_property
    def is_open(self) -> bool:
        """Return whether the job has not ended."""
        return self.state in OPEN

    @is_open.inplace.expression
    @classmethod
    def _is_open_in_sql(cls) -> ColumnElement[bool]:
        return cls.finished_at.is_(None)

    @hybrid_property
    def is_running(self) -> bool:
        """Return whether a worker has the job."""
        return self.state == JobState.RUNNING

    @is_running.inplace.expression
    @classmethod
    def _is_running_in_sql(cls) -> ColumnElement[bool]:
        return cls.lease_expires_at.is_not(None)

    @hybrid_property
    def is_queued(self) -> bool:
        """Return whether the job waits."""
        return self.state == JobState.QUEUED

    @is_queued.inplace.expression
    @classmethod
    def _is_queued_in_sql(cls) -> ColumnElement[bool]:
        return and_(cls.finished_at.is_(None), cls.lease_expires_at.is_(None))


class Attempt(Model):
    """One claim of a job: who worked on it, when, how it ended, and what it cost."""

    __tablename__ = "job_attempts"
    __table_args__ = (refers("job_id", "jobs", ondelete="CASCADE"),)

    job_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    attempt: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[Owner]
    worker: Mapped[str] = mapped_column(String(128))
    queue: Mapped[str] = mapped_column(String(32))
    started_at: Mapped[Created]
    finished_at: Mapped[Moment | None]
    outcome: Mapped[str | None] = mapped_column(String(32))
    reason: Mapped[Json | None]
    usage: Mapped[Json | None]


class Heartbeat(Model):
    """When a process of a kind was last seen doing its round, by the database's clock."""

    __tablename__ = "heartbeats"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    seen_at: Mapped[Moment] = mapped_column(DateTime(timezone=True))


class WorkerSlots(Model):
    """How many jobs of a queue a worker does at a time, as it has stated until a moment."""

    __tablename__ = "worker_slots"

    queue: Mapped[str] = mapped_column(String(32), primary_key=True)
    worker: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    slots: Mapped[int]
    stated_until: Mapped[Moment] = mapped_column(DateTime(timezone=True))
