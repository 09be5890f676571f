"""Counting the words of a document's name."""

import uuid
from typing import Any

from uuid_utils.compat import uuid7

from assistant.database import transaction
from assistant.models import Document, Job
from assistant.services import jobs
from assistant.services.documents import documents
from assistant.services.jobs import Run
from tests.extra_kind.kinds import COUNT


def create(owner_id: uuid.UUID, document_id: uuid.UUID, retry_of: uuid.UUID | None = None) -> Job:
    """Promise to count."""
    with transaction(owner_id) as session:
        document = documents.find_live(session, owner_id, document_id)
        job = jobs.accept(
            session,
            job_id=uuid7(),
            owner_id=owner_id,
            kind=COUNT,
            document_id=document.id,
            retry_of=retry_of,
        )
    jobs.announce(job)
    return job


def retry(owner_id: uuid.UUID, old: Job) -> Job:
    """Promise once more."""
    assert old.document_id is not None
    return create(owner_id, old.document_id, old.id)


def count(run: Run) -> dict[str, Any]:
    """Count, and return how many words there are."""
    with transaction(run.owner_id) as session:
        document = session.get_one(Document, run.job.document_id)
    run.progress("counting", 1, 1)
    return {"words": len(document.filename.split()), "name": document.filename}
