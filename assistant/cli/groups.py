"""Commands that fail in one sentence, never with a stack trace."""

import errno
import logging
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import click
import redis
from flask.cli import AppGroup
from sqlalchemy.exc import ProgrammingError, SQLAlchemyError

from assistant.cli.output import print_json
from assistant.database_failures import cause_behind
from assistant.errors import AssistantError, TransientError, Unavailable

# What click itself turns into words or an exit code.
CLICKS = (click.ClickException, click.Abort, click.exceptions.Exit)
# Undefined table, column and function, and a privilege that a migration would have granted.
LOOK = "What is wrong is said by: flask doctor"
OLD_SCHEMA = ("42P01", "42703", "42883", "42501")


class Command(click.Command):
    """A command whose errors are told in words."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run it."""
        with in_words():
            return super().invoke(ctx)


class Group(AppGroup):
    """Commands whose errors are told in words."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run one of them."""
        with in_words():
            return super().invoke(ctx)


@contextmanager
def in_words() -> Iterator[None]:
    """Turn every error into a sentence on standard error and exit code 1.

    With DEBUG it is shown as it is. The log keeps quiet: what it has to say is in the sentence.
    """
    logger, debug = logging.getLogger("assistant"), logging.getLogger().isEnabledFor(logging.DEBUG)
    level = logger.level
    if not debug:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    except CLICKS:
        raise
    except Exception as error:
        if debug or (isinstance(error, OSError) and error.errno == errno.EPIPE):
            raise
        raise click.ClickException(_sentence(error)) from None
    finally:
        logger.setLevel(level)


def _sentence(error: Exception) -> str:
    if isinstance(error, Unavailable | TransientError):
        # What follows the first sentence is for clients of the API.
        what = error.detail.partition(". ")[0].rstrip(".")
        cause = cause_behind(error) if isinstance(error, Unavailable) else None
        return f"{what}. {(cause and cause.advice) or LOOK}"
    if isinstance(error, AssistantError):
        return error.detail
    if isinstance(error, ProgrammingError) and getattr(error.orig, "pgcode", "") in OLD_SCHEMA:
        return (
            "The tables in the database are not those of this version. Bring them up to date: "
            "flask db upgrade"
        )
    if isinstance(error, SQLAlchemyError):
        what = "The database refused that"
    elif isinstance(error, redis.RedisError):
        what = "Redis refused that, or does not answer"
    else:
        what = "Something unexpected happened"
    said = str(getattr(error, "orig", None) or error).strip().split("\n")[0]
    return f"{what} ({type(error).__name__}: {said}). Set DEBUG=true to see where."


def each(
    ids: Iterable[uuid.UUID], work: Callable[[uuid.UUID], tuple[dict[str, Any], str]], to_json: bool
) -> None:
    """Do something with every id although some fail, and tell of each; exit with 1 if any did.

    `work` returns what it did as JSON and in words.
    """
    failed, done = False, []
    for one in ids:
        try:
            body, words = work(one)
        except AssistantError as error:
            failed = True
            body = {"id": one, "error": error.detail}
            click.echo(f"Error: {error.detail}", err=True)
        else:
            if not to_json:
                click.echo(f"{one}  {words}")
        done.append(body)
    if to_json:
        print_json(done)
    if failed:
        raise click.exceptions.Exit(1)
