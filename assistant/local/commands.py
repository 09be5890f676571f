"""The commands `flask local …`."""

import fcntl
import os
import sys

import click

from assistant.config import Settings, read_settings
from assistant.local import demo as show
from assistant.local.signals import StopSignals
from assistant.local.stack import LocalStack, address_of


@click.group()
def local() -> None:
    """Run everything on this machine."""


@local.command()
def up() -> None:
    """Start all servers and processes, and keep them running until Ctrl-C."""
    settings = read_settings(beside_run=False)
    # With an address already in use, or a log that cannot be shown, nothing would be clear.
    to_terminal = _shareable_output()
    if not to_terminal:
        click.echo(f"The logs of the application are in {settings.data_dir.absolute() / 'log'}.")
    try:
        with (
            StopSignals() as stopping,
            LocalStack(settings, stopping=stopping, logs_to_files=not to_terminal) as stack,
        ):
            stack.migrate()
            stack.start_processes()
            stack.wait_until_ready()
            click.echo(addresses(stack))
            stack.watch()
    except KeyboardInterrupt:
        click.echo("Stopped.")


@local.command()
def demo() -> None:
    """Show the main job on real servers: a document in, answers with evidence out."""
    try:
        show.run(read_settings(beside_run=False))
    except KeyboardInterrupt:
        click.echo("Stopped.")


def addresses(stack: LocalStack) -> str:
    """Return where everything is, for a reader."""
    settings = stack.settings
    password = stack.folder.secrets / "flower_password"
    secret = settings.flower_password
    ours = secret and password.exists() and password.read_text() == secret.get_secret_value()
    lines = {
        "API": f"{stack.api_url}/api/v1",
        "Documentation": f"{stack.api_url}/docs",
        "Flower": address_of(settings.flower_address, settings.flower_port),
        "": f"user admin, password in {password if ours else 'FLOWER_PASSWORD'}",
        "Model": _model(settings, bundled=stack.bundled_model),
        "Data": str(stack.folder.path),
    }
    rows = [f"  {name:<14} {value}" for name, value in lines.items()]
    return "\n".join(["", f"{settings.app_name} is ready.", *rows, "Ctrl-C stops it.", ""])


def _model(settings: Settings, *, bundled: bool) -> str:
    if bundled:
        return (
            f"{settings.openai_model}, bundled: it shows that all works, and answers badly; "
            "set OPENAI_BASE_URL or OPENAI_API_KEY for a better one"
        )
    return f"{settings.openai_model} at {settings.openai_base_url or 'https://api.openai.com/v1'}"


def _shareable_output() -> bool:
    """Return whether other processes can open what this one writes to.

    Into a file everybody must append, or one overwrites what the other wrote.
    """
    descriptor = sys.stdout.fileno()
    fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) | os.O_APPEND)
    try:
        os.close(os.open(f"/dev/fd/{descriptor}", os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK))
    except OSError:
        return False
    return True
