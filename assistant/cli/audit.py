"""`flask audit`: who did what."""

from datetime import timedelta
from typing import Any

import click

from assistant.cli.groups import Group
from assistant.cli.output import (
    Columns,
    as_json,
    confirm,
    confirmed,
    continued,
    limited,
    moment,
    older_than,
    print_json,
    print_page,
)
from assistant.models import Action
from assistant.schemas.audit import AuditEventSchema
from assistant.services import audit as service
from assistant.services.accounts import users
from assistant.services.paging import Page

COLUMNS: Columns = {
    "WHEN (UTC)": lambda event: moment(event["at"]),
    "ACTION": lambda event: event["action"],
    "BY": lambda event: event["actor"] or event["actor_id"] or "-",
    "OF": lambda event: event["subject"] or event["subject_id"] or "-",
    "FROM": lambda event: event["address"] or "-",
    "DETAILS": lambda event: " ".join(f"{n}={v}" for n, v in event["details"].items()) or "-",
}


@click.group(cls=Group)
def audit() -> None:
    """Show who signed in, failed to, and changed or deleted what; clear old entries away."""


def _entries(number: int) -> str:
    return "1 entry" if number == 1 else f"{number} entries"


@audit.command("list")
@click.option("--action", type=click.Choice([action.value for action in Action]))
@click.option("--user", metavar="NAME|ID", help="What this user did or had done to them.")
@limited
@continued
@as_json
def list_events(
    action: str | None, user: str | None, limit: int, after: Any, as_json: bool
) -> None:
    """List entries, newest first.

    \b
    Example:
      flask audit list --user ada
      flask audit list --action sign_in.failed --limit 10
    """
    user_id = users.look_up(user).id if user else None
    found = service.list_(Page(limit=limit, after=after), action, user_id)
    bodies = AuditEventSchema(many=True).dump(found)
    print_page(bodies, COLUMNS, limit, to_json=as_json, nothing="There are no such entries.")


@audit.command()
@older_than("Only those from so many days ago and before.")
@confirmed
@as_json
def purge(older_than: float, yes: bool, as_json: bool) -> None:
    """Delete old entries, which nothing else does; that it was done is an entry, too.

    \b
    Example:
      flask audit purge --older-than 365 --yes
    """
    age = timedelta(days=older_than)
    if not yes:
        confirm(f"Delete {_entries(service.count(age))}?")
    purged = service.purge(age)
    if as_json:
        print_json({"purged": purged})
    else:
        click.echo(f"Deleted {_entries(purged)}.")
