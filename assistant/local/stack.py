"""A whole local run: servers, migration, the application's processes, and their end."""

import json
import subprocess
import sys
import time
from collections.abc import Collection, Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

import click

from assistant.config import Settings
from assistant.local import environment, model
from assistant.local.errors import LocalRunError, tail
from assistant.local.folder import DataFolder
from assistant.local.polling import wait
from assistant.local.ports import require_free_ports
from assistant.local.probe import answers_ok, ask
from assistant.local.procfile import read_processes
from assistant.local.program import Program, Server
from assistant.local.secret import keep_secret
from assistant.local.servers import missing_servers, require_answers
from assistant.local.signals import StopSignals
from assistant.local.silence import Silence
from assistant.local.supervision import Supervisor

PROJECT = Path(__file__).parents[2]
# What dies is told at once; what is only slow, as everything is on a busy machine, has its time.
SERVER_SECONDS = 300.0
READY_SECONDS = 600.0
MIGRATION_SECONDS = 600.0
DEATHS_BEFORE_GIVING_UP = 3


class LocalStack:
    """The servers of a data folder while the `with` lasts, and on request the application.

    `settings` then lead to them, and `environment` is for processes that shall use them. With
    `serve=False` there are only PostgreSQL, Valkey and Chroma; `without` names processes that are
    not started. Enter it in the main thread: Linux
    ends the stack together with the thread that started it.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        quiet: bool = False,
        logs_to_files: bool = False,
        serve: bool = True,
        procfile: Path = PROJECT / "Procfile",
        without: Collection[str] = (),
        stopping: StopSignals | None = None,
    ) -> None:
        self.settings = settings
        self.environment: dict[str, str] = {}
        self.quiet = quiet
        self._logs_to_files = quiet or logs_to_files
        self.serve = serve
        self.folder = DataFolder(settings.data_dir)
        self.servers: list[Server] = []
        self.supervisor: Supervisor | None = None
        self._procfile = procfile
        self._without = without
        self._processes: list[Program] = []
        self._stopping = stopping

    def __enter__(self) -> Self:
        self.folder.claim()
        try:
            self._start_servers()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End every process, the application first, and free the folder."""
        if self._stopping:
            self._stopping.asked = True
        try:
            if self.supervisor:
                self._say("Stopping.")
                self.supervisor.stop(self._stopping)
            if self.folder.lock >= 0:
                environment.remove_local_env(self.folder.path)
        finally:
            self.folder.release()

    def wait_for_servers(self, servers: list[Server]) -> None:
        """Return when these answer; raise `LocalRunError` for one that never does."""
        waiting = {server.program.name: server for server in servers}

        def silent() -> str | None:
            for name in [name for name, server in waiting.items() if server.answers()]:
                del waiting[name]
            self._raise_for_deaths(waiting)
            return ", ".join(waiting) or None

        try:
            wait(silent, seconds=SERVER_SECONDS, say=self._say)
        except TimeoutError as error:
            name = next(iter(waiting))
            raise LocalRunError(f"No answer {error}.{self._tail_of(name)}") from None

    def migrate(self) -> None:
        """Bring the database up to date, as `flask db upgrade` does."""
        self._say("Migrating the database.")
        command = [sys.executable, "-m", "flask", "db", "upgrade"]
        log = self.folder.log / "migration.log"
        with log.open("wb") as output:
            done = subprocess.run(
                command,
                cwd=PROJECT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=MIGRATION_SECONDS,
            )
        if done.returncode:
            raise LocalRunError(f"The database could not be migrated; see {log}.{tail(log)}")

    def start_processes(self) -> None:
        """Start every process of the Procfile."""
        self._say("Starting the application.")
        self.require_supervisor().start_application()

    def wait_until_ready(self) -> None:
        """Return when servers, API, workers and Flower are there; raise `LocalRunError` if never.

        Flower knows of nothing that was sent before it listened.
        """
        self.wait_for_servers(self.servers)

        def unready() -> str | None:
            status, body = ask(f"{self.api_url}/health/ready")
            if status == 200 and _all_well(body):
                return self._flower_away()
            self._raise_for_deaths([program.name for program in self._processes])
            # While nothing answers, why it does not says nothing: it is still starting.
            says = f": {status} {' '.join(body.split())}" if status else ""
            return f"the API at {self.api_url}{says}"

        try:
            wait(unready, seconds=READY_SECONDS, say=self._say)
        except TimeoutError as error:
            raise LocalRunError(f"Not ready {error}{self._tail_of('web')}") from None

    def _flower_away(self) -> str | None:
        if all(program.name != "flower" for program in self._processes):
            return None
        url = address_of(self.settings.flower_address, self.settings.flower_port)
        self._raise_for_deaths(["flower"])
        return None if answers_ok(f"{url}/healthcheck") else f"Flower at {url}"

    def watch(self) -> None:
        """Report what dies and is started again; return only by `KeyboardInterrupt`.

        What says nothing any more is ended for that.
        """
        supervisor = self.require_supervisor()
        silence = Silence(supervisor, self.api_url, self.settings.worker_stall_seconds)
        supervisor.states()
        seen = {name: len(pids) for name, pids in supervisor.pids.items()}
        while True:
            # supervisord tells of a death only when it is asked.
            time.sleep(1)
            for name in silence.look():
                self._say(f"{name} says nothing any more: it is ended, to be started again.")
            self.require_supervisor().states()
            for name, pids in supervisor.pids.items():
                if len(pids) > seen[name]:
                    self._say(f"{name} had ended; it was started again as process {pids[-1]}.")
                seen[name] = len(pids)

    def require_supervisor(self) -> Supervisor:
        """Return what watches over the programs; raise `LocalRunError` if it is gone."""
        if self.supervisor is None or not self.supervisor.alive:
            log = self.folder.log / "supervisord.log"
            raise LocalRunError(f"supervisord ended unexpectedly; see {log}.{tail(log)}")
        return self.supervisor

    @property
    def bundled_model(self) -> bool:
        """Return whether the small model that comes along answers."""
        return any("openai_base_url" in server.settings for server in self.servers)

    @property
    def api_url(self) -> str:
        """Return where the API answers on this machine."""
        return address_of(self.settings.host, self.settings.port)

    def _start_servers(self) -> None:
        chosen = environment.chosen_by_operator(self.settings)
        environment.remove_local_env(self.folder.path)
        if self.serve:
            require_free_ports(self.settings)
        require_answers(self.settings, chosen)
        self._say(f"Starting the servers; their data is in {self.folder.path}.")
        found = read_processes(self._procfile) if self.serve else []
        self._processes = [process for process in found if process.name not in self._without]
        self.servers = missing_servers(self.folder, self.settings, chosen, with_model=self.serve)
        additions: dict[str, str | int] = {}
        for server in self.servers:
            additions |= server.settings
        if self.bundled_model:
            additions |= model.defaults(chosen)
            additions |= {name: way for name, way in model.ANSWERS.items() if name not in chosen}
        for name in ("secret_key", "flower_password"):
            if name not in chosen:
                additions[name] = keep_secret(self.folder.secrets / name)
        if "log_format" not in chosen and not self._logs_to_files and sys.stdout.isatty():
            # The processes write to a pipe of supervisord's and cannot see the terminal behind it.
            additions["log_format"] = "text"
        self.settings = environment.with_additions(
            self.settings, chosen, {**additions, "data_dir": str(self.folder.path)}
        )
        self.environment = environment.process_environment(self.settings)
        programs = [server.program for server in self.servers] + self._processes
        self.supervisor = Supervisor(programs, self.folder.run, self.folder.log)
        self.supervisor.start(self.environment, self.folder.lock, logs_to_files=self._logs_to_files)
        self.wait_for_servers([server for server in self.servers if not server.patient])
        environment.write_local_env(self.folder.path, self.settings)

    def _raise_for_deaths(self, names: Iterable[str]) -> None:
        supervisor = self.require_supervisor()
        supervisor.states()
        for name in names:
            deaths = len(supervisor.pids[name]) - 1
            if deaths >= DEATHS_BEFORE_GIVING_UP:
                raise LocalRunError(f"{name} ended {deaths} times.{self._tail_of(name)}")

    def _tail_of(self, name: str) -> str:
        return tail(self.folder.log / f"{name}.log") or " What it wrote is above."

    def _say(self, text: str) -> None:
        if not self.quiet:
            click.echo(text)


def address_of(host: str, port: int) -> str:
    """Return where what listens at this address is reached from this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _all_well(body: str) -> bool:
    # The API is ready before its workers are, since jobs may wait; who starts all of it may not.
    return set(json.loads(body)["checks"].values()) <= {"ok"}
