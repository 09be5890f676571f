"""The Celery tasks of jobs: one for each kind, of its name, which carries a job's id."""

from celery import Celery

from assistant.services import jobs
from workers import loading


def add_tasks(celery: Celery) -> None:
    """Give every kind of job that the application knows its task."""
    for kind in jobs.job_table():
        celery.task(name=kind.name)(_run)


def _run(job_id: str) -> None:
    # Not yet claimed, it waits as long as a process that has just begun is still loading.
    loading.done.wait(loading.LOADING_SECONDS)
    jobs.run(job_id)
