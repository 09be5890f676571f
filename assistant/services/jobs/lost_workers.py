"""What becomes of a job whose worker was lost: it goes back, at last alone, and not for ever.

Jobs in threads share a process, so one of them takes the others along when it dies. What was
there twice runs alone from then on, in quarantine, and only a loss there counts as its own doing.
While PostgreSQL is away nobody can renew a lease, so one that it outlasted says nothing of its
worker and counts nothing.
"""

from datetime import datetime, timedelta
from typing import Any

from assistant.extensions import settings
from assistant.models import Job, JobState, Queue
from assistant.services.jobs.runs import Stopping
from assistant.services.jobs.statements import NOW

LOSSES_BEFORE_QUARANTINE = 2
MAX_QUARANTINE_LOSSES = 3

WORKER_LOST = {
    "code": "worker_lost",
    "title": "Worker lost",
    "detail": "The worker that had this job stopped answering.",
}
DATABASE_AWAY = {
    "code": "database_away",
    "title": "Database away",
    "detail": "PostgreSQL was away, so nobody could say that this job was still worked on.",
}
LEASE_NOT_RENEWED = {
    "code": "lease_not_renewed",
    "title": "Lease not renewed",
    "detail": "The worker could not say in time that it had this job, and gave it back.",
}
WORKER_LEAVES = {
    "code": "worker_leaves",
    "title": "Worker leaves",
    "detail": "The worker that had this job was to end, and gave it back.",
}
# Back to the queue, to run as soon as it can, with nothing counted.
GIVEN_BACK: dict[str, Any] = {
    "to": JobState.QUEUED,
    "outcome": "released",
    "run_after": NOW,
    "progress_stage": "queued",
}


def given_back(why: Stopping) -> dict[str, Any]:
    """Return the changes for a running job that its worker puts down, not because it was told to.

    A lease that is believed lost is given back too, if the fence lets that pass: whoever can say
    so is alive, and only the dead are a reason to be careful.
    """
    reason = LEASE_NOT_RENEWED if why is Stopping.LEASE_LOST else WORKER_LEAVES
    return {**GIVEN_BACK, "reason": reason}


def after_loss(job: Job, last_outage: datetime | None) -> dict[str, Any]:
    """Return the changes for a running job whose lease is lost."""
    if last_outage is not None and not _renewed_since(job, last_outage):
        if job.cancel_requested_at is not None:
            return {"to": JobState.CANCELLED, "reason": DATABASE_AWAY}
        return {**GIVEN_BACK, "reason": DATABASE_AWAY}
    alone = job.queue == Queue.QUARANTINE
    losses = job.lease_losses + 1
    own = job.quarantine_losses + alone
    changes: dict[str, Any] = {
        "outcome": "lease_lost",
        "reason": WORKER_LOST,
        "lease_losses": losses,
        "quarantine_losses": own,
    }
    if job.cancel_requested_at is not None:
        return {"to": JobState.CANCELLED, **changes}
    if own >= MAX_QUARANTINE_LOSSES:
        detail = f"{own} workers were lost while this was the only job that they had."
        return {"to": JobState.FAILED, **changes, "error": {**WORKER_LOST, "detail": detail}}
    if losses >= LOSSES_BEFORE_QUARANTINE:
        changes["queue"] = Queue.QUARANTINE
    return {"to": JobState.QUEUED, **changes, "run_after": NOW, "progress_stage": "queued"}


def _renewed_since(job: Job, moment: datetime) -> bool:
    assert job.lease_expires_at is not None
    return job.lease_expires_at > moment + timedelta(seconds=settings.lease_seconds)
