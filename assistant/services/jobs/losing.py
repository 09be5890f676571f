"""What becomes of a job whose worker was lost: it goes back, at last alone, and not for ever.

Jobs in threads share a process, so one of them takes the others along when it dies. What was
there twice runs alone from then on, in quarantine, and only a loss there counts as its own doing.
"""

from typing import Any

from assistant.models import Job, JobState, Queue
from assistant.services.jobs.transitions import NOW

LOSSES_BEFORE_QUARANTINE = 2
MAX_QUARANTINE_LOSSES = 3

WORKER_LOST = {
    "code": "worker_lost",
    "title": "Worker lost",
    "detail": "The worker that had this job stopped answering.",
}


def after_loss(job: Job) -> dict[str, Any]:
    """Return the changes for a running job whose lease is lost."""
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
