"""Jobs as people read them at the command line."""

from typing import Any

import click
from click.shell_completion import CompletionItem

from assistant.cli.output import Columns, duration, moment, print_fields, print_table
from assistant.errors import InvalidInput
from assistant.services import jobs

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


class JobKindName(click.ParamType[str]):
    """The name of a kind of job that the application knows."""

    name = "kind"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name; anything else is refused with the names that there are."""
        try:
            return jobs.job_table().demand(value)
        except InvalidInput as error:
            self.fail(error.detail, param, ctx)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Offer the names that begin as what was typed."""
        names = jobs.job_table().names(lambda kind: kind.name.startswith(incomplete))
        return [CompletionItem(name) for name in names]


def _progress(progress: dict[str, Any]) -> str:
    total = progress["total"]
    return f"{progress['stage']} {progress['done']}/{total}" if total else progress["stage"]


def print_job(job: dict[str, Any]) -> None:
    """Print all about a job: its fields, what it waits for, its attempts."""
    fields = {name: value for name, value in job.items() if name != "attempts"}
    fields |= {name: moment(job[name]) for name in TIMES}
    fields["progress"] = _progress(job["progress"])
    fields["error"] = (job["error"] or {}).get("detail")
    print_fields({name: value for name, value in fields.items() if value is not None})
    if job["waiting_because"]:
        click.echo(f"\n{job['waiting_because']}")
    if job["attempts"]:
        click.echo()
        print_table(ATTEMPT_COLUMNS, job["attempts"])
