"""Work on documents."""

from celery import shared_task

from assistant.services import jobs
from assistant.services.documents import indexing
from assistant.services.generation import analysis


@shared_task(name="documents.index")
def index(job_id: str) -> None:
    """Make a document searchable."""
    jobs.run(job_id, indexing.index)


@shared_task(name="documents.delete")
def delete(job_id: str) -> None:
    """Remove a document everywhere."""
    jobs.run(job_id, indexing.delete)


@shared_task(name="documents.analyze")
def analyze(job_id: str) -> None:
    """Summarise a document."""
    jobs.run(job_id, analysis.analyze)
