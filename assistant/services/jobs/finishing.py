"""Write how an attempt ended, if it still has its job, and exactly once in effect."""

import logging
import threading
import time
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from assistant.database import transaction
from assistant.errors import Unavailable
from assistant.extensions import settings
from assistant.models import Job, JobState
from assistant.models.job import TERMINAL
from assistant.services.jobs import attempts, status
from assistant.services.jobs.endings import CANCELLED, Ending
from assistant.services.jobs.kinds import job_table
from assistant.services.jobs.runs import Run, log_refused
from assistant.services.jobs.transitions import (
    NOT_CANCELLED,
    Change,
    Guard,
    before_deadline,
    change,
    held_by,
)

logger = logging.getLogger(__name__)

# How often the end of an attempt is written again while the database is away; together the
# pauses stay below a lease, after which somebody else has the job.
WRITE_TRIES = 6


def finish(attempt: Run, ending: Ending) -> tuple[Job | None, bool]:
    """Write the end of an attempt, however often it takes.

    Returns the job, None if it is not this attempt's any more, and whether others wait. Raises
    `Unavailable` if the database stays away. One that answers and takes no writes, such as for want
    of room, is waited for as long as the lease is renewed: that the work is lost would count.
    """
    unknown, tries = False, 0
    while True:
        try:
            return _write(attempt, ending, unknown)
        except Unavailable as error:
            # The commit may have happened all the same. Trying again is safe: then the fence
            # refuses, and the row says whose end it was.
            unknown = unknown or not error.refused
            tries += 1
            if tries >= WRITE_TRIES and not (error.refused and _is_held(attempt)):
                raise
            threading.Event().wait(settings.lease_seconds / (2 * WRITE_TRIES))


def _is_held(attempt: Run) -> bool:
    age = time.monotonic() - attempt.renewed_at
    return attempt.stopping is None and age < settings.lease_seconds


def _write(attempt: Run, ending: Ending, unknown: bool) -> tuple[Job | None, bool]:
    with transaction(attempt.owner_id) as session:
        ended = _end(session, attempt, ending)
        if ended is None and unknown:
            ended = _written_before(session, attempt, ending)
        if ended is None:
            log_refused()
            return None, False
        job, others_wait = ended
        succeeded = job.state == JobState.SUCCEEDED
        body = status.body_of(session, job, attempt.render() if succeeded else None)
    said = attempt.before_end() if job.state in TERMINAL else ()
    status.publish(job, body, *said)
    logger.info("job %s", job.state, extra={"kind": job.kind, **_why(ending)})
    return job, others_wait


def _why(ending: Ending) -> dict[str, str]:
    """Return the code of what ended an attempt badly, for the log."""
    return {"reason": ending.reason.code} if ending.reason else {}


def _end(session: Session, attempt: Run, ending: Ending) -> Change | None:
    """Write the ending; if something stands against it, what has to be instead."""
    ended = _end_with(session, attempt, ending)
    if ended is not None:
        return ended
    held = select(Job.cancel_requested_at.is_not(None)).where(
        Job.id == attempt.job.id,
        Job.attempt == attempt.attempt,
        Job.is_running,
    )
    to_cancel = session.scalar(held.with_for_update())
    if to_cancel is None:
        return None
    if to_cancel:
        return _end_with(session, attempt, CANCELLED)
    # It would be tried again only after its deadline.
    in_vain = Ending(JobState.FAILED, reason=ending.reason, shown=True)
    return _end_with(session, attempt, in_vain)


def _end_with(session: Session, attempt: Run, ending: Ending) -> Change | None:
    guards: list[Guard] = [held_by(attempt.attempt)]
    if ending.to is not JobState.CANCELLED:
        # A cancellation that was asked for in time never loses to what came after it.
        guards.append(NOT_CANCELLED)
    more: dict[str, Any] = {}
    if attempt.text_number is not None:
        more["event_number"] = attempt.text_number
    if ending.pause is not None and ending.shown:
        # Where only work counts, a pause uses up nothing.
        counts_work = job_table().kind_of(attempt.job).work_seconds is not None
        guards.append(before_deadline(0.0 if counts_work else ending.pause))
    job_id = attempt.job.id
    ended = change(session, job_id, *guards, ending=ending, usage=attempt.usage, **more)
    if ended is not None:
        attempt.save(session)
        attempts.forget_old(session, ended.job)
    if ended is not None and ended.job.state == JobState.SUCCEEDED:
        attempt.complete(session)
    return ended


def _written_before(session: Session, attempt: Run, ending: Ending) -> Change | None:
    """Return the job if it is as this attempt has left it by a commit that nobody confirmed."""
    job = session.scalar(
        select(Job).where(
            Job.id == attempt.job.id,
            Job.attempt == attempt.attempt,
            # What stood against the ending has the last word, as in `_end`.
            Job.state.in_((ending.to, JobState.CANCELLED, JobState.FAILED)),
        )
    )
    # Whether others wait is not known, so somebody has to look.
    return None if job is None else Change(job, others_wait=True)
