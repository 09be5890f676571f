"""What a local run adds to the settings, and how its processes and other terminals get it."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import SecretStr

from assistant.config import LOCAL_ENV, Settings
from assistant.local.secret import write_private

LOOPBACK = "127.0.0.1,localhost"


def chosen_by_operator(settings: Settings) -> set[str]:
    """Return the names of the settings that somebody set.

    What an earlier run left in its own file, because it was killed, does not count.
    """
    left = dotenv_values(settings.data_dir / LOCAL_ENV, interpolate=False)
    return {
        name
        for name in settings.model_fields_set
        if (value := _text(getattr(settings, name))) is not None and left.get(name.upper()) != value
    }


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
    for name in settings.model_fields_set:
        value = _text(getattr(settings, name))
        if value is not None:
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


def write_local_env(folder: Path, additions: Mapping[str, str | int]) -> None:
    """Write the file that leads `flask` commands in other terminals to the running servers."""
    lines = [f"{name.upper()}={value}\n" for name, value in sorted(additions.items())]
    write_private(folder / LOCAL_ENV, "".join(lines))


def remove_local_env(folder: Path) -> None:
    """Remove that file; its addresses are dead."""
    (folder / LOCAL_ENV).unlink(missing_ok=True)


def _text(value: Any) -> str | None:
    """Return a setting's value as an environment variable has it."""
    if value is None:
        return None
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, list):
        return ",".join(value)
    return str(value)
