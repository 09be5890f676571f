"""The Celery tasks of jobs: one for each kind, of its name, which carries a job's id."""

from celery import Celery

from assistant.services import jobs


def add_tasks(celery: Celery) -> None:
    """Give every kind of job that the application knows its task."""
    for kind in jobs.job_table():
        celery.task(name=kind.name)(_run)


def _run(job_id: str) -> None:
    jobs.run(job_id)
