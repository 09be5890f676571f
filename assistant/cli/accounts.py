"""The commands of `flask users` that change what somebody may do."""

from collections.abc import Callable
from typing import IO, Any

import click

from assistant.cli import passwords
from assistant.cli.output import Columns, as_json, confirm, confirmed, print_json, print_table
from assistant.cli.passwords import generate, password_file
from assistant.cli.users import body_of, check, users, who
from assistant.models import Role
from assistant.schemas.users import HIGHEST_LIMIT, HIGHEST_OPEN_JOBS
from assistant.services import quotas
from assistant.services.accounts import administration, usage
from assistant.services.accounts import deletion as account_deletion
from assistant.services.accounts import users as service
from assistant.services.accounts.caller import Caller

__all__ = ["users"]

Command = Callable[..., Any]
LIMITS: Columns = {
    "LIMIT": lambda row: row["name"],
    "MOST": lambda row: row["limit"] or "none",
    "SET FOR THE USER": lambda row: row["own"],
    "USED": lambda row: row["used"],
    "RESERVED": lambda row: row["reserved"],
}


def _update(who: str, words: str, *, to_json: bool, **values: Any) -> None:
    user = administration.update(service.look_up(who).id, **values).user
    if to_json:
        print_json(body_of(user))
    else:
        click.echo(words.format(user.username))


@users.command()
@who
@as_json
def disable(who: str, as_json: bool) -> None:
    """Shut a user out: all sessions end at once, and signing in is refused.

    Replies, analyses and indexing of theirs are cancelled. Nothing is deleted, but for what the
    user asked to delete before.

    \b
    Example:
      flask users disable ada
    """
    _update(who, "Disabled {}; all sessions have ended.", to_json=as_json, is_active=False)


@users.command()
@who
@as_json
def enable(who: str, as_json: bool) -> None:
    """Let a disabled user sign in again.

    \b
    Example:
      flask users enable ada
    """
    _update(who, "Enabled {}, who has to sign in anew.", to_json=as_json, is_active=True)


@users.command()
@who
@as_json
def promote(who: str, as_json: bool) -> None:
    """Make a user an administrator.

    \b
    Example:
      flask users promote ada
    """
    _update(who, "{} is an administrator now.", to_json=as_json, role=Role.ADMIN)


@users.command()
@who
@as_json
def demote(who: str, as_json: bool) -> None:
    """Make an administrator an ordinary user.

    \b
    Example:
      flask users demote ada
    """
    _update(who, "{} is an ordinary user now.", to_json=as_json, role=Role.USER)


@users.command()
@who
@password_file
@generate
@as_json
def reset_password(who: str, password_file: IO[str] | None, generate: bool, as_json: bool) -> None:
    """Give a user a new password, end all their sessions and revoke all their keys.

    \b
    Example:
      flask users reset-password ada --generate
    """
    passwords.demand_one_source(password_file, generate)
    user = service.look_up(who)
    password = passwords.obtain(password_file, generate)
    check({"password": password}, partial=("username", "email"))
    user, ended, revoked = administration.update(user.id, password=password)
    words = f"{user.username} has a new password; sessions ended: {ended}, keys revoked: {revoked}."
    body = {**body_of(user), "sessions_ended": ended, "keys_revoked": revoked}
    passwords.tell(body, words, password if generate else None, to_json=as_json)


def _most(name: str, least: int = 0) -> Callable[[Command], Command]:
    most = HIGHEST_OPEN_JOBS if least else HIGHEST_LIMIT
    option = f"--{name.replace('_', '-')}"
    return click.option(option, name, type=click.IntRange(least, most), metavar="N")


@users.command()
@who
@_most("open_jobs", 1)
@_most("documents")
@_most("stored_bytes")
@_most("tokens_per_day")
@_most("tokens_per_month")
@click.option(
    "--usual",
    multiple=True,
    metavar="LIMIT",
    type=click.Choice([name.replace("_", "-") for name in quotas.Limits._fields]),
    help="Leave this limit to the settings again; may be given several times.",
)
@as_json
def limits(who: str, usual: tuple[str, ...], as_json: bool, **most: int | None) -> None:
    """Show what a user may have and has, or set it; 0 is no limit.

    \b
    Example:
      flask users limits ada
      flask users limits ada --tokens-per-day 200000 --documents 0
      flask users limits ada --usual tokens-per-day
    """
    user = service.look_up(who)
    given = {name: value for name, value in most.items() if value is not None}
    left = dict.fromkeys(name.replace("-", "_") for name in usual)
    if given or left:
        user = administration.update(user.id, limits={**given, **left}).user
    found = usage.of_owner(user.id, None, None)["limits"]
    if as_json:
        print_json({"id": user.id, "own": user.limits, "limits": found})
        return
    rows = [{"name": name, "own": user.limits.get(name), **found[name]} for name in found]
    print_table(LIMITS, rows)


@users.command()
@who
@confirmed
@as_json
def delete(who: str, yes: bool, as_json: bool) -> None:
    """Shut a user out at once, and delete all that is theirs, as a job.

    Nothing brings it back. The last active administrator cannot be deleted.

    \b
    Example:
      flask users delete ada --yes
    """
    user = service.look_up(who)
    if not yes:
        confirm(f"Delete {user.username} with all conversations and documents?")
    # Nobody else asks, so the job belongs to the user, as when they delete themselves.
    job = account_deletion.delete(Caller(user.id), user.id)
    if as_json:
        print_json({"id": user.id, "job_id": job.id})
    else:
        click.echo(f"{user.username} is shut out; all that was theirs is deleted by job {job.id}.")
