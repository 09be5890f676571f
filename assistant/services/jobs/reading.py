"""Jobs and their attempts, as their owner may read them."""

import uuid

from sqlalchemy import select

from assistant.database import transaction
from assistant.errors import NotFound
from assistant.models import Job
from assistant.models.job import OPEN
from assistant.services.jobs.kinds import Body, job_table
from assistant.services.jobs.status import bodies_of
from assistant.services.jobs.stopping import open_of
from assistant.services.paging import Page, page_of


def get(owner_id: uuid.UUID, job_id: uuid.UUID) -> Job:
    """Return a job of this owner; raises `NotFound`."""
    with transaction(owner_id) as session:
        job = session.scalar(select(Job).where(Job.id == job_id, Job.owner_id == owner_id))
    if job is None:
        raise NotFound("There is no job with this id.")
    return job


def list_(
    owner_id: uuid.UUID, page: Page, *, state: str | None = None, kind: str | None = None
) -> list[Body]:
    """Return the owner's jobs, newest first; raises `InvalidInput` for a kind that is none."""
    query = select(Job).where(Job.owner_id == owner_id)
    if state:
        query = query.where(Job.state == state)
    if state in OPEN:
        # Found among what is open, however much has ended.
        query = query.where(open_of(owner_id))
    if kind:
        query = query.where(Job.kind == job_table().demand(kind))
    with transaction(owner_id) as session:
        jobs = page_of(session, query, Job, page)
        return bodies_of(session, jobs)
