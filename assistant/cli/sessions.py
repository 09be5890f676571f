"""`flask sessions`: where users are signed in."""

from typing import Any

import click

from assistant.cli.groups import Group
from assistant.cli.output import (
    Columns,
    as_json,
    continued,
    counted,
    limited,
    moment,
    print_json,
    print_page,
)
from assistant.cli.users import who
from assistant.schemas.sessions import SessionSchema
from assistant.services.accounts import signed_in
from assistant.services.accounts import users as users_service
from assistant.services.paging import Page

COLUMNS: Columns = {
    "ID": lambda session: session["id"],
    "SINCE (UTC)": lambda session: moment(session["created_at"]),
    "LAST USED (UTC)": lambda session: moment(session["last_used_at"]),
    "EXPIRES (UTC)": lambda session: moment(session["expires_at"]),
    "DEVICE": lambda session: session["user_agent"] or "-",
}


@click.group(cls=Group)
def sessions() -> None:
    """Show where a user is signed in, and sign a user out.

    A user is named by name, e-mail address or id.
    """


@sessions.command("list")
@who
@limited
@continued
@as_json
def list_sessions(who: str, limit: int, after: Any, as_json: bool) -> None:
    """List the sessions of a user that go on, newest first.

    \b
    Example:
      flask sessions list ada
    """
    user = users_service.look_up(who)
    found = signed_in.list_(user.id, Page(limit=limit, after=after))
    bodies = SessionSchema(many=True, exclude=("is_current",)).dump(found)
    nothing = f"{user.username} is not signed in."
    print_page(bodies, COLUMNS, limit, to_json=as_json, nothing=nothing)


@sessions.command()
@who
@as_json
def end(who: str, as_json: bool) -> None:
    """Sign a user out everywhere; who knows the password can sign in again.

    \b
    Example:
      flask sessions end ada
    """
    ended = signed_in.end_everywhere(users_service.look_up(who).id)
    if as_json:
        print_json({"sessions_ended": ended})
    else:
        click.echo(f"Ended {counted(ended, 'session')}.")
