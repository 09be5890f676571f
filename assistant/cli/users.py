"""`flask users`: who may use this, and as what."""

import secrets
from typing import IO, Any

import click
from marshmallow import ValidationError

from assistant.cli.groups import Group
from assistant.cli.output import (
    Columns,
    as_json,
    byte_size,
    continued,
    limited,
    moment,
    print_fields,
    print_json,
    print_page,
)
from assistant.models import Role, User
from assistant.schemas.auth import RegistrationSchema, UserSchema
from assistant.services import accounts
from assistant.services import users as service
from assistant.services.paging import Page

COLUMNS: Columns = {
    "ID": lambda user: user["id"],
    "USERNAME": lambda user: user["username"],
    "ROLE": lambda user: user["role"],
    "ACTIVE": lambda user: user["is_active"],
    "CREATED (UTC)": lambda user: moment(user["created_at"]),
    "EMAIL": lambda user: user["email"],
}

password_file = click.option(
    "--password-file",
    type=click.File(encoding="utf-8"),
    help="Read the password from this file, - for standard input.",
)
who = click.argument("who", metavar="NAME|ID")


@click.group(cls=Group)
def users() -> None:
    """Create, show and change users.

    A user is named by name, e-mail address or id.
    """


def _body(user: User) -> dict[str, Any]:
    body: dict[str, Any] = UserSchema().dump(user)
    return body


@users.command()
@click.argument("username")
@click.argument("email")
@click.option("--admin", is_flag=True, help="Make an administrator.")
@password_file
@as_json
def create(
    username: str, email: str, admin: bool, password_file: IO[str] | None, as_json: bool
) -> None:
    """Create a user; the password is asked for, or read from a file.

    \b
    Example:
      flask users create ada ada@example.org
      flask users create ada ada@example.org --admin --password-file secret.txt
    """
    _create(username, email, Role.ADMIN if admin else Role.USER, password_file, as_json)


@users.command()
@click.argument("username")
@click.argument("email")
@password_file
@as_json
def create_admin(username: str, email: str, password_file: IO[str] | None, as_json: bool) -> None:
    """Create an administrator; the same as `create --admin`.

    \b
    Example:
      flask users create-admin root root@example.org --password-file secret.txt
    """
    _create(username, email, Role.ADMIN, password_file, as_json)


def _create(username: str, email: str, role: Role, file: IO[str] | None, to_json: bool) -> None:
    values = {"username": username, "email": email}
    # Before the password is asked for, so that nobody types one in vain.
    _check(values, partial=("password",))
    user = service.register(**_check({**values, "password": _password(file)}), role=role)
    user = service.get(user.id)
    if to_json:
        print_json(_body(user))
    else:
        click.echo(f"Created {user.role} {user.username} with the id {user.id}.")


def _check(values: dict[str, str], **options: Any) -> dict[str, str]:
    """Demand what the API demands."""
    try:
        checked: dict[str, str] = RegistrationSchema().load(values, **options)
    except ValidationError as error:
        lines = [f"{field}: {' '.join(said)}" for field, said in error.messages_dict.items()]
        raise click.UsageError("\n".join(lines)) from None
    return checked


def _password(file: IO[str] | None) -> str:
    if file is not None:
        return file.read().rstrip("\r\n")
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password


@users.command("list")
@limited
@continued
@click.option("--query", help="Only those whose name or e-mail address contains this.")
@as_json
def list_users(limit: int, after: Any, query: str | None, as_json: bool) -> None:
    """List users, newest first.

    \b
    Example:
      flask users list --query example.org
    """
    found = service.list_all(Page(limit=limit, after=after), query)
    bodies = [_body(user) for user in found]
    print_page(bodies, COLUMNS, limit, to_json=as_json, nothing="There are no such users.")


@users.command()
@who
@as_json
def show(who: str, as_json: bool) -> None:
    """Show a user, and how much belongs to them.

    \b
    Example:
      flask users show ada
    """
    user = service.look_up(who)
    body = {**_body(user), **accounts.figures(user.id)}
    if as_json:
        print_json(body)
        return
    readable = {"storage_bytes": byte_size(body["storage_bytes"])}
    for name in ("created_at", "updated_at", "last_used_at"):
        readable[name] = moment(body[name]) or "-"
    print_fields({**body, **readable})


@users.command()
@who
def disable(who: str) -> None:
    """Shut a user out: all sessions end at once, and signing in is refused.

    What is running for the user comes to its end, and nothing is deleted.

    \b
    Example:
      flask users disable ada
    """
    user = accounts.disable(service.look_up(who).id)
    click.echo(f"Disabled {user.username}; all sessions have ended.")


@users.command()
@who
def enable(who: str) -> None:
    """Let a disabled user sign in again.

    \b
    Example:
      flask users enable ada
    """
    user = accounts.enable(service.look_up(who).id)
    click.echo(f"Enabled {user.username}, who has to sign in anew.")


@users.command()
@who
def promote(who: str) -> None:
    """Make a user an administrator.

    \b
    Example:
      flask users promote ada
    """
    user = accounts.set_role(service.look_up(who).id, Role.ADMIN)
    click.echo(f"{user.username} is an administrator now.")


@users.command()
@who
def demote(who: str) -> None:
    """Make an administrator an ordinary user.

    \b
    Example:
      flask users demote ada
    """
    user = accounts.set_role(service.look_up(who).id, Role.USER)
    click.echo(f"{user.username} is an ordinary user now.")


@users.command()
@who
@password_file
@click.option("--generate", is_flag=True, help="Make a password, and print it.")
def reset_password(who: str, password_file: IO[str] | None, generate: bool) -> None:
    """Give a user a new password, and end all their sessions.

    \b
    Example:
      flask users reset-password ada --generate
    """
    if generate and password_file:
        raise click.UsageError("Give --generate or --password-file, not both.")
    user = service.look_up(who)
    password = secrets.token_urlsafe(18) if generate else _password(password_file)
    _check({"password": password}, partial=("username", "email"))
    ended = accounts.reset_password(user.id, password)
    click.echo(f"{user.username} has a new password; sessions ended: {ended}.", err=generate)
    if generate:
        click.echo(password)
