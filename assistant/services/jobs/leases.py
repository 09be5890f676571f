"""The jobs that this process has claimed, kept alive by one heartbeat and stopped by one ear."""

import logging
import threading
import time
import uuid
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from flask import Flask, current_app
from sqlalchemy import text
from sqlalchemy.orm import Session

from assistant.database import SYSTEM, transaction
from assistant.errors import AssistantError
from assistant.extensions import settings
from assistant.models import Job
from assistant.services.jobs import draining, signals, status
from assistant.services.jobs.transitions import held_by, transition

logger = logging.getLogger(__name__)


class Stopping(StrEnum):
    """Why a worker must put a job down."""

    CANCELLED = "cancelled"
    LEASE_LOST = "lease_lost"
    RELEASED = "released"


class Stopped(Exception):
    """Raised inside the work when it must be put down."""

    def __init__(self, why: Stopping) -> None:
        super().__init__(why)
        self.why = why


class Run:
    """One attempt at a job, in the hands of this process.

    The work may set three things. `save` is called in the transaction that ends the attempt,
    however it ends, so that partial text and usage are kept; `complete` only in the one in which
    the job succeeds; `afterwards` once that is committed, and it may fail. `usage` goes into the
    attempt's row.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self.attempt = job.attempt
        self.owner_id = job.owner_id
        self.save: Callable[[Session], None] = lambda session: None
        self.complete: Callable[[Session], None] = lambda session: None
        self.afterwards: Callable[[], None] = lambda: None
        self.usage: dict[str, int] | None = None
        self.stopping: Stopping | None = None
        self.renewed_at = time.monotonic()
        self._stop = threading.Event()
        self._on_stop: Callable[[], None] | None = None
        self._lock = threading.Lock()

    def stop(self, why: Stopping) -> None:
        """Ask the work to be put down; may be called from any thread, the first reason stays."""
        with self._lock:
            if self.stopping is not None:
                return
            self.stopping = why
            self._stop.set()
            abort = self._on_stop
        if abort is not None:
            abort()

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

    def fence(self, session: Session, **changes: Any) -> Job:
        """Lock the job's row for the rest of the transaction and write `changes` to it.

        Raises `Stopped` if this attempt no longer holds the job: then nothing may be written.
        """
        job = transition(session, self.job.id, held_by(self.attempt), **changes)
        if job is None:
            self.stop(Stopping.LEASE_LOST)
            raise Stopped(Stopping.LEASE_LOST)
        if job.cancel_requested_at is not None:
            self.stop(Stopping.CANCELLED)
            raise Stopped(Stopping.CANCELLED)
        self.job = job
        return job

    def progress(
        self,
        stage: str,
        done: int = 0,
        total: int | None = None,
        write: Callable[[Session], None] | None = None,
    ) -> None:
        """Say how far the work has come; `write` is done in the same fenced transaction."""
        self.check()
        with transaction(self.owner_id) as session:
            job = self.fence(
                session, progress_stage=stage, progress_done=done, progress_total=total
            )
            if write is not None:
                write(session)
            body = status.body_of(session, job)
        status.publish(job, body)


class Leases:
    """All runs of one process: one heartbeat renews them, one listener hears of cancellations."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._runs: dict[uuid.UUID, Run] = {}
        self._lock = threading.Lock()
        self._idle = threading.Event()
        for work in (self._beat, self._listen, self._give_back):
            threading.Thread(target=work, name=f"jobs{work.__name__}", daemon=True).start()

    def add(self, run: Run) -> None:
        """Keep a run's lease alive until it is dropped."""
        with self._lock:
            earlier = self._runs.get(run.job.id)
            self._runs[run.job.id] = run
        if earlier is not None:
            # This process had the job before and lost it; now nobody would tell the old attempt.
            earlier.stop(Stopping.LEASE_LOST)
        if draining.begun():
            # Claimed in the moment in which all others were given back.
            run.stop(Stopping.RELEASED)

    def drop(self, run: Run) -> None:
        """Stop renewing a run's lease."""
        with self._lock:
            if self._runs.get(run.job.id) is run:
                del self._runs[run.job.id]

    def runs(self) -> list[Run]:
        """Return what this process is working on."""
        with self._lock:
            return list(self._runs.values())

    def _beat(self) -> None:
        with self._app.app_context():
            while True:
                self._idle.wait(settings.heartbeat_seconds)
                for duty in (self.renew, self._let_go_of_expired):
                    try:
                        duty()
                    except AssistantError as error:
                        logger.warning("heartbeat missed: %s", error.detail)
                    except Exception:
                        logger.exception("heartbeat failed")

    def renew(self) -> None:
        """Renew every lease in one statement, and stop what was lost or cancelled."""
        runs = self.runs()
        if not runs:
            return
        asked_at = time.monotonic()
        with transaction(SYSTEM) as session:
            rows = session.execute(
                _RENEW,
                {
                    "ids": [run.job.id for run in runs],
                    "attempts": [run.attempt for run in runs],
                    "lease": settings.lease_seconds,
                },
            ).all()
        cancelled = {row.id: row.cancelled for row in rows}
        for run in runs:
            if run.job.id not in cancelled:
                run.stop(Stopping.LEASE_LOST)
                continue
            run.renewed_at = asked_at
            if cancelled[run.job.id]:
                run.stop(Stopping.CANCELLED)

    def _let_go_of_expired(self) -> None:
        # The lease may be over although no answer came: a worker must stop on its own before
        # somebody else starts.
        limit = settings.lease_seconds - settings.heartbeat_seconds
        for run in self.runs():
            if time.monotonic() - run.renewed_at > limit:
                run.stop(Stopping.LEASE_LOST)

    def _listen(self) -> None:
        with self._app.app_context():
            for job_id in signals.listen():
                with self._lock:
                    run = self._runs.get(job_id)
                if run is not None:
                    run.stop(Stopping.CANCELLED)

    def _give_back(self) -> None:
        draining.begun(None)
        for run in self.runs():
            run.stop(Stopping.RELEASED)


# The attempt is part of the condition: a lease that somebody else holds by now is not ours to
# renew, even in the same process.
_RENEW = text("""
UPDATE jobs SET lease_expires_at = now() + make_interval(secs => :lease)
FROM unnest(CAST(:ids AS uuid[]), CAST(:attempts AS int[])) AS mine (id, attempt)
WHERE jobs.id = mine.id AND jobs.attempt = mine.attempt AND jobs.state = 'running'
RETURNING jobs.id, jobs.cancel_requested_at IS NOT NULL AS cancelled
""")

_leases: Leases | None = None
_leases_lock = threading.Lock()


def leases() -> Leases:
    """Return the leases of this process; the threads start with the first job, after any fork."""
    global _leases
    with _leases_lock:
        if _leases is None:
            _leases = Leases(current_app._get_current_object())  # type: ignore[attr-defined]
        return _leases
