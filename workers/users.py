"""Work on users."""

from celery import shared_task

from assistant.services import jobs
from assistant.services.accounts import deletion as account_deletion


@shared_task(name="users.delete")
def delete(job_id: str) -> None:
    """Remove a user with everything that is theirs."""
    jobs.run(job_id, account_deletion.erase)
