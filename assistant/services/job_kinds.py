"""What each kind of job does, how it is tried once more, and what its result looks like."""

import uuid

from sqlalchemy.exc import IntegrityError

from assistant.errors import Conflict
from assistant.models import Job, JobState
from assistant.services import jobs
from assistant.services.accounts import deletion as account_deletion
from assistant.services.conversations import messages, regenerating
from assistant.services.documents import (
    changes,
    collection_deletion,
    deletion,
    erasure,
    index_building,
    indexing,
)
from assistant.services.evaluation import evaluations, work
from assistant.services.generation import analysis, replies
from assistant.services.jobs import kinds
from assistant.services.jobs.kinds import Binding
from assistant.services.responses import creating, generating

BINDINGS = {
    kinds.REPLY: Binding(replies.generate, regenerating.retry, messages.reply_results),
    kinds.RESPOND: Binding(generating.respond, creating.retry),
    kinds.INDEX: Binding(indexing.index, changes.retry),
    kinds.INDEX_COLLECTION: Binding(index_building.build, index_building.retry),
    kinds.ANALYZE: Binding(analysis.analyze, analysis.retry),
    kinds.EVALUATE: Binding(work.evaluate, evaluations.retry),
    kinds.DELETE_DOCUMENT: Binding(deletion.erase, deletion.retry, erasure.receipts_of),
    kinds.DELETE_COLLECTION: Binding(
        collection_deletion.erase, collection_deletion.retry, erasure.receipts_of
    ),
    kinds.DELETE_USER: Binding(account_deletion.erase, account_deletion.retry, erasure.receipts_of),
}


def retry(owner_id: uuid.UUID, job_id: uuid.UUID) -> Job:
    """Promise again what a failed or cancelled job did not do; on any other raise `Conflict`."""
    old = jobs.get(owner_id, job_id)
    if old.state not in (JobState.FAILED, JobState.CANCELLED):
        raise Conflict(f"The job is {old.state}; only a failed or cancelled one can be retried.")
    binding = kinds.job_table().binding_of(old)
    if binding is None:
        raise Conflict("A newer release has accepted this job, and only that can retry it.")
    try:
        return binding.retry(owner_id, old)
    except IntegrityError:
        raise Conflict("This job was retried already; retry the newer one.") from None
