"""Replies."""

from celery import shared_task

from assistant.services import jobs
from assistant.services.generation import replies


@shared_task(name="messages.reply")
def reply(job_id: str) -> None:
    """Generate the reply that a job promises."""
    jobs.run(job_id, replies.generate)
