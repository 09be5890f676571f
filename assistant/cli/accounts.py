"""The commands of `flask users` that change what somebody may do."""

from typing import IO, Any

import click

from assistant.cli import passwords
from assistant.cli.output import as_json, confirm, confirmed, print_json
from assistant.cli.passwords import generate, password_file
from assistant.cli.users import body_of, check, users, who
from assistant.models import Role
from assistant.services.accounts import administration
from assistant.services.accounts import deletion as account_deletion
from assistant.services.accounts import users as service
from assistant.services.accounts.caller import Caller

__all__ = ["users"]


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
