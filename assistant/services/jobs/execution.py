"""One attempt at a job, from the claim to the state that ends it."""

import logging
import random
import socket
import threading
import uuid
from collections.abc import Callable
from typing import Any

from celery import current_task
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from assistant.database import transaction
from assistant.errors import AssistantError, PermanentError, TransientError, Unavailable
from assistant.extensions import settings
from assistant.logs import log_context
from assistant.models import Job, JobState
from assistant.services.jobs import draining, status
from assistant.services.jobs.dispatching import dispatch
from assistant.services.jobs.leases import Run, Stopped, Stopping, leases
from assistant.services.jobs.transitions import (
    Guard,
    claim,
    held_by,
    in_seconds,
    transition,
)

logger = logging.getLogger(__name__)

Work = Callable[[Run], dict[str, Any]]
Changes = dict[str, Any]

# How often the end of an attempt is written again while the database is away; together the
# pauses stay below a lease, after which somebody else has the job.
WRITE_TRIES = 6

# The request that asked for a job is named in the worker's log too.
LOGGED = ("request_id", "job_id", "attempt")

# What a server may ask us to wait at most; every job has a deadline before that.
LONGEST_PAUSE = 86_400.0


def run(job_id: str, work: Work) -> None:
    """Claim a job, do its work and write how it ended; do nothing if there is nothing to claim.

    `work` returns the result (ids and small figures). It raises `TransientError` to be tried
    again, `PermanentError` to fail, and lets `Stopped` pass.
    """
    if draining.begun():
        # The sweeper rings again, for a worker that stays.
        return
    try:
        claimed = claim(uuid.UUID(job_id), worker_name())
    except Unavailable:
        logger.warning("not claimed: the database is away", extra={"job_id": job_id})
        return
    if claimed is None:
        return
    job, others_wait = claimed
    attempt = Run(job)
    leases().add(attempt)
    ids = {**job.arguments, "job_id": job_id, "attempt": job.attempt}
    with log_context(**{name: ids[name] for name in LOGGED if name in ids}):
        try:
            # What was just claimed has no result, so nothing needs to be read.
            status.publish(job, status.fresh_body(job))
            if others_wait:
                dispatch(job.queue)
            others_wait = _end(attempt, _do(attempt, work))
        finally:
            leases().drop(attempt)
    if others_wait:
        dispatch(job.queue)


def worker_name() -> str:
    """Return the name of this worker, as Flower shows it."""
    request = current_task.request if current_task else None
    return (request and request.hostname) or socket.gethostname()


def _do(attempt: Run, work: Work) -> Changes | None:
    """Do the work; return the changes that end the attempt, None if it is not ours any more."""
    try:
        attempt.check()
        return succeeded(work(attempt))
    except Stopped as stopped:
        return put_down(stopped.why)
    except TransientError as error:
        return failed(attempt, error, again=True)
    except PermanentError as error:
        return failed(attempt, error, again=False)
    except Unavailable as error:
        return failed(attempt, TransientError(error.detail), again=True)
    except Exception:
        return unexpected(attempt)


def _end(attempt: Run, changes: Changes | None) -> bool:
    """Write how the attempt ended; return whether other jobs wait in the queue."""
    if changes is None:
        logger.warning("attempt put down: its lease was lost")
        return False
    try:
        job, others_wait = _settle(attempt, changes)
    except Unavailable:
        logger.warning("end of attempt not written: the database is away")
        return False
    except Exception:
        # What the work wants to have kept cannot be written. It must not keep the job from ending.
        changes = unexpected(attempt)
        attempt.save = attempt.complete = lambda session: None
        job, others_wait = _settle(attempt, changes)
    if job is not None and job.state == JobState.SUCCEEDED:
        _tidy(attempt)
    return others_wait


def _tidy(attempt: Run) -> None:
    try:
        attempt.afterwards()
    except AssistantError as error:
        logger.warning("tidying up failed: %s", error.detail)
    except Exception:
        logger.exception("tidying up failed")


def put_down(why: Stopping) -> Changes | None:
    """Return the changes for work that was stopped; None if it may write nothing any more."""
    if why is Stopping.LEASE_LOST:
        return None
    if why is Stopping.RELEASED:
        now = {"run_after": func.now(), "progress_stage": "queued"}
        return {"to": JobState.QUEUED, "outcome": "released", **now}
    return {"to": JobState.CANCELLED}


def unexpected(attempt: Run) -> Changes:
    """Log the exception at hand, and return the changes for it; it is told to nobody else."""
    logger.exception("job failed unexpectedly")
    error = TransientError(
        "Something unexpected went wrong; the operator finds it in the worker's log.",
        code="internal_error",
        title="Internal error",
    )
    return failed(attempt, error, again=True)


def succeeded(result: dict[str, Any]) -> Changes:
    """Return the changes that end a job well."""
    return {"to": JobState.SUCCEEDED, "result": result, "error": None, "progress_stage": "done"}


def failed(attempt: Run, error: PermanentError, *, again: bool) -> Changes:
    """Return the changes for an error: back to the queue if it may pass and tries are left."""
    reason = {"code": error.code, "title": error.title, "detail": error.detail}
    failures = attempt.job.failures + 1
    if again and failures < attempt.job.max_failures:
        delay = backoff(failures, error.retry_after)
        return {
            "to": JobState.QUEUED,
            "outcome": "retried",
            "reason": reason,
            "failures": failures,
            "error": reason,
            "run_after": in_seconds(delay),
            "progress_stage": "waiting_to_retry",
        }
    logger.warning("job failed: %s", error.code)
    return {"to": JobState.FAILED, "reason": reason, "failures": failures, "error": reason}


def backoff(failures: int, retry_after: float | None) -> float:
    """Return how many seconds to wait: growing, with jitter, and as long as the server asked."""
    ceiling = min(300.0, settings.retry_base_seconds * 2 ** (failures - 1))
    asked = min(retry_after or 0.0, LONGEST_PAUSE)
    return max(asked, random.uniform(ceiling / 2, ceiling))


def _settle(attempt: Run, changes: Changes) -> tuple[Job | None, bool]:
    """Write the end of an attempt, however often it takes, exactly once in effect.

    Returns the job, None if it is not this attempt's any more, and whether others wait.
    """
    for last in [False] * (WRITE_TRIES - 1) + [True]:
        try:
            return _write(attempt, changes)
        except Unavailable:
            # The commit may have happened all the same. Trying again is safe: then the fence
            # refuses, since the row is not running any more.
            if last:
                raise
            threading.Event().wait(settings.lease_seconds / (2 * WRITE_TRIES))
    raise AssertionError("unreachable")


def _write(attempt: Run, changes: Changes) -> tuple[Job | None, bool]:
    with transaction(attempt.owner_id) as session:
        job = _end_with(session, attempt, changes)
        if job is None and _is_to_cancel(session, attempt):
            job = _end_with(session, attempt, {"to": JobState.CANCELLED})
        if job is None:
            logger.info("end of attempt not written: the job is not this attempt's any more")
            return None, False
        body = status.body_of(session, job)
        others_wait = bool(session.scalar(select(func.queue_waits(job.queue))))
    status.publish(job, body)
    logger.info("job %s", job.state, extra={"kind": job.kind})
    return job, others_wait


def _end_with(session: Session, attempt: Run, changes: Changes) -> Job | None:
    guards: list[Guard] = [held_by(attempt.attempt)]
    if changes["to"] is not JobState.CANCELLED:
        # A cancellation that was asked for in time never loses to what came after it.
        guards.append(Job.cancel_requested_at.is_(None))
    job = transition(session, attempt.job.id, *guards, usage=attempt.usage, **changes)
    if job is not None:
        attempt.save(session)
    if job is not None and job.state == JobState.SUCCEEDED:
        attempt.complete(session)
    return job


def _is_to_cancel(session: Session, attempt: Run) -> bool:
    return bool(
        session.scalar(
            select(Job.cancel_requested_at.is_not(None)).where(
                Job.id == attempt.job.id, held_by(attempt.attempt)
            )
        )
    )
