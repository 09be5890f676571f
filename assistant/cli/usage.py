"""`flask usage`: what users have used up of models."""

import csv
import sys
from datetime import datetime
from typing import Any

import click

from assistant.cli.groups import Command
from assistant.cli.output import Columns, as_json, print_json, print_table
from assistant.services.accounts import usage as service
from assistant.services.accounts import users
from assistant.services.paging import Page

COLUMNS: Columns = {
    "DAY": lambda row: row["day"],
    "USER": lambda row: row["owner"] or row["owner_id"],
    "MODEL": lambda row: row["model"],
    "KEY": lambda row: row["key"] or row["key_id"],
    "ATTEMPTS": lambda row: row["attempts"],
    "PROMPT": lambda row: row["prompt_tokens"],
    "COMPLETION": lambda row: row["completion_tokens"],
    "TOTAL": lambda row: row["total_tokens"],
    "ESTIMATED": lambda row: row["estimated_tokens"],
}
FIELDS = (
    *("day", "owner_id", "owner", "model", "key_id", "key", "attempts"),
    *("prompt_tokens", "completion_tokens", "total_tokens", "estimated_tokens"),
)
# A spreadsheet would take a cell that begins so for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
AT_ONCE = 1000

day = click.DateTime(["%Y-%m-%d"])


@click.command(cls=Command)
@click.option("--user", metavar="NAME|ID", help="Only this user's.")
@click.option("--since", type=day, help="The first day of UTC; by default this month's.")
@click.option("--until", type=day, help="The last one; by default today.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, for spreadsheets.")
@as_json
def usage(
    user: str | None,
    since: datetime | None,
    until: datetime | None,
    as_csv: bool,
    as_json: bool,
) -> None:
    """Show the tokens that users have used up, by day, model and key, newest first.

    \b
    Example:
      flask usage --user ada
      flask usage --since 2026-01-01 --until 2026-01-31 --csv > january.csv
    """
    if as_csv and as_json:
        raise click.UsageError("Choose --csv or --json, not both.")
    user_id = users.look_up(user).id if user else None
    days = (since and since.date(), until and until.date())
    rows: list[dict[str, Any]] = []
    while True:
        found = service.of_all(*days, Page(limit=AT_ONCE, skip=len(rows)), user_id)
        rows += found[:AT_ONCE]
        if len(found) <= AT_ONCE:
            break
    if as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(FIELDS)
        writer.writerows([_cell(row[name]) for name in FIELDS] for row in rows)
    elif as_json:
        print_json(rows)
    else:
        print_table(COLUMNS, rows, nothing="Nothing was used up on these days.")


def _cell(value: object) -> object:
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return "" if value is None else value
