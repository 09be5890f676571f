"""`flask keys`: what lets programs in."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from marshmallow import ValidationError

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
from assistant.cli.users import who
from assistant.models import ApiKey, Scope
from assistant.schemas.api_keys import LONGEST_DAYS, KeyCreationSchema, KeySchema
from assistant.services.accounts import api_keys
from assistant.services.accounts import users as users_service
from assistant.services.accounts.caller import Caller
from assistant.services.paging import Page

COLUMNS: Columns = {
    "ID": lambda key: key["id"],
    "BEGINS WITH": lambda key: key["prefix"],
    "SCOPES": lambda key: ",".join(key["scopes"]),
    "CREATED (UTC)": lambda key: moment(key["created_at"]),
    "EXPIRES (UTC)": lambda key: moment(key["expires_at"]) or "never",
    "LAST USED (UTC)": lambda key: moment(key["last_used_at"]) or "never",
    "NAME": lambda key: key["name"],
}


@click.group(cls=Group)
def keys() -> None:
    """List, create and revoke the API keys of a user.

    A user is named by name, e-mail address or id.
    """


def _body_of(key: ApiKey) -> dict[str, Any]:
    body: dict[str, Any] = KeySchema().dump(key)
    return body


@keys.command("list")
@who
@limited
@continued
@as_json
def list_keys(who: str, limit: int, after: Any, as_json: bool) -> None:
    """List a user's keys, newest first.

    \b
    Example:
      flask keys list ada
    """
    user = users_service.look_up(who)
    found = api_keys.list_(user.id, Page(limit=limit, after=after))
    bodies = [_body_of(key) for key in found]
    nothing = f"{user.username} has no keys."
    print_page(bodies, COLUMNS, limit, to_json=as_json, nothing=nothing)


@keys.command()
@who
@click.argument("name", metavar="TITLE")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([scope.value for scope in Scope]),
    multiple=True,
    required=True,
    help="What it is good for; may be given several times.",
)
@click.option("--days", type=click.IntRange(1, LONGEST_DAYS), help="It expires then; else never.")
@as_json
def create(who: str, name: str, scopes: tuple[str, ...], days: int | None, as_json: bool) -> None:
    """Create a key for a user, and print it: nobody can read it again.

    \b
    Example:
      flask keys create ada "nightly import" --scope read --scope write --days 90
    """
    try:
        checked = KeyCreationSchema().load({"name": name, "scopes": list(scopes)})
    except ValidationError as error:
        said = [f"{field}: {' '.join(words)}" for field, words in error.messages_dict.items()]
        raise click.UsageError("\n".join(said)) from None
    expires_at = datetime.now(UTC) + timedelta(days=days) if days else None
    user = users_service.look_up(who)
    made, text = api_keys.create(Caller(user.id), expires_at=expires_at, **checked)
    if as_json:
        print_json({**_body_of(made), "key": text})
    else:
        click.echo(f"Created a key for {user.username} with the id {made.id}.", err=True)
        click.echo(text)


@keys.command()
@click.argument("key_id", type=click.UUID)
@as_json
def revoke(key_id: uuid.UUID, as_json: bool) -> None:
    """Revoke a key, anybody's: it is worthless at once.

    \b
    Example:
      flask keys revoke 0199aa00-7d2c-7c63-9f0e-0c5b9c1d2e3f
    """
    api_keys.revoke(None, key_id)
    if as_json:
        print_json({"id": key_id})
    else:
        click.echo("Revoked.")
