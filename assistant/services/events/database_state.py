"""Read from PostgreSQL what a follower of a job has to know."""

import uuid
from dataclasses import dataclass

from sqlalchemy import select

from assistant.database import transaction
from assistant.errors import NotFound
from assistant.models import Job, Message
from assistant.models.job import TERMINAL
from assistant.services import jobs
from assistant.services.jobs.event_log import ATTEMPT, LAST, OTHERS


@dataclass(frozen=True, slots=True)
class Truth:
    """The job, and a reply's text up to the event `job.event_number`; `done` is JSON.

    `reasoning` is what was thought before it, up to the same event.
    """

    job: Job
    text: str | None
    reasoning: str
    done: str | None

    @property
    def last(self) -> int:
        """Return the greatest number that an event of the job can have so far."""
        end = LAST if self.done is not None else OTHERS + self.job.version
        return self.job.attempt * ATTEMPT + end


def read(owner_id: uuid.UUID, job_id: uuid.UUID) -> Truth:
    """Return what is true now; raises `NotFound` for a job that is not the owner's."""
    # One statement: each sees another moment, and between two of them a checkpoint may be kept.
    query = (
        select(Job, Message.content, Message.reasoning)
        .outerjoin(Message, Message.job_id == Job.id)
        .where(Job.id == job_id, Job.owner_id == owner_id)
    )
    with transaction(owner_id) as session:
        found = session.execute(query).one_or_none()
        if found is None:
            raise NotFound("There is no job with this id.")
        job, content, reasoning = found
        text = (content or "") if jobs.job_table().kind_of(job).streams else None
        done = None
        if job.state in TERMINAL:
            done = jobs.encode(jobs.body_of(session, job)).decode()
    return Truth(job, text, reasoning or "", done)
