"""What analyses say of documents: out of every copy, once the document is to be deleted."""

from typing import NamedTuple

from sqlalchemy import ColumnElement, null, update
from sqlalchemy.orm import Session

from assistant.models import Job
from assistant.services import jobs


class Erased(NamedTuple):
    """Analyses as they are now: those that were stopped, and all without what they said."""

    cancelled: jobs.Cancelled
    emptied: list[tuple[Job, jobs.Body]]


def erase(session: Session, *which: ColumnElement[bool]) -> Erased:
    """Stop what is to say something about deleted documents, and take out what was said.

    Called once no more can be promised: the documents are locked, or their deletion is committed.
    One that goes on would write its text after this. What it returns is for `show`, after the
    commit.
    """
    analyses = (Job.kind.in_(jobs.job_table().names(lambda kind: kind.is_text)), *which)
    cancelled = jobs.cancel_all(session, *analyses)
    emptied = session.scalars(
        update(Job)
        .where(*analyses)
        .values(result=null(), version=Job.version + 1)
        .returning(Job)
        .execution_options(populate_existing=True, synchronize_session=False)
    ).all()
    return Erased(cancelled, list(zip(emptied, jobs.bodies_of(session, emptied), strict=True)))


def show(erased: Erased) -> bool:
    """Show the analyses as they are now; return whether Redis, which has copies, has heard it."""
    jobs.follow_up(erased.cancelled)
    heard = [jobs.publish_emptied(job, body) for job, body in erased.emptied]
    return all(heard)
