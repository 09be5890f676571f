"""Taking a queued job: whoever changes its row first has it."""

import threading
import time
import uuid
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from assistant.database import SYSTEM, transaction
from assistant.errors import Unavailable
from assistant.extensions import settings
from assistant.models import Job
from assistant.models.job import PAYLOAD_VERSION
from assistant.services.jobs import deadlines
from assistant.services.jobs.statements import NOW, Computed, Seconds
from assistant.services.jobs.transitions import (
    FIRST_IN_SEQUENCE,
    NOT_CANCELLED,
    QUEUED,
    Change,
    change,
    guard,
    rung_in,
)

_DUE = guard(Job.run_after <= NOW)
_IN_TIME = guard(Job.deadline_at > NOW)
# What a newer release asks for is left to its own workers.
_UNDERSTOOD = guard(Job.payload_version <= PAYLOAD_VERSION)
_NEXT_ATTEMPT = Computed(Job.attempt + 1)
_FIRST_START = Computed(func.coalesce(Job.started_at, NOW))
_FIRST_STAGE = Computed(func.coalesce(Job.arguments["first_stage"].astext, "running"))

# How often a claim is tried while the database is away.
CLAIM_TRIES = 5


class Claim(NamedTuple):
    """A job that is taken, and whether others wait in its queue.

    Its lease did not begin before `asked_at`, by this process's monotonic clock.
    """

    job: Job
    others_wait: bool
    asked_at: float


def claim(job_id: uuid.UUID, worker: str, queue: str | None = None) -> Claim | None:
    """Take a queued job, or return None if there is nothing to do under this id.

    With a `queue`, only if it waits there.

    A claim whose commit was not confirmed is looked for under its token. Raises `Unavailable` if
    the database stays away.
    """
    token, began = uuid.uuid4(), time.monotonic()
    for last in [False] * (CLAIM_TRIES - 1) + [True]:
        try:
            return _claim_once(job_id, worker, queue, token, began)
        except IntegrityError:
            # Two jobs of one sequence were claimed in the same instant; the index lets one pass.
            return None
        except Unavailable:
            if last:
                raise
            threading.Event().wait(settings.heartbeat_seconds / 2)
    raise AssertionError("unreachable")


def _claim_once(
    job_id: uuid.UUID, worker: str, queue: str | None, token: uuid.UUID, began: float
) -> Claim | None:
    asked_at = time.monotonic()
    with transaction(SYSTEM) as session:
        claimed = _claim(session, job_id, worker, queue, token)
        if claimed is not None:
            return Claim(*claimed, asked_at)
        job = session.scalar(select(Job).where(Job.id == job_id, Job.claim_token == token))
    # Whether others wait is not known, so somebody has to look.
    return None if job is None else Claim(job, others_wait=True, asked_at=began)


def _claim(
    session: Session, job_id: uuid.UUID, worker: str, queue: str | None, token: uuid.UUID
) -> Change | None:
    its_bell = () if queue is None else (rung_in(queue),)
    return change(
        session,
        job_id,
        *(QUEUED, _DUE, _IN_TIME, _UNDERSTOOD, NOT_CANCELLED, FIRST_IN_SEQUENCE),
        *its_bell,
        begins=True,
        attempt=_NEXT_ATTEMPT,
        worker=worker,
        claim_token=token,
        lease_expires_at=Seconds(settings.lease_seconds),
        started_at=_FIRST_START,
        dispatched_at=None,
        deadline_at=deadlines.WHILE_RUNNING,
        progress_stage=_FIRST_STAGE,
        progress_done=0,
        progress_total=None,
    )
