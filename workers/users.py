"""Work on users."""

from celery import shared_task

from assistant.services import departures, jobs


@shared_task(name="users.delete")
def delete(job_id: str) -> None:
    """Remove a user with everything that is theirs."""
    jobs.run(job_id, departures.erase)
