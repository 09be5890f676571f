"""Runs a stack as `flask local up` does, but with a Procfile of a test and no migration."""

import sys
from pathlib import Path

import click

from assistant.config import Settings
from assistant.local.errors import LocalRunError
from assistant.local.signals import StopSignals
from assistant.local.stack import LocalStack


def main(data_dir: str, port: str, flower_port: str, procfile: str) -> None:
    settings = Settings(
        data_dir=Path(data_dir),
        port=int(port),
        flower_port=int(flower_port),
        # Nobody asks it; a model would only make the tests slower.
        openai_api_key="unused",  # type: ignore[arg-type]
    )
    try:
        with (
            StopSignals() as stopping,
            LocalStack(settings, procfile=Path(procfile), stopping=stopping) as stack,
        ):
            stack.start_processes()
            stack.wait_until_ready()
            # In one piece: an unbuffered `print` lets others write before the end of its line.
            click.echo("ready")
            stack.watch()
    except KeyboardInterrupt:
        click.echo("stopped")
    except LocalRunError as error:
        error.show()
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main(*sys.argv[1:])
