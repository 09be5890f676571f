"""Where a command gets a password from, which never stands in the command line."""

import secrets
from typing import IO, Any

import click

from assistant.cli.output import has_terminal, print_json

password_file = click.option(
    "--password-file",
    type=click.File(encoding="utf-8"),
    help="Read the password from this file, - for standard input.",
)
generate = click.option("--generate", is_flag=True, help="Make a password, and print it.")


def demand_one_source(file: IO[str] | None, generate: bool) -> None:
    """Refuse two passwords, and to ask for one where nobody can answer."""
    if generate and file is not None:
        raise click.UsageError("Give --generate or --password-file, not both.")
    if not generate and file is None and not has_terminal():
        raise click.UsageError(
            "There is no terminal in which to ask for the password. Give --password-file FILE "
            "(- for standard input), or --generate."
        )


def obtain(file: IO[str] | None, generate: bool) -> str:
    """Return a new password, that of the file, or what somebody types."""
    if generate:
        return secrets.token_urlsafe(18)
    if file is not None:
        return file.read().rstrip("\r\n")
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password


def tell(body: dict[str, Any], words: str, made: str | None, *, to_json: bool) -> None:
    """Print what was done; a password that was `made` is then all of standard output."""
    if to_json:
        print_json({**body, "password": made} if made else body)
        return
    click.echo(words, err=made is not None)
    if made:
        click.echo(made)
