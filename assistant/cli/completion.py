"""`flask completion`: what a shell needs to complete these commands."""

import click
from click.shell_completion import get_completion_class

from assistant.cli.groups import Command

VARIABLE = "_FLASK_COMPLETE"


@click.command(cls=Command)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script with which a shell completes `flask` commands.

    \b
    Example:
      eval "$(flask completion bash)"
    """
    kind = get_completion_class(shell)
    assert kind is not None, "click knows these three"
    click.echo(kind(ctx.find_root().command, {}, "flask", VARIABLE).source())
