"""One attempt at a job, from the claim to the state that ends it."""

import logging
import socket
import uuid

from celery import current_task

from assistant.crashes import crash_point
from assistant.errors import AssistantError, PermanentError, TransientError, Unavailable
from assistant.logs import log_context
from assistant.models import Job, JobState, Queue
from assistant.services.jobs import draining, endings, moving, status
from assistant.services.jobs.claiming import claim
from assistant.services.jobs.dispatching import dispatch
from assistant.services.jobs.endings import Ending
from assistant.services.jobs.finishing import finish
from assistant.services.jobs.kinds import Work, job_table
from assistant.services.jobs.leases import leases
from assistant.services.jobs.line import OTHER_LANE
from assistant.services.jobs.lost_workers import put_down
from assistant.services.jobs.runs import Run, Stopped, Stopping
from assistant.shortages import shortage_in

logger = logging.getLogger(__name__)

# The request that asked for a job is named in the worker's log too.
LOGGED = ("request_id", "job_id", "attempt")


def run(job_id: str, work: Work | None = None) -> None:
    """Claim a job, do its work and write how it ended; do nothing if there is nothing to claim.

    `work`, by default what its kind is bound to, returns the result (ids and small figures). It
    raises `TransientError` to be tried again, `PermanentError` to fail, and lets `Stopped` pass.
    """
    if draining.begun():
        # The sweeper rings again, for a worker that stays.
        return
    try:
        claimed = claim(uuid.UUID(job_id), worker_name(), _rung_in())
    except Unavailable as error:
        logger.warning("not claimed: %s", error.detail, extra={"job_id": job_id})
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
            others_wait = _end(attempt, _do(attempt, work or _work_of(job)))
        finally:
            leases().drop(attempt)
    # What comes next in the sequence of a job in quarantine may wait in any queue.
    if others_wait or job.queue == Queue.QUARANTINE:
        dispatch(job.queue)
    if (other_lane := OTHER_LANE.get(job.queue)) is not None:
        # There waits what was moved just now, or what comes next in the sequence.
        dispatch(other_lane)


def _work_of(job: Job) -> Work:
    binding = job_table().binding_of(job)
    assert binding is not None, f"no task rings for {job.kind} here"
    return binding.work


def _show(attempt: Run) -> None:
    """Tell of a claim; that it cannot be told is no reason not to work."""
    job = attempt.job
    begun = [attempt.event("state", {"state": job.state, "attempt": job.attempt})]
    if job_table().kind_of(job).streams:
        # Followers forget what an earlier attempt said.
        begun.append(attempt.event("snapshot", {"text": ""}))
    try:
        status.publish_claimed(job, *begun)
    except Unavailable as error:
        logger.warning("claim not shown: %s", error.detail)
    except Exception:
        logger.exception("claim not shown")


def _rung_in() -> str | None:
    """Return the queue through which the bell came; None outside of a worker.

    A job may have moved since: a second bell that was rung before must not take it along.
    """
    request = current_task.request if current_task else None
    delivery = (request and request.delivery_info) or {}
    queue: str | None = delivery.get("routing_key")
    return queue


def worker_name() -> str:
    """Return the name of this worker, as Flower shows it."""
    request = current_task.request if current_task else None
    return (request and request.hostname) or socket.gethostname()


def _do(attempt: Run, work: Work) -> Ending:
    """Do the work; return how the attempt ends."""
    try:
        attempt.check()
        with moving.moving_in_time(attempt):
            last_stage = job_table().kind_of(attempt.job).last_stage
            return endings.succeeded(work(attempt), last_stage)
    except Stopped as stopped:
        if stopped.why is Stopping.MOVED:
            return moving.moved(attempt.job)
        return put_down(stopped.why)
    except Exception as error:
        return _after(attempt, error)


def _after(attempt: Run, error: Exception) -> Ending:
    """Return how an attempt ends whose work has raised this, which is being handled."""
    if (shortage := shortage_in(error)) is not None:
        logger.warning("the job waits: %s (%r)", shortage.what, error)
        return endings.tried_again(attempt.job, shortage.postponement())
    if isinstance(error, TransientError):
        return endings.tried_again(attempt.job, error)
    if isinstance(error, PermanentError):
        return endings.failed(attempt.job, error)
    if isinstance(error, Unavailable):
        waits = TransientError(error.detail, code=error.code, counted=False)
        return endings.tried_again(attempt.job, waits)
    return unexpected(attempt)


def _end(attempt: Run, ending: Ending) -> bool:
    """Write how the attempt ended; return whether other jobs wait in the queue."""
    crash_point("worker.before_finish")
    try:
        job, others_wait = finish(attempt, ending)
    except Unavailable as error:
        logger.warning("end of attempt not written: %s", error.detail)
        return False
    except Exception as error:
        # What the work wants to have written cannot be. It must not keep the job from ending.
        job, others_wait = _end_without(attempt, error)
    crash_point("worker.after_finish")
    if job is not None and job.state == JobState.SUCCEEDED:
        _tidy(attempt)
    return others_wait


def _end_without(attempt: Run, error: Exception) -> tuple[Job | None, bool]:
    # Found out in the transaction that was to end it.
    ending = _after(attempt, error) if isinstance(error, TransientError) else unexpected(attempt)
    attempt.complete = lambda session: None
    try:
        return finish(attempt, ending)
    except Exception:
        logger.exception("what there is of the work cannot be kept")
        attempt.save = lambda session: None
        # Else followers would count as whole, up to here, a text that is not kept.
        attempt.text_number = None
        return finish(attempt, ending)


def _tidy(attempt: Run) -> None:
    try:
        attempt.afterwards()
    except AssistantError as error:
        logger.warning("tidying up failed: %s", error.detail)
    except Exception:
        logger.exception("tidying up failed")


def unexpected(attempt: Run) -> Ending:
    """Log the exception at hand, and return how the attempt ends; it is told to nobody else."""
    logger.exception("job failed unexpectedly")
    error = TransientError(
        "Something unexpected went wrong; the operator finds it in the worker's log.",
        code="internal_error",
        title="Internal error",
    )
    return endings.tried_again(attempt.job, error)
