"""What a local run starts: programs, and servers, which are programs that answer."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from assistant.local.errors import LocalRunError

SERVERS = "servers"
APPLICATION = "application"


@dataclass(frozen=True, slots=True)
class Program:
    """A command that is restarted when it ends.

    `environment` replaces the application's, whose secrets the servers need not know.
    `death_signal` is what it gets when its supervisor is killed.
    """

    name: str
    command: list[str]
    group: str = SERVERS
    folder: Path | None = None
    environment: dict[str, str] | None = None
    stop_signal: str = "TERM"
    death_signal: str = "TERM"
    stop_seconds: int = 10
    # One that dies sooner than this is started again a little later each time.
    settle_seconds: int = 1


@dataclass(frozen=True, slots=True)
class Server:
    """A program of ours, how to see that it answers, and the settings that lead to it.

    The application starts beside a server that is `patient`, and after the others.
    """

    program: Program
    answers: Callable[[], bool]
    settings: dict[str, str | int]
    patient: bool = False


def server_environment(**variables: str) -> dict[str, str]:
    """Return an environment for a server, with nothing of the application in it."""
    kept = ("PATH", "HOME", "USER", "TMPDIR", "LANG", "LD_LIBRARY_PATH", "PYTHONPATH")
    return {name: os.environ[name] for name in kept if name in os.environ} | variables


def package_folder(package: str, requirements: str) -> Path:
    """Return the folder of an installed package, without importing it."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise LocalRunError(
            f"The Python package {package} is missing. Install it with: "
            f"{sys.executable} -m pip install {requirements}"
        )
    return Path(spec.submodule_search_locations[0])
