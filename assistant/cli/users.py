"""`flask users`: who may use this, and as what."""

from typing import IO, Any

import click
from marshmallow import ValidationError

from assistant.cli import passwords
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
from assistant.cli.passwords import generate, password_file
from assistant.models import Role, User
from assistant.schemas.auth import RegistrationSchema, UserSchema
from assistant.services.accounts import administration
from assistant.services.accounts import users as service
from assistant.services.paging import Page

COLUMNS: Columns = {
    "ID": lambda user: user["id"],
    "USERNAME": lambda user: user["username"],
    "ROLE": lambda user: user["role"],
    "ACTIVE": lambda user: user["is_active"],
    "CREATED (UTC)": lambda user: moment(user["created_at"]),
    "EMAIL": lambda user: user["email"],
}

who = click.argument("who", metavar="NAME|ID")


@click.group(cls=Group)
def users() -> None:
    """Create, show, change and delete users.

    A user is named by name, e-mail address or id.
    """


def body_of(user: User) -> dict[str, Any]:
    """Return a user as the API shows one."""
    body: dict[str, Any] = UserSchema().dump(user)
    return body


@users.command()
@click.argument("username")
@click.argument("email")
@click.option("--admin", is_flag=True, help="Make an administrator.")
@password_file
@generate
@as_json
def create(username: str, email: str, admin: bool, **options: Any) -> None:
    """Create a user; the password is asked for, read from a file, or made and printed.

    \b
    Example:
      flask users create ada ada@example.org
      flask users create ada ada@example.org --admin --password-file secret.txt
      flask users create ada ada@example.org --generate
    """
    _create(username, email, Role.ADMIN if admin else Role.USER, **options)


@users.command()
@click.argument("username")
@click.argument("email")
@password_file
@generate
@as_json
def create_admin(username: str, email: str, **options: Any) -> None:
    """Create an administrator; the same as `create --admin`.

    \b
    Example:
      flask users create-admin root root@example.org --password-file secret.txt
    """
    _create(username, email, Role.ADMIN, **options)


def _create(
    username: str,
    email: str,
    role: Role,
    *,
    password_file: IO[str] | None,
    generate: bool,
    as_json: bool,
) -> None:
    passwords.demand_one_source(password_file, generate)
    values = {"username": username, "email": email}
    # Before the password is asked for, so that nobody types one in vain.
    check(values, partial=("password",))
    password = passwords.obtain(password_file, generate)
    checked = check({**values, "password": password})
    user = service.register(**service.with_hash(checked), role=role)
    user = service.get(user.id)
    words = f"Created {user.role} {user.username} with the id {user.id}."
    passwords.tell(body_of(user), words, password if generate else None, to_json=as_json)


def check(values: dict[str, str], **options: Any) -> dict[str, str]:
    """Demand what the API demands."""
    try:
        checked: dict[str, str] = RegistrationSchema().load(values, **options)
    except ValidationError as error:
        lines = [f"{field}: {' '.join(said)}" for field, said in error.messages_dict.items()]
        raise click.UsageError("\n".join(lines)) from None
    return checked


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
    bodies = [body_of(user) for user in found]
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
    body = {**body_of(user), **administration.figures(user.id)}
    if as_json:
        print_json(body)
        return
    readable = {"storage_bytes": byte_size(body["storage_bytes"])}
    for name in ("created_at", "updated_at", "last_used_at"):
        readable[name] = moment(body[name]) or "-"
    print_fields({**body, **readable})
