"""One attempt at a job, by which its work tells its progress and learns that it has to stop."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, NoReturn

from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from assistant.database import transaction
from assistant.errors import PermanentError
from assistant.extensions import settings
from assistant.models import Attempt, Job
from assistant.services import quotas
from assistant.services.jobs import event_log, status
from assistant.services.jobs.kinds import Body
from assistant.services.jobs.statements import Lease
from assistant.services.jobs.transitions import held_by, transition

logger = logging.getLogger(__name__)


class Stopping(StrEnum):
    """Why a worker must put a job down."""

    CANCELLED = "cancelled"
    LEASE_LOST = "lease_lost"
    RELEASED = "released"
    MOVED = "moved"
    OVERTAKEN = "overtaken"


class Stopped(Exception):
    """Raised inside the work when it must be put down."""

    def __init__(self, why: Stopping) -> None:
        super().__init__(why)
        self.why = why


def log_refused() -> None:
    """Note that the fence kept an attempt from writing to a job that is not its own any more."""
    logger.warning("write refused")


class Run:
    """One attempt at a job, in the hands of this process.

    The work may set five things. `save` is called in the transaction that ends the attempt,
    however it ends, so that partial text and usage are kept; `complete` only in the one in which
    the job succeeds; `afterwards` once that is committed, and it may fail. `render` returns what
    its owner sees as the result of a job that has succeeded, or None if that has to be read.
    `before_end` returns what followers hear right before a job's end, once that is committed.
    `usage` goes into the attempt's row: tokens by kind, how many of them are estimated, the model.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self.attempt = job.attempt
        self.owner_id = job.owner_id
        self.save: Callable[[Session], object] = lambda session: None
        self.complete: Callable[[Session], None] = lambda session: None
        self.afterwards: Callable[[], None] = lambda: None
        self.render: Callable[[], Body | None] = lambda: None
        self.before_end: Callable[[], Sequence[event_log.Event]] = list
        self.usage: dict[str, Any] | None = None
        self._kept_usage: dict[str, Any] | None = None
        # Which event the reply's text goes up to; it is kept together with that text.
        self.text_number: int | None = None
        self._position = 0
        self.stopping: Stopping | None = None
        self.stopped_at = float("inf")
        self.renewed_at = time.monotonic()
        self._stop = threading.Event()
        self._on_stop: Callable[[], None] | None = None
        self._lock = threading.Lock()

    def stop(self, why: Stopping) -> None:
        """Ask the work to be put down; may be called from any thread.

        The first reason stays, but for a move, which gives way to any other.
        """
        with self._lock:
            if self.stopping not in (None, Stopping.MOVED):
                return
            self.stopping = why
            self.stopped_at = time.monotonic()
            self._stop.set()
            abort = self._on_stop
        if abort is None:
            return
        try:
            abort()
        except Exception:
            # Whoever asks looks after other runs too, and this one sees it at its next step.
            logger.exception("work could not be cut short")

    def on_stop(self, abort: Callable[[], None]) -> None:
        """Call `abort` when the work must stop, at once if that is so already."""
        with self._lock:
            self._on_stop = abort
            stopped = self._stop.is_set()
        if stopped:
            abort()

    def check(self) -> None:
        """Raise `Stopped` if the work must be put down."""
        if self.stopping is not None:
            raise Stopped(self.stopping)

    def emit(self, kind: str, data: dict[str, Any]) -> int:
        """Tell those who follow the job, and return the event's number."""
        what = self.event(kind, data)
        event_log.append(self.job.id, what)
        return what.number

    def event(self, kind: str, data: dict[str, Any]) -> event_log.Event:
        """Make the attempt's next event; only the thread that does the work may."""
        what = event_log.event(self.attempt, self._position, kind, data)
        self._position += 1
        return what

    def fence(self, session: Session, **changes: Any) -> Job:
        """Lock the job's row for the rest of the transaction and write `changes` to it.

        It renews the lease too, because the heartbeat leaves out a row that is locked, and this
        one is. Raises `Stopped` if this attempt no longer holds the job: then nothing may be
        written.
        """
        asked_at = time.monotonic()
        changes["lease_expires_at"] = Lease(settings.lease_seconds)
        job = transition(session, self.job.id, held_by(self.attempt), **changes)
        if job is None:
            self.lost()
        if job.cancel_requested_at is not None:
            self.stop(Stopping.CANCELLED)
            raise Stopped(Stopping.CANCELLED)

        def take_over(_: Session) -> None:
            self.job = job
            self.renewed_at = asked_at

        # Until then it is neither renewed nor changed.
        event.listen(session, "after_commit", take_over, once=True)
        return job

    def keep_usage(self, session: Session) -> PermanentError | None:
        """Write what was used up so far, in case this worker dies, in a fenced transaction.

        Return what to raise after it if that is more than the owner may use.
        """
        if self.usage is None or self.usage == self._kept_usage:
            return None
        this = (Attempt.job_id == self.job.id, Attempt.attempt == self.attempt)
        session.execute(update(Attempt).where(*this).values(usage=self.usage))
        self._kept_usage = self.usage
        return quotas.overspent(session, self.owner_id)

    def hold(self, session: Session) -> None:
        """Keep others from changing the job's row for the rest of the transaction.

        It is less than `fence`: nothing is written, and so the lease is not renewed. Raises
        `Stopped` likewise.
        """
        mine = select(Job.cancel_requested_at).where(
            Job.id == self.job.id, Job.attempt == self.attempt, Job.is_running
        )
        found = session.execute(mine.with_for_update(read=True)).one_or_none()
        if found is None:
            self.lost()
        if found.cancel_requested_at is not None:
            self.stop(Stopping.CANCELLED)
            raise Stopped(Stopping.CANCELLED)

    def lost(self) -> NoReturn:
        """Put the work down, because somebody else has the job."""
        log_refused()
        self.stop(Stopping.LEASE_LOST)
        raise Stopped(Stopping.LEASE_LOST)

    def progress(
        self,
        stage: str,
        done: int = 0,
        total: int | None = None,
        write: Callable[[Session], None] | None = None,
    ) -> None:
        """Say how far the work has come; `write` is done in the same fenced transaction."""
        self.check()
        if stage != self.job.progress_stage:
            logger.info("job step", extra={"kind": self.job.kind, "stage": stage})
        with transaction(self.owner_id) as session:
            job = self.fence(
                session, progress_stage=stage, progress_done=done, progress_total=total
            )
            if write is not None:
                write(session)
            over = self.keep_usage(session)
            body = status.body_of(session, job)
        status.publish(job, body, self.event("progress", body["progress"]))
        if over is not None:
            raise over
