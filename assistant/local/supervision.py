"""Keeps programs alive with supervisord, in a session of its own, and ends them for good."""

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Iterator, Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, cast
from xml.parsers.expat import ExpatError

from assistant.local.configuration import LOWEST_KEPT_FILE, configuration
from assistant.local.errors import LocalRunError, tail
from assistant.local.ports import free_port
from assistant.local.program import APPLICATION, Program
from assistant.local.secret import write_private
from assistant.local.signals import StopSignals

LIFELINE = Path(__file__).with_name("lifeline.py")
SUPERVISOR_PROCESS = Path(__file__).with_name("supervisor_process.py")
START_SECONDS = 30.0
ENDED = ("STOPPED", "EXITED", "FATAL", "UNKNOWN")


class _Transport(xmlrpc.client.Transport):
    """HTTP that does not wait for ever."""

    def make_connection(self, host: Any) -> HTTPConnection:
        connection = super().make_connection(host)
        connection.timeout = 5.0
        return connection


class Supervisor:
    """One supervisord and its programs; `pids` lists every process that a program has been."""

    def __init__(self, programs: Sequence[Program], run_dir: Path, log_dir: Path) -> None:
        self.programs = list(programs)
        self.run_dir = run_dir
        self.log_dir = log_dir
        self.pids: dict[str, list[int]] = {program.name: [] for program in programs}
        self._process: subprocess.Popen[bytes] | None = None
        self._url = ""

    def start(self, environment: Mapping[str, str], lock: int, *, logs_to_files: bool) -> None:
        """Start supervisord and the servers; it holds the lock until it has stopped them."""
        port, password = free_port(), os.urandom(24).hex()
        self._url = f"http://local:{password}@127.0.0.1:{port}/RPC2"
        text = configuration(self.programs, port, password, logs_to_files=logs_to_files)
        write_private(self.run_dir / "supervisord.conf", text)
        write_private(self.run_dir / "programs.json", json.dumps(self._descriptions()))
        held = fcntl.fcntl(lock, fcntl.F_DUPFD_CLOEXEC, LOWEST_KEPT_FILE)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(LIFELINE), "programs.json", "supervisord"],
                cwd=self.run_dir,
                env={
                    **environment,
                    "LOCAL_RUN_PYTHON": sys.executable,
                    "LOCAL_RUN_LIFELINE": str(LIFELINE),
                },
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                pass_fds=(held,),
            )
        finally:
            os.close(held)
        deadline = time.monotonic() + START_SECONDS
        while not self._call("getState"):
            if not self.alive or time.monotonic() > deadline:
                log = self.log_dir / "supervisord.log"
                raise LocalRunError(f"supervisord did not start; see {log}.{tail(log)}")
            # It opens its port when it is ready and gives no other sign.
            time.sleep(0.05)

    def start_application(self) -> None:
        """Start the programs of the application."""
        self._call("startProcessGroup", APPLICATION, False)

    @property
    def alive(self) -> bool:
        """Return whether supervisord itself still runs."""
        return self._process is not None and self._process.poll() is None

    def states(self) -> dict[str, dict[str, Any]]:
        """Return what supervisord knows of each program, and note new processes in `pids`."""
        infos = cast("list[dict[str, Any]]", self._call("getAllProcessInfo") or [])
        for info in infos:
            pids = self.pids[info["name"]]
            if info["pid"] and info["pid"] not in pids:
                pids.append(info["pid"])
        return {info["name"]: info for info in infos}

    def stop(self, stopping: StopSignals | None = None) -> None:
        """End the application, then the servers and supervisord."""
        if self.alive:
            self._stop_application(stopping)
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            process.terminate()
        for _ in self._until(45.0):
            if process.poll() is not None:
                break
            # Any call wakes it from its sleep of a second.
            self._call("getState")
        else:
            self.kill(set(self.pids))
            process.kill()
            process.wait(10)
        self._process = None
        for name in ("supervisord.conf", "programs.json", "valkey.conf"):
            (self.run_dir / name).unlink(missing_ok=True)

    def kill(self, names: set[str]) -> None:
        """Kill the process group that each of these programs leads at the moment."""
        for name, info in self.states().items():
            if name in names and info["pid"]:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(info["pid"], signal.SIGKILL)

    def _stop_application(self, stopping: StopSignals | None) -> None:
        names = {program.name for program in self.programs if program.group == APPLICATION}
        if not names:
            return
        self._call("stopProcessGroup", APPLICATION, False)
        for _ in self._until(20.0):
            states = self.states()
            if all(states[name]["statename"] in ENDED for name in names & states.keys()):
                return
            if stopping and stopping.hurry:
                self.kill(names)

    def _until(self, seconds: float) -> Iterator[None]:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            yield
            time.sleep(0.05)

    def _call(self, method: str, *arguments: object) -> Any:
        """Call supervisord; None if it does not answer, or is shutting down."""
        try:
            with xmlrpc.client.ServerProxy(self._url, _Transport(), allow_none=True) as proxy:
                return getattr(proxy.supervisor, method)(*arguments)
        except (OSError, HTTPException, ExpatError, xmlrpc.client.Error):
            return None

    def _descriptions(self) -> dict[str, dict[str, Any]]:
        descriptions: dict[str, dict[str, Any]] = {
            program.name: {
                "command": program.command,
                "folder": program.folder and str(program.folder),
                "environment": program.environment,
                "death_signal": program.death_signal,
                "supervises": False,
            }
            for program in self.programs
        }
        descriptions["supervisord"] = {
            "command": [sys.executable, "-I", str(SUPERVISOR_PROCESS), "supervisord.conf"],
            "folder": None,
            "environment": None,
            "death_signal": "TERM",
            "supervises": True,
        }
        return descriptions
