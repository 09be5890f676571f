"""Renew the leases of all jobs that run in this process, and stop those cancelled or lost."""

import logging
import os
import threading
import time
import uuid

from flask import Flask, current_app
from sqlalchemy import text

from assistant.database import SYSTEM, transaction
from assistant.errors import AssistantError
from assistant.extensions import settings
from assistant.services.jobs import cache as job_cache
from assistant.services.jobs import draining, signals
from assistant.services.jobs.finishing import finish
from assistant.services.jobs.lost_workers import put_down
from assistant.services.jobs.runs import Run, Stopping

logger = logging.getLogger(__name__)

STUCK_EXIT_CODE = 71
# For the innocent to be given back before the process ends.
LEAVING_SECONDS = 5.0
# How long work may take to stop once its worker leaves; together they stay well below the twelve
# seconds after which supervisord kills.
PATIENCE_SECONDS = 3.0


class Leases:
    """All runs of one process: one heartbeat renews them, one listener hears of cancellations."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        # By job and attempt: one that lost its job stays until it has really ended.
        self._runs: dict[tuple[uuid.UUID, int], Run] = {}
        self._lock = threading.Lock()
        self._idle = threading.Event()
        for work in (self._beat, self._watch, self._listen, self._give_back):
            threading.Thread(target=work, name=f"jobs{work.__name__}", daemon=True).start()

    def add(self, run: Run) -> None:
        """Keep a run's lease alive until it is dropped."""
        with self._lock:
            earlier = self._of(run.job.id)
            self._runs[run.job.id, run.attempt] = run
        for lost in earlier:
            # This process had the job before; the old attempt need not wait for a beat to know.
            lost.stop(Stopping.LEASE_LOST)
        if draining.begun():
            # Claimed in the moment in which all others were given back.
            run.stop(Stopping.RELEASED)

    def drop(self, run: Run) -> None:
        """Stop renewing a run's lease."""
        with self._lock:
            self._runs.pop((run.job.id, run.attempt), None)

    def runs(self) -> list[Run]:
        """Return what this process is working on."""
        with self._lock:
            return list(self._runs.values())

    def _of(self, job_id: uuid.UUID) -> list[Run]:
        return [run for (its_job, _), run in self._runs.items() if its_job == job_id]

    def _beat(self) -> None:
        with self._app.app_context():
            while True:
                self._idle.wait(settings.heartbeat_seconds)
                try:
                    self.renew()
                    job_cache.say_again()
                except AssistantError as error:
                    logger.warning("heartbeat missed: %s", error.detail)
                except Exception:
                    logger.exception("heartbeat failed")

    def renew(self) -> None:
        """Renew every lease in one statement, and stop what was lost or cancelled.

        A row that somebody has locked is left for the next beat, so that it costs no other lease.
        """
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
        held = {(row.id, row.attempt): row for row in rows}
        for run in runs:
            row = held.get((run.job.id, run.attempt))
            if row is None:
                run.stop(Stopping.LEASE_LOST)
                continue
            if row.renewed:
                run.renewed_at = asked_at
            if row.cancelled:
                run.stop(Stopping.CANCELLED)

    def _watch(self) -> None:
        # Apart from the beat, which may be waiting for a database that does not answer.
        with self._app.app_context():
            while True:
                self._idle.wait(settings.heartbeat_seconds)
                try:
                    self.let_go_of_expired()
                    self._end_if_stuck()
                except Exception:
                    logger.exception("looking after leases failed")

    def let_go_of_expired(self) -> None:
        """Stop what may have been given away: before somebody else starts, also unasked."""
        limit = settings.lease_seconds - settings.heartbeat_seconds
        for run in self.runs():
            silent = time.monotonic() - run.renewed_at
            if silent > limit and run.stopping in (None, Stopping.MOVED):
                about = {"job_id": run.job.id, "attempt": run.attempt, "seconds": round(silent, 1)}
                logger.warning("lease not renewed: the job is given back", extra=about)
                run.stop(Stopping.LEASE_LOST)

    def _end_if_stuck(self) -> None:
        """End this process if work goes on long after it was stopped: it blocks a slot for ever."""
        now = time.monotonic()
        stuck = [
            run
            for run in self.runs()
            # What should move does no harm where it is.
            if run.stopping is not Stopping.MOVED and now - run.stopped_at > settings.stuck_seconds
        ]
        if not stuck:
            return
        ids = [str(run.job.id) for run in stuck]
        logger.error(
            "work does not stop: this process ends, to be started again", extra={"stuck": ids}
        )
        draining.begin()
        give_up = now + LEAVING_SECONDS
        while len(self.runs()) > len(stuck) and time.monotonic() < give_up:
            self._idle.wait(0.1)
        os._exit(STUCK_EXIT_CODE)

    def _listen(self) -> None:
        with self._app.app_context():
            for job_id in signals.listen():
                with self._lock:
                    called = self._of(job_id)
                for run in called:
                    run.stop(Stopping.CANCELLED)

    def _give_back(self) -> None:
        draining.begun(None)
        for run in self.runs():
            run.stop(Stopping.RELEASED)
        give_up = time.monotonic() + PATIENCE_SECONDS
        while self.runs() and time.monotonic() < give_up:
            self._idle.wait(0.1)
        if self.runs():
            self._leave_without_the_work()

    def _leave_without_the_work(self) -> None:
        """Give back what does not let go of its job, and end this process with it.

        It may be waiting for a server, or be loading a model. What it still writes is refused,
        since it does not have the job any more.
        """
        late = threading.Timer(LEAVING_SECONDS, os._exit, (STUCK_EXIT_CODE,))
        late.daemon = True
        late.start()
        ids = [str(run.job.id) for run in self.runs()]
        logger.warning("work does not stop: its jobs are given back", extra={"stuck": ids})
        with self._app.app_context():
            for run in self.runs():
                try:
                    finish(run, put_down(run.stopping or Stopping.RELEASED))
                except Exception:
                    logger.exception("a job could not be given back")
        os._exit(STUCK_EXIT_CODE)


# The attempt is part of the condition: a lease that somebody else holds by now is not ours to
# renew, even in the same process. Rows are locked in one order, as by all who lock several.
_RENEW = text("""
WITH mine AS (
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:attempts AS int[])) AS mine (id, attempt)
), free AS (
    SELECT jobs.id FROM jobs JOIN mine USING (id, attempt)
    WHERE jobs.lease_expires_at IS NOT NULL
    ORDER BY jobs.id FOR UPDATE OF jobs SKIP LOCKED
), renewed AS (
    UPDATE jobs SET lease_expires_at = now() + make_interval(secs => :lease)
    FROM free WHERE jobs.id = free.id RETURNING jobs.id
)
SELECT jobs.id, jobs.attempt, jobs.cancel_requested_at IS NOT NULL AS cancelled,
    renewed.id IS NOT NULL AS renewed
FROM jobs JOIN mine USING (id, attempt) LEFT JOIN renewed ON renewed.id = jobs.id
WHERE jobs.lease_expires_at IS NOT NULL
""")

_leases: Leases | None = None
_leases_lock = threading.Lock()


def leases() -> Leases:
    """Return the leases of this process; the threads start with the first job, after any fork."""
    global _leases
    with _leases_lock:
        if _leases is None:
            _leases = Leases(current_app._get_current_object())  # type: ignore[attr-defined]  # a proxy
        return _leases
