"""`flask stats`: how busy everything is."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import click
from flask.cli import with_appcontext

from assistant.cli.groups import Command
from assistant.cli.output import (
    Columns,
    as_json,
    byte_size,
    counted,
    duration,
    echo_styled,
    print_json,
    print_table,
)
from assistant.services.operations import stats as service

QUEUES: Columns = {
    "QUEUE": lambda queue: queue["queue"],
    "WAITING": lambda queue: queue["waiting"],
    "DELAYED": lambda queue: queue["delayed"],
    "DISPATCHED": lambda queue: queue["dispatched"],
    "RUNNING": lambda queue: queue["running"],
    "OLDEST": lambda queue: duration(queue["oldest_seconds"]),
    "BELLS": lambda queue: queue["bells"],
}
WORKERS: Columns = {
    "WORKER": lambda worker: worker["worker"],
    "ANSWERS": lambda worker: worker["answers"],
    "RUNNING": lambda worker: worker["running"],
    "QUEUES": lambda worker: ", ".join(worker["queues"]),
}
SPANS: Columns = {
    "JOBS OF THE LAST": lambda span: span["name"],
    "ACCEPTED": lambda span: span["accepted"],
    "SUCCEEDED": lambda span: span["succeeded"],
    "FAILED": lambda span: span["failed"],
    "CANCELLED": lambda span: span["cancelled"],
    "ENDED PER MINUTE": lambda span: span["ended_per_minute"],
}
KINDS: Columns = {
    "KIND (LAST DAY)": lambda kind: kind["kind"],
    "SUCCEEDED": lambda kind: kind["succeeded"],
    "START P50": lambda kind: duration(kind["start_seconds_p50"]),
    "START P95": lambda kind: duration(kind["start_seconds_p95"]),
    "END P50": lambda kind: duration(kind["seconds_p50"]),
    "END P95": lambda kind: duration(kind["seconds_p95"]),
}


@click.command(cls=Command)
@click.option("--watch", metavar="SECONDS", type=click.FloatRange(min=0.5), help="Show it anew.")
@as_json
@with_appcontext
def stats(watch: float | None, as_json: bool) -> None:
    """Show queues, workers, rates, times and sizes.

    WAITING jobs are not sent to the workers yet, DELAYED ones are tried again later, DISPATCHED
    ones were sent and not taken; BELLS are the messages in Redis. Times count from acceptance.

    \b
    Example:
      flask stats --watch 2
      flask stats --json
    """
    while True:
        figures = service.collect()
        if as_json:
            # One line a round, so that a script can read them one by one.
            print_json(figures, indent=None if watch else 2)
        else:
            if watch:
                click.clear()
                echo_styled(
                    f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC, Ctrl-C ends this", dim=True
                )
            _print(figures)
        if not watch:
            return
        try:
            # The pace that was asked for.
            time.sleep(watch)
        except KeyboardInterrupt:
            return


def _print(figures: dict[str, Any]) -> None:
    print_table(QUEUES, figures["queues"])
    click.echo()
    print_table(WORKERS, figures["workers"], nothing="No worker answers.")
    click.echo()
    jobs = figures["jobs"]
    spans = {"hour": jobs["last_hour"], "day": jobs["last_day"]}
    print_table(SPANS, [{"name": name, **span} for name, span in spans.items()])
    if jobs["kinds"]:
        click.echo()
        print_table(KINDS, jobs["kinds"])
    click.echo()
    documents, sweeper = figures["documents"], figures["sweeper"]["seconds_ago"]
    states = ", ".join(f"{count} {state}" for state, count in documents["by_status"].items())
    click.echo(
        f"{counted(documents['documents'], 'document')}{f' ({states})' if states else ''}, "
        f"{counted(documents['chunks'], 'chunk')}, "
        f"{byte_size(documents['storage_bytes'])} of files, {counted(figures['users'], 'user')}."
    )
    for line in _left(figures):
        click.echo(line)
    last = "never" if sweeper is None else f"{duration(sweeper)} ago"
    click.echo(f"The sweeper's last round: {last}.")


def _left(figures: dict[str, Any]) -> Iterator[str]:
    """Say what is made anew after an upgrade or a change of the encoder, as far as it is not."""
    indexes, again = figures["indexes"], figures["rereading"]
    words = figures["lexical_index"]["documents_left"]
    if indexes["collections_left"]:
        yield (
            f"{counted(indexes['collections_left'], 'collection')} with "
            f"{counted(indexes['documents_left'], 'document')} to be indexed with "
            f"{indexes['encoder']}, {indexes['being_built']} of them begun."
        )
    if again["left"]:
        yield f"{counted(again['left'], 'document')} to be read or cut again."
    if again["given_up"]:
        yield (
            f"{counted(again['given_up'], 'document')} could not be read again, and "
            "stay as they were."
        )
    if words:
        yield f"{counted(words, 'document')} to be found by their words, too; upkeep adds them."
