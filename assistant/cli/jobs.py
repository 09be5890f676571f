"""`flask jobs`: the jobs of all owners."""

import uuid
from datetime import timedelta
from typing import Any

import click

from assistant.cli.groups import Group, each
from assistant.cli.output import (
    Columns,
    as_json,
    confirmed,
    continued,
    duration,
    echo_styled,
    limited,
    moment,
    print_fields,
    print_json,
    print_page,
    print_table,
)
from assistant.models import JobKind, JobState, Queue
from assistant.models.job import TERMINAL
from assistant.services import retrying
from assistant.services import users as people
from assistant.services.jobs import operating
from assistant.services.paging import Page

COLUMNS: Columns = {
    "ID": lambda job: job["id"],
    "KIND": lambda job: job["kind"],
    "STATE": lambda job: job["state"],
    "STAGE": lambda job: _progress(job["progress"]),
    "ATTEMPT": lambda job: job["attempt"],
    "OWNER": lambda job: job["owner"],
    "CREATED (UTC)": lambda job: moment(job["created_at"]),
    "ERROR": lambda job: (job["error"] or {}).get("code"),
}
ATTEMPT_COLUMNS: Columns = {
    "ATTEMPT": lambda attempt: attempt["attempt"],
    "WORKER": lambda attempt: attempt["worker"],
    "STARTED (UTC)": lambda attempt: moment(attempt["started_at"]),
    "TOOK": lambda attempt: duration(attempt["seconds"]),
    "OUTCOME": lambda attempt: attempt["outcome"] or "running",
    "REASON": lambda attempt: (attempt["reason"] or {}).get("detail"),
}
TIMES = ("created_at", "started_at", "finished_at", "run_after", "deadline_at", "dispatched_at")

ids = click.argument("ids", metavar="ID...", nargs=-1, required=True, type=click.UUID)


@click.group(cls=Group)
def jobs() -> None:
    """Show, cancel, retry and clear away jobs, whoever owns them."""


def _progress(progress: dict[str, Any]) -> str:
    total = progress["total"]
    return f"{progress['stage']} {progress['done']}/{total}" if total else progress["stage"]


@jobs.command("list")
@click.option("--state", type=click.Choice([state.value for state in JobState]))
@click.option("--kind", type=click.Choice([kind.value for kind in JobKind]))
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
        return
    fields = {name: value for name, value in job.items() if name not in ("attempts", "waiting")}
    fields |= {name: moment(job[name]) for name in TIMES}
    fields["progress"] = _progress(job["progress"])
    fields["error"] = (job["error"] or {}).get("detail")
    print_fields({name: value for name, value in fields.items() if value is not None})
    if job["waiting"]:
        click.echo(f"\n{job['waiting']['reason']}")
    if job["attempts"]:
        click.echo()
        print_table(ATTEMPT_COLUMNS, job["attempts"])


@jobs.command()
@ids
def cancel(ids: tuple[uuid.UUID, ...]) -> None:
    """Cancel jobs: at once while they wait; one that runs is asked to stop.

    A job that has ended stays as it is.

    \b
    Example:
      flask jobs cancel 0199c3f2-7d3b-7c3e-9f43-0d6a4c2f1b11
    """

    def work(job_id: uuid.UUID) -> None:
        job = operating.cancel(job_id)
        asked = job.state == JobState.RUNNING
        ended = {JobState.SUCCEEDED: "succeeded already", JobState.FAILED: "failed already"}
        word = "running, and asked to stop" if asked else ended.get(JobState(job.state), job.state)
        click.echo(f"{job_id}  {word}")

    each(ids, work)


@jobs.command()
@ids
def retry(ids: tuple[uuid.UUID, ...]) -> None:
    """Try failed or cancelled jobs once more, each as a new job of the same owner.

    \b
    Example:
      flask jobs retry 0199c3f2-7d3b-7c3e-9f43-0d6a4c2f1b11
    """

    def work(job_id: uuid.UUID) -> None:
        new = retrying.retry(operating.owner_of(job_id), job_id)
        click.echo(f"{job_id}  retried as {new.id}")

    each(ids, work)


@jobs.command()
@ids
def requeue(ids: tuple[uuid.UUID, ...]) -> None:
    """Let open jobs run now.

    A job that waits, also one that waits to be tried again, is sent to the workers at once. One
    that runs is taken away from its worker and runs again from its beginning; what the old worker
    still writes is refused. Neither counts as a failure. For ended jobs there is `retry`.

    \b
    Example:
      flask jobs requeue 0199c3f2-7d3b-7c3e-9f43-0d6a4c2f1b11
    """

    def work(job_id: uuid.UUID) -> None:
        job = operating.requeue(job_id)
        waits = "queued, and sent to the workers" if job.dispatched_at else "queued"
        click.echo(f"{job_id}  {waits if job.state == JobState.QUEUED else job.state}")

    each(ids, work)


@jobs.command()
@click.option(
    "--older-than",
    metavar="DAYS",
    type=click.FloatRange(min=0),
    required=True,
    help="Only those that ended so many days ago.",
)
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
        count = operating.count_ended(age, which)
        what = f"{count} jobs that ended more than {older_than:g} days ago"
        click.confirm(f"Delete {what}?", abort=True, err=True)
    purged = operating.purge(age, which)
    if as_json:
        print_json({"purged": purged})
    else:
        echo_styled(f"Deleted {purged} jobs.")
