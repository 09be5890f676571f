"""Work on collections."""

from celery import shared_task

from assistant.services import jobs
from assistant.services.documents import collection_deletion


@shared_task(name="collections.delete")
def delete(job_id: str) -> None:
    """Remove a collection with its documents."""
    jobs.run(job_id, collection_deletion.erase)
