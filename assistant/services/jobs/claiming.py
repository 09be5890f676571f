"""Taking a queued job: whoever changes its row first has it."""

import threading
import uuid

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from assistant.database import SYSTEM, transaction
from assistant.errors import Unavailable
from assistant.extensions import settings
from assistant.models import Job, JobState
from assistant.models.job import PAYLOAD_VERSION
from assistant.services.jobs.transitions import (
    NOT_CANCELLED,
    NOW,
    QUEUED,
    Seconds,
    no_earlier_in_sequence,
    transition,
)

_DUE = Job.run_after <= NOW
_IN_TIME = Job.deadline_at > NOW
# What a newer release asks for is left to its own workers.
_UNDERSTOOD = Job.payload_version <= PAYLOAD_VERSION
_NEXT_ATTEMPT = Job.attempt + 1
_FIRST_START = func.coalesce(Job.started_at, NOW)
_FIRST_STAGE = func.coalesce(Job.arguments["first_stage"].astext, "running")

# How often a claim is tried while the database is away.
CLAIM_TRIES = 5


def claim(job_id: uuid.UUID, worker: str) -> tuple[Job, bool] | None:
    """Take a queued job, or return None if there is nothing to do under this id.

    The second value says whether other jobs wait in the same queue. A claim whose commit was not
    confirmed is looked for under its token. Raises `Unavailable` if the database stays away.
    """
    token = uuid.uuid4()
    for last in [False] * (CLAIM_TRIES - 1) + [True]:
        try:
            return _claim_once(job_id, worker, token)
        except IntegrityError:
            # Two jobs of one sequence were claimed in the same instant; the index lets one pass.
            return None
        except Unavailable:
            if last:
                raise
            threading.Event().wait(settings.heartbeat_seconds / 2)
    raise AssertionError("unreachable")


def _claim_once(job_id: uuid.UUID, worker: str, token: uuid.UUID) -> tuple[Job, bool] | None:
    with transaction(SYSTEM) as session:
        job = _claim(session, job_id, worker, token) or session.scalar(
            select(Job).where(Job.id == job_id, Job.claim_token == token)
        )
        waits = job and session.scalar(select(func.queue_waits(job.queue)))
    return (job, bool(waits)) if job else None


def _claim(session: Session, job_id: uuid.UUID, worker: str, token: uuid.UUID) -> Job | None:
    return transition(
        session,
        job_id,
        *(QUEUED, _DUE, _IN_TIME, _UNDERSTOOD, NOT_CANCELLED, no_earlier_in_sequence()),
        to=JobState.RUNNING,
        attempt=_NEXT_ATTEMPT,
        worker=worker,
        claim_token=token,
        lease_expires_at=Seconds(settings.lease_seconds),
        started_at=_FIRST_START,
        dispatched_at=None,
        progress_stage=_FIRST_STAGE,
        progress_done=0,
        progress_total=None,
    )
