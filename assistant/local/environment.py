"""What a local run adds to the settings, and how its processes and other terminals get it."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from assistant.config import Settings
from assistant.local.secret import write_private
from assistant.run_settings import LOCAL_ENV, as_lines

LOOPBACK = "127.0.0.1,localhost"


def chosen_by_operator(settings: Settings) -> set[str]:
    """Return the names of the settings that somebody set."""
    return {name for name in settings.model_fields_set if getattr(settings, name) is not None}


def with_additions(
    settings: Settings, chosen: set[str], additions: Mapping[str, str | int]
) -> Settings:
    """Return what the operator chose and these values together, each in the type of its field."""
    values = {name: getattr(settings, name) for name in chosen} | dict(additions)
    # Values given by name win over every other source, and no file is read.
    return Settings(_env_file=None, **values)  # type: ignore[call-arg]  # as in config.py


def process_environment(settings: Settings) -> dict[str, str]:
    """Return the environment in which the application sees these settings."""
    environment = dict(os.environ)
    for name, value in _told(settings).items():
        environment[name.upper()] = value
        # What it was read from; both at once would be refused.
        environment.pop(f"{name.upper()}_FILE", None)
    programs = str(Path(sys.executable).parent)
    environment["PATH"] = os.pathsep.join([programs, os.environ.get("PATH", os.defpath)])
    environment["PYTHONUNBUFFERED"] = "1"
    if os.geteuid() == 0:
        # Celery warns each time; who runs this as root, in a container, means to.
        quiet = "ignore:You're running the worker with superuser privileges"
        environment["PYTHONWARNINGS"] = ",".join(
            filter(None, [os.environ.get("PYTHONWARNINGS"), quiet])
        )
    for name in ("NO_PROXY", "no_proxy"):
        # A proxy for the internet cannot reach this machine's own interface.
        environment[name] = ",".join(filter(None, [os.environ.get(name), LOOPBACK]))
    return environment


def write_local_env(folder: Path, settings: Settings) -> None:
    """Write what this run was told, and made, for `flask` commands in other terminals."""
    write_private(folder / LOCAL_ENV, as_lines(_told(settings)))


def remove_local_env(folder: Path) -> None:
    """Remove that file; nothing in it holds any more."""
    (folder / LOCAL_ENV).unlink(missing_ok=True)


def _told(settings: Settings) -> dict[str, str]:
    """Return the settings that have no default, as environment variables have them."""
    texts = {name: _text(getattr(settings, name)) for name in settings.model_fields_set}
    return {name: value for name, value in texts.items() if value is not None}


def _text(value: Any) -> str | None:
    """Return a setting's value as an environment variable has it."""
    if value is None:
        return None
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, list):
        return ",".join(value)
    return str(value)
