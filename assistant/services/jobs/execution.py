"""One attempt at a job, from the claim to the state that ends it."""

import logging
import random
import socket
import uuid
from collections.abc import Callable
from typing import Any

from celery import current_task

from assistant.crashes import crash_point
from assistant.errors import AssistantError, PermanentError, TransientError, Unavailable
from assistant.extensions import settings
from assistant.logs import log_context
from assistant.models import Job, JobKind, JobState
from assistant.services.jobs import draining, status
from assistant.services.jobs.claiming import claim
from assistant.services.jobs.dispatching import dispatch
from assistant.services.jobs.finishing import Changes, settle
from assistant.services.jobs.leases import leases
from assistant.services.jobs.lost_workers import given_back
from assistant.services.jobs.runs import Run, Stopped, Stopping
from assistant.services.jobs.statements import Seconds

logger = logging.getLogger(__name__)

Work = Callable[[Run], dict[str, Any]]

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
    crash_point("worker.after_claim")
    job, others_wait, asked_at = claimed
    attempt = Run(job)
    attempt.renewed_at = asked_at
    leases().add(attempt)
    ids = {**job.arguments, "job_id": job_id, "attempt": job.attempt}
    with log_context(**{name: ids[name] for name in LOGGED if name in ids}):
        about = {"kind": job.kind, "queue": job.queue, "stage": job.progress_stage}
        logger.info("job claimed", extra=about)
        try:
            _show(attempt)
            if others_wait:
                dispatch(job.queue)
            others_wait = _end(attempt, _do(attempt, work))
        finally:
            leases().drop(attempt)
    if others_wait:
        dispatch(job.queue)


def _show(attempt: Run) -> None:
    """Tell of a claim; that it cannot be told is no reason not to work."""
    job = attempt.job
    begun = [attempt.event("state", {"state": job.state, "attempt": job.attempt})]
    if job.kind == JobKind.REPLY:
        # Followers forget what an earlier attempt said.
        begun.append(attempt.event("snapshot", {"text": ""}))
    try:
        status.publish_claimed(job, *begun)
    except Unavailable:
        logger.warning("claim not shown: the database is away")
    except Exception:
        logger.exception("claim not shown")


def worker_name() -> str:
    """Return the name of this worker, as Flower shows it."""
    request = current_task.request if current_task else None
    return (request and request.hostname) or socket.gethostname()


def _do(attempt: Run, work: Work) -> Changes:
    """Do the work; return the changes that end the attempt."""
    try:
        attempt.check()
        return succeeded(work(attempt))
    except Stopped as stopped:
        return put_down(attempt, stopped.why)
    except TransientError as error:
        return tried_again(attempt, error)
    except PermanentError as error:
        return failed(attempt, error)
    except Unavailable as error:
        return tried_again(attempt, TransientError(error.detail, counted=False))
    except Exception:
        return unexpected(attempt)


def _end(attempt: Run, changes: Changes) -> bool:
    """Write how the attempt ended; return whether other jobs wait in the queue."""
    crash_point("worker.before_finish")
    try:
        job, others_wait = settle(attempt, changes)
    except Unavailable:
        logger.warning("end of attempt not written: the database is away")
        return False
    except Exception:
        # What the work wants to have written cannot be. It must not keep the job from ending.
        job, others_wait = _end_without(attempt)
    crash_point("worker.after_finish")
    if job is not None and job.state == JobState.SUCCEEDED:
        _tidy(attempt)
    return others_wait


def _end_without(attempt: Run) -> tuple[Job | None, bool]:
    changes = unexpected(attempt)
    attempt.complete = lambda session: None
    try:
        return settle(attempt, changes)
    except Exception:
        logger.exception("what there is of the work cannot be kept")
        attempt.save = lambda session: None
        # Else followers would count as whole, up to here, a text that is not kept.
        attempt.text_number = None
        return settle(attempt, changes)


def _tidy(attempt: Run) -> None:
    try:
        attempt.afterwards()
    except AssistantError as error:
        logger.warning("tidying up failed: %s", error.detail)
    except Exception:
        logger.exception("tidying up failed")


def put_down(attempt: Run, why: Stopping) -> Changes:
    """Return the changes for work that was stopped."""
    if why is Stopping.CANCELLED:
        return {"to": JobState.CANCELLED}
    return given_back(why)


def unexpected(attempt: Run) -> Changes:
    """Log the exception at hand, and return the changes for it; it is told to nobody else."""
    logger.exception("job failed unexpectedly")
    error = TransientError(
        "Something unexpected went wrong; the operator finds it in the worker's log.",
        code="internal_error",
        title="Internal error",
    )
    return tried_again(attempt, error)


def succeeded(result: dict[str, Any]) -> Changes:
    """Return the changes that end a job well."""
    return {"to": JobState.SUCCEEDED, "result": result, "error": None, "progress_stage": "done"}


def failed(attempt: Run, error: PermanentError) -> Changes:
    """Return the changes for an error that trying again cannot heal."""
    reason = _reason(error)
    failures = attempt.job.failures + 1
    return {"to": JobState.FAILED, "reason": reason, "failures": failures, "error": reason}


def tried_again(attempt: Run, error: TransientError) -> Changes:
    """Return the changes for an error that may pass: back to the queue, if tries are left."""
    failures = attempt.job.failures + error.counted
    if failures >= attempt.job.max_failures:
        return failed(attempt, error)
    # Without a count, the pauses grow with the attempts, but stay short: nobody asked for them.
    tries, longest = (failures, 300.0) if error.counted else (attempt.attempt, 15.0)
    reason = _reason(error)
    return {
        "to": JobState.QUEUED,
        "outcome": "retried",
        "reason": reason,
        "failures": failures,
        "error": reason,
        "run_after": Seconds(backoff(tries, error.retry_after, longest)),
        "progress_stage": "waiting_to_retry",
    }


def _reason(error: PermanentError) -> dict[str, str]:
    return {"code": error.code, "title": error.title, "detail": error.detail}


def backoff(tries: int, retry_after: float | None, longest: float = 300.0) -> float:
    """Return how many seconds to wait: growing, with jitter, and as long as the server asked."""
    ceiling = min(longest, settings.retry_base_seconds * 2 ** min(tries - 1, 16))
    asked = min(retry_after or 0.0, LONGEST_PAUSE)
    return max(asked, random.uniform(ceiling / 2, ceiling))
