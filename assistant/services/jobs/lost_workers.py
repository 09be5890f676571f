"""Decide what becomes of a job whose worker was lost: again, alone in quarantine, or failed.

Jobs in threads share a process, so one of them takes the others along when it dies. What was
there twice runs alone from then on, in quarantine, and only a loss there counts as its own doing.
While PostgreSQL is away nobody can renew a lease, so one that it outlasted says nothing of its
worker and counts nothing.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from assistant.extensions import settings
from assistant.models import Job, JobState, Queue
from assistant.services.jobs.endings import CANCELLED, Ending, Losses, Reason, given_back
from assistant.services.jobs.runs import Stopping

LOSSES_BEFORE_QUARANTINE = 2
MAX_QUARANTINE_LOSSES = 3

WORKER_LOST = Reason(
    "worker_lost", "Worker lost", "The worker that had this job stopped answering."
)
DATABASE_AWAY = Reason(
    "database_away",
    "Database away",
    "PostgreSQL was away, so nobody could say that this job was still worked on.",
)
LEASE_NOT_RENEWED = Reason(
    "lease_not_renewed",
    "Lease not renewed",
    "The worker could not say in time that it had this job, and gave it back.",
)
WORKER_LEAVES = Reason(
    "worker_leaves", "Worker leaves", "The worker that had this job was to end, and gave it back."
)
OTHERS_WAIT = Reason(
    "others_wait", "Others wait", "The work is in no hurry, and let what others wait for go first."
)


def put_down(why: Stopping) -> Ending:
    """Return how an attempt ends that was stopped.

    A lease that is believed lost is given back too, if the fence lets that pass: whoever can say
    so is alive, and only the dead are a reason to be careful.
    """
    if why is Stopping.CANCELLED:
        return CANCELLED
    reasons = {Stopping.LEASE_LOST: LEASE_NOT_RENEWED, Stopping.OVERTAKEN: OTHERS_WAIT}
    return given_back(reasons.get(why, WORKER_LEAVES))


def after_loss(job: Job, last_outage: datetime | None) -> Ending:
    """Return how the attempt ends of a running job whose lease is lost."""
    if last_outage is not None and not _renewed_since(job, last_outage):
        if job.cancel_requested_at is not None:
            return Ending(JobState.CANCELLED, reason=DATABASE_AWAY)
        return given_back(DATABASE_AWAY)
    alone = job.queue == Queue.QUARANTINE
    losses = Losses(job.lease_losses + 1, job.quarantine_losses + alone)
    if job.cancel_requested_at is not None:
        return Ending(JobState.CANCELLED, "lease_lost", WORKER_LOST, losses=losses)
    if losses.in_quarantine >= MAX_QUARANTINE_LOSSES:
        detail = (
            f"{losses.in_quarantine} workers were lost while this was the only job that they had."
        )
        reason = replace(WORKER_LOST, detail=detail)
        return Ending(JobState.FAILED, "lease_lost", reason, shown=True, losses=losses)
    alone_from_now_on = losses.in_all >= LOSSES_BEFORE_QUARANTINE
    return given_back(WORKER_LOST, losses, Queue.QUARANTINE if alone_from_now_on else None)


def _renewed_since(job: Job, moment: datetime) -> bool:
    assert job.lease_expires_at is not None
    return job.lease_expires_at > moment + timedelta(seconds=settings.lease_seconds)
