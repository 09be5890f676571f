"""`flask invitations`, and the link for whoever has forgotten a password."""

import uuid
from typing import Any

import click

from assistant.cli.groups import Group
from assistant.cli.output import (
    Columns,
    as_json,
    continued,
    limited,
    moment,
    print_json,
    print_page,
)
from assistant.cli.users import users, who
from assistant.models import OneTimeToken
from assistant.schemas.users import InvitationSchema
from assistant.services.accounts import invitations as service
from assistant.services.accounts import password_links
from assistant.services.accounts import users as users_service
from assistant.services.paging import Page

COLUMNS: Columns = {
    "ID": lambda made: made["id"],
    "CREATED (UTC)": lambda made: moment(made["created_at"]),
    "EXPIRES (UTC)": lambda made: moment(made["expires_at"]),
}


@click.group(cls=Group)
def invitations() -> None:
    """Invite people, where REGISTRATION=invitation."""


def _body_of(made: OneTimeToken) -> dict[str, Any]:
    body: dict[str, Any] = InvitationSchema().dump(made)
    return body


@invitations.command()
@click.option("--days", type=click.IntRange(1, 365), default=7, show_default=True)
@as_json
def create(days: int, as_json: bool) -> None:
    """Make an invitation and print it: whoever has it registers with it, once.

    \b
    Example:
      flask invitations create --days 3
    """
    made, text = service.create(None, days)
    body = {**_body_of(made), "invitation": text}
    if as_json:
        print_json(body)
    else:
        click.echo(f"It works once, until {moment(body['expires_at'])} (UTC).", err=True)
        click.echo(text)


@invitations.command("list")
@limited
@continued
@as_json
def list_invitations(limit: int, after: Any, as_json: bool) -> None:
    """List the invitations that nobody has used yet.

    \b
    Example:
      flask invitations list
    """
    bodies = [_body_of(made) for made in service.list_(Page(limit=limit, after=after))]
    print_page(bodies, COLUMNS, limit, to_json=as_json, nothing="There are no open invitations.")


@invitations.command()
@click.argument("invitation_id", type=click.UUID)
@as_json
def withdraw(invitation_id: uuid.UUID, as_json: bool) -> None:
    """Let an invitation be worthless.

    \b
    Example:
      flask invitations withdraw 01a22f4b-37f2-7729-a63b-80005080a59f
    """
    service.withdraw(invitation_id)
    if as_json:
        print_json({"id": invitation_id})
    else:
        click.echo("Withdrawn.")


@users.command()
@who
@click.option("--hours", type=click.IntRange(1, 168), default=24, show_default=True)
@as_json
def password_link(who: str, hours: int, as_json: bool) -> None:
    """Print what lets a user who has forgotten the password set a new one, once.

    \b
    Example:
      flask users password-link ada
    """
    user = users_service.look_up(who)
    made, token = password_links.create(user.id, hours)
    expires_at = made.expires_at.isoformat()
    if as_json:
        print_json({"token": token, "expires_at": expires_at})
    else:
        until = moment(expires_at)
        said = f"For POST /auth/password; it works once, until {until} (UTC)."
        click.echo(said, err=True)
        click.echo(token)
