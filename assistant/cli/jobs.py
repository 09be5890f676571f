"""`flask jobs`: the jobs of all owners."""

import uuid
from datetime import timedelta
from itertools import islice
from typing import Any

import click

from assistant.cli.groups import Group, each
from assistant.cli.job_tables import COLUMNS, JobKindName, print_job
from assistant.cli.output import (
    as_json,
    confirm,
    confirmed,
    continued,
    counted,
    limited,
    older_than,
    print_json,
    print_page,
)
from assistant.models import Job, JobState, Queue
from assistant.models.job import TERMINAL
from assistant.services import job_kinds
from assistant.services import jobs as engine
from assistant.services.accounts import users as people
from assistant.services.jobs import operating
from assistant.services.paging import Page

# In one transaction, so that hundreds take a second and none holds up their owners for long.
CANCELLED_AT_ONCE = 50

ids = click.argument("ids", metavar="ID...", nargs=-1, required=True, type=click.UUID)


@click.group(cls=Group)
def jobs() -> None:
    """Show, cancel, retry and clear away jobs, whoever owns them."""


@jobs.command("list")
@click.option("--state", type=click.Choice([state.value for state in JobState]))
@click.option("--kind", type=JobKindName())
@click.option("--queue", type=click.Choice([queue.value for queue in Queue]))
@click.option("--owner", metavar="NAME|ID", help="Only this user's.")
@limited
@continued
@as_json
def list_jobs(
    owner: str | None, limit: int, after: uuid.UUID | None, as_json: bool, **wanted: str | None
) -> None:
    """List jobs, newest first.

    \b
    Example:
      flask jobs list --state failed --kind documents.index --limit 10
    """
    owner_id = people.look_up(owner).id if owner else None
    found = operating.list_all(Page(limit=limit, after=after), owner_id=owner_id, **wanted)
    print_page(found, COLUMNS, limit, to_json=as_json, nothing="There are no such jobs.")


@jobs.command()
@click.argument("job_id", metavar="ID", type=click.UUID)
@as_json
def show(job_id: uuid.UUID, as_json: bool) -> None:
    """Show a job: its attempts with their reasons, and what it waits for.

    \b
    Example:
      flask jobs show 0199c3f2-7d3b-7c3e-9f43-0d6a4c2f1b11
    """
    job = operating.show(job_id)
    if as_json:
        print_json(job)
    else:
        print_job(job)


@jobs.command()
@ids
@as_json
def cancel(ids: tuple[uuid.UUID, ...], as_json: bool) -> None:
    """Cancel jobs: at once while they wait; one that runs is asked to stop.

    A job that has ended stays as it is.

    \b
    Example:
      flask jobs cancel 0199c3f2-7d3b-7c3e-9f43-0d6a4c2f1b11
    """

    pending, found = dict.fromkeys(ids), dict[uuid.UUID, Job]()

    def work(job_id: uuid.UUID) -> tuple[dict[str, Any], str]:
        if job_id in pending:
            portion = list(islice(pending, CANCELLED_AT_ONCE))
            found.update(operating.cancel(portion))
            for one in portion:
                del pending[one]
        if job_id not in found:
            raise operating.no_such_job(job_id)
        job = found[job_id]
        asked = job.state == JobState.RUNNING
        ended = {JobState.SUCCEEDED: "succeeded already", JobState.FAILED: "failed already"}
        word = "running, and asked to stop" if asked else ended.get(JobState(job.state), job.state)
        return {"id": job_id, "state": job.state}, word

    each(ids, work, as_json)


@jobs.command()
@ids
@as_json
def retry(ids: tuple[uuid.UUID, ...], as_json: bool) -> None:
    """Try failed or cancelled jobs once more, each as a new job of the same owner.

    \b
    Example:
      flask jobs retry 0199c3f2-7d3b-7c3e-9f43-0d6a4c2f1b11
    """

    def work(job_id: uuid.UUID) -> tuple[dict[str, Any], str]:
        new = job_kinds.retry(operating.owner_of(job_id), job_id)
        return {"id": new.id, "state": new.state, "retry_of": job_id}, f"retried as {new.id}"

    each(ids, work, as_json)


@jobs.command()
@ids
@as_json
def requeue(ids: tuple[uuid.UUID, ...], as_json: bool) -> None:
    """Let open jobs run now.

    A job that waits, also one that waits to be tried again, is sent to the workers at once. One
    that runs is taken away from its worker and runs again from its beginning; what the old worker
    still writes is refused. Neither counts as a failure. For ended jobs there is `retry`.

    \b
    Example:
      flask jobs requeue 0199c3f2-7d3b-7c3e-9f43-0d6a4c2f1b11
    """

    def work(job_id: uuid.UUID) -> tuple[dict[str, Any], str]:
        job = operating.requeue(job_id)
        waits = "queued, and sent to the workers" if job.dispatched_at else "queued"
        word = waits if job.state == JobState.QUEUED else job.state
        return {"id": job_id, "state": job.state}, word

    each(ids, work, as_json)


@jobs.command()
@older_than("Only those that ended so many days ago.")
@click.option("--state", type=click.Choice([state.value for state in TERMINAL]))
@confirmed
@as_json
def purge(older_than: float, state: str | None, yes: bool, as_json: bool) -> None:
    """Delete ended jobs and their attempts; messages and documents stay.

    Their owners can no longer read these jobs.

    \b
    Example:
      flask jobs purge --older-than 90 --yes
      flask jobs purge --older-than 7 --state cancelled
    """
    age, which = timedelta(days=older_than), JobState(state) if state else None
    if not yes:
        count = engine.count_ended(age, which)
        what = f"{counted(count, 'job')} that ended more than {older_than:g} days ago"
        confirm(f"Delete {what}?")
    purged = engine.purge(age, which)
    if as_json:
        print_json({"purged": purged})
    else:
        click.echo(f"Deleted {counted(purged, 'job')}.")
