"""A bar that follows jobs until they end."""

import sys
import time
import uuid
from collections.abc import Sequence
from typing import Any

import click

from assistant.cli.output import Columns, counted, print_json, print_table
from assistant.models import JobState
from assistant.services.documents import reindexing
from assistant.services.documents.reindexing import Step

POLL_SECONDS = 0.3
# The bar's length for one job, so that a large document moves it too.
PARTS = 100

FAILED: Columns = {
    "DOCUMENT": lambda step: step.document_id,
    "JOB": lambda step: step.job_id,
    "STATE": lambda step: step.state,
    "ERROR": lambda step: (step.error or {}).get("detail"),
}


def progress_bar(label: str, length: int) -> Any:
    """Return click's bar on standard error, so that standard output is only the result."""
    return click.progressbar(
        length=length, label=label, file=sys.stderr, item_show_func=lambda item: item or ""
    )


def follow(job_ids: Sequence[uuid.UUID], *, refused: int, as_json: bool) -> None:
    """Show a bar until all jobs have ended, then a summary; exit with 1 if any did not succeed."""
    ended = _wait(job_ids)
    bad = [step for step in ended.values() if step.state != JobState.SUCCEEDED]
    good = len(ended) - len(bad)
    if as_json:
        print_json(
            {
                "accepted": len(job_ids),
                "refused": refused,
                "succeeded": good,
                "failed": [
                    {
                        "document_id": step.document_id,
                        "job_id": step.job_id,
                        "state": step.state,
                        "error": step.error,
                    }
                    for step in bad
                ],
            }
        )
    else:
        verb = "was" if len(job_ids) == 1 else "were"
        click.echo(f"{good} of {counted(len(job_ids), 'document')} {verb} indexed again.")
        print_table(FAILED, bad)
    if bad:
        raise click.exceptions.Exit(1)


def _wait(job_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Step]:
    pending, ended = set(job_ids), dict[uuid.UUID, Step]()
    shown = 0
    with progress_bar("Indexing", len(job_ids) * PARTS) as bar:
        while pending:
            steps = reindexing.steps(pending)
            ended |= {step.job_id: step for step in steps if step.ended}
            # What was purged meanwhile will not come back.
            pending = {step.job_id for step in steps if not step.ended}
            gone = len(job_ids) - len(pending)
            share = gone + sum(step.share for step in steps if not step.ended)
            # A job that begins anew takes back what it had done; the bar stands still meanwhile.
            moved = max(shown, int(share * PARTS))
            bar.update(moved - shown, f"{gone} of {len(job_ids)}")
            shown = moved
            if pending:
                # The jobs run elsewhere; looking again is all that a command can do.
                time.sleep(POLL_SECONDS)
    return ended
