"""Two releases on the same servers: the code of an earlier commit, and the code of now."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assistant.local.environment import process_environment
from assistant.local.ports import free_port
from assistant.local.stack import PROJECT, LocalStack
from benchmarks.drill import audit
from benchmarks.drill.application import Application
from benchmarks.drill.backstage import Backstage
from benchmarks.drill.books import Books
from benchmarks.drill.stage import RHYTHM, forget_environment, settings_of
from benchmarks.drill.victims import until
from tests.doubles.model_server import ModelServer

# By which the programs and workers of the earlier release are told from those of now.
MARK = "old-"
COMMAND_SECONDS = 300
READY_SECONDS = 600.0
CONNECTED = """
    SELECT DISTINCT regexp_replace(application_name, '-[0-9]+$', '') FROM pg_stat_activity
    WHERE datname = current_database()
"""


@dataclass
class Releases(Backstage):
    """Both applications, of which each runs between its start and its stop."""

    old: Application
    new: Application
    running: list[Application] = field(default_factory=list)
    _stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def supervised(self) -> dict[str, dict[str, Any]]:
        """Ask the supervisors of both what their programs are doing."""
        states: dict[str, dict[str, Any]] = {}
        for application in self.running:
            states |= application.supervisor.states()
        return states

    def start(self, application: Application) -> None:
        """Start a release, and return when its API answers and its workers are there."""
        application.__enter__()
        self.running.append(application)
        # The other release beats for the same queues, so heartbeats do not tell.
        names = {p.name for p in application.supervisor.programs}

        def all_there() -> bool:
            return names <= {name for [name] in self.books.rows(CONNECTED)}

        if not until(all_there, READY_SECONDS):
            missing = names - {name for [name] in self.books.rows(CONNECTED)}
            raise TimeoutError(f"not there after {READY_SECONDS:.0f} s: {missing}")

    def stop(self, application: Application) -> None:
        """Tell all processes of a release to leave, and return when they are gone."""
        self.running.remove(application)
        application.__exit__(None, None, None)

    def stop_all(self) -> None:
        """Stop what still runs."""
        for application in list(self.running):
            self.stop(application)


@contextlib.contextmanager
def set_up(folder: Path, code: Path) -> Iterator[Releases]:
    """Start the servers in a folder and migrate as the earlier `code` does; start nothing of it."""
    forget_environment()
    with contextlib.ExitStack() as stack:
        servers = stack.enter_context(
            LocalStack(settings_of(data_dir=folder / "servers"), quiet=True, serve=False)
        )
        model = stack.enter_context(ModelServer())
        shared: dict[str, Any] = {
            "upload_dir": folder / "uploads",
            "model_dir": settings_of().models,
            "database_url": servers.settings.database_url,
            "redis_url": servers.settings.redis_url,
            "chroma_url": servers.settings.chroma_url,
            "secret_key": servers.settings.secret_key,
            "openai_base_url": model.url,
            "openai_model": "scripted-model",
            "log_format": "json",
            **RHYTHM,
            "web_workers": 1,
            # Of two releases on one machine, each process has its turn late.
            "lease_seconds": 10.0,
            "search_timeout": 60.0,
        }
        old, new = (
            Application(
                settings_of(data_dir=folder / name, port=free_port(), **shared), project, mark
            )
            for name, project, mark in (("old", code, MARK), ("new", PROJECT, ""))
        )
        flask(old, "db", "upgrade")
        books = Books(servers.settings.database_url)
        stack.callback(books.close)
        audit.install(books, documents=False)
        releases = Releases(servers, books, old, new)
        stack.callback(releases.stop_all)
        yield releases


def flask(application: Application, *arguments: str, **how: Any) -> str:
    """Run a command of a release, and return what it said."""
    done: subprocess.CompletedProcess[str] = subprocess.run(
        [sys.executable, "-m", "flask", *arguments],
        cwd=application.project,
        env=process_environment(application.settings),
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        **how,
    )
    if done.returncode:
        raise RuntimeError(f"flask {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout
