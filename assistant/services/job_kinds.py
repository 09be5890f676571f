"""Trying a job once more, as a new job."""

import uuid
from collections.abc import Callable

from sqlalchemy.exc import IntegrityError

from assistant.errors import Conflict
from assistant.models import Job, JobKind, JobState
from assistant.services import jobs
from assistant.services.accounts import deletion as account_deletion
from assistant.services.conversations import regenerating
from assistant.services.documents import changes, collection_deletion, documents
from assistant.services.generation import analysis

_AGAIN: dict[str, Callable[[uuid.UUID, Job], Job]] = {
    JobKind.REPLY: regenerating.retry,
    JobKind.INDEX: changes.retry,
    JobKind.DELETE_DOCUMENT: documents.retry,
    JobKind.ANALYZE: analysis.retry,
    JobKind.DELETE_COLLECTION: collection_deletion.retry,
    JobKind.DELETE_USER: account_deletion.retry,
}


def retry(owner_id: uuid.UUID, job_id: uuid.UUID) -> Job:
    """Promise again what a failed or cancelled job did not do; on any other raise `Conflict`."""
    old = jobs.get(owner_id, job_id)
    if old.state not in (JobState.FAILED, JobState.CANCELLED):
        raise Conflict(f"The job is {old.state}; only a failed or cancelled one can be retried.")
    try:
        return _AGAIN[old.kind](owner_id, old)
    except IntegrityError:
        raise Conflict("This job was retried already; retry the newer one.") from None
