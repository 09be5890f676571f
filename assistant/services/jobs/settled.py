"""Insert a job that has nothing to do: it has succeeded when it is accepted."""

import uuid
from typing import Any

from sqlalchemy import func, insert
from sqlalchemy.orm import Session

from assistant.crashes import crash_point
from assistant.database import table_of
from assistant.extensions import settings
from assistant.logs import log_ids
from assistant.models import Job, JobState
from assistant.services.jobs.kinds import JobKind

_TABLE = table_of(Job)


def accept_settled(
    session: Session,
    *,
    job_id: uuid.UUID,
    owner_id: uuid.UUID,
    kind: JobKind,
    result: dict[str, Any],
    **about: uuid.UUID | None,
) -> Job:
    """Insert an ended job in the caller's transaction; call `announce` after the commit.

    It is never open, so no limit counts it, and it has no attempt. `about` is as for `accept`.
    """
    row = session.connection().execute(
        insert(_TABLE)
        .values(
            **about,
            id=job_id,
            owner_id=owner_id,
            kind=kind.name,
            queue=kind.queue,
            arguments=log_ids("request_id"),
            max_failures=kind.max_failures(settings),
            state=JobState.SUCCEEDED,
            progress_stage="done",
            result=result,
            deadline_at=func.now(),
            started_at=func.now(),
            finished_at=func.now(),
        )
        .returning(*_TABLE.c)
    )
    crash_point("api.before_commit")
    return Job(**row.one()._mapping)
