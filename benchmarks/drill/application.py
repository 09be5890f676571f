"""The application's processes, watched over by a supervisor that starts the dead again at once."""

from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from assistant.config import Settings
from assistant.local.environment import process_environment
from assistant.local.folder import DataFolder
from assistant.local.polling import wait
from assistant.local.probe import ask
from assistant.local.procfile import read_processes
from assistant.local.program import Program
from assistant.local.stack import PROJECT
from assistant.local.supervision import Supervisor

READY_SECONDS = 600.0
# Nothing here depends on Flower, which would take its share of the processor.
UNUSED = ("flower",)
# What dies in quarantine counts as a job's own doing, which no fault of the drill's is.
SPARED = "quarantine"


class Application:
    """The processes of a Procfile while the `with` lasts, on servers that are there.

    `project` is the folder of the code that runs. The names of its programs and workers begin with
    the `mark`, by which two applications on the same servers are told apart.
    """

    def __init__(self, settings: Settings, project: Path = PROJECT, mark: str = "") -> None:
        self.settings = settings
        self.project = project
        self.mark = mark
        self.url = f"http://127.0.0.1:{settings.port}"
        self.folder = DataFolder(settings.data_dir)
        self.supervisor: Supervisor

    def __enter__(self) -> Self:
        self.folder.claim()
        programs = [
            _quick(program, self.mark)
            for program in read_processes(self.project / "Procfile")
            if program.name not in UNUSED
        ]
        self.supervisor = Supervisor(programs, self.folder.run, self.folder.log)
        try:
            environment = process_environment(self.settings)
            self.supervisor.start(environment, self.folder.lock, logs_to_files=True)
            self.supervisor.start_application()
            wait(self._unready, seconds=READY_SECONDS, say=lambda _: None)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.supervisor.stop()
        finally:
            self.folder.release()

    def logs(self, *names: str) -> list[Path]:
        """Return the log files of these programs, with those that were rotated."""
        return [path for name in names for path in sorted(self.folder.log.glob(f"{name}.log*"))]

    def _unready(self) -> str | None:
        status, body = ask(f"{self.url}/health/ready")
        return None if status == 200 and "silent" not in body and "never" not in body else body


def _quick(program: Program, mark: str) -> Program:
    """Return the program with a restart at once, however often it dies, and quarantine spared.

    PostgreSQL learns which process it talks to, and a job which worker has it.
    """
    name = f"{mark}{program.name}"
    line = program.command[-1].replace(f"-n {program.name}@", f"-n {name}@")
    line = f"PGAPPNAME={name}-$$ {line}"
    if program.name == SPARED:
        line = f"CRASH_POINTS= {line}"
    return replace(program, name=name, command=[*program.command[:-1], line], settle_seconds=1)
