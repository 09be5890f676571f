"""Stacks for the tests of a local run, on real servers and with processes that do nothing."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import psutil
import pytest

from assistant.config import Settings
from assistant.local.ports import free_port

PROJECT = Path(__file__).parents[2]
# `forker` leaves a child behind when it is killed, as a pool of workers may.
PROCFILE = """\
# comments and empty lines are skipped

web: exec python -m http.server --bind 127.0.0.1 $PORT
forker: sleep 300 & exec sleep 300
"""

Runner = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("MAKELEVEL", raising=False)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", port=free_port(), flower_port=free_port())


@pytest.fixture
def procfile(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "health").mkdir(parents=True)
    (folder / "health" / "ready").write_text('{"checks": {}}')
    (folder / "Procfile").write_text(PROCFILE)
    return folder / "Procfile"


@pytest.fixture
def run_stack(settings: Settings, procfile: Path) -> Iterator[Runner]:
    """Start a runner in a process of its own, which prints `ready` and then watches."""
    runners: list[subprocess.Popen[str]] = []

    def run(*, wait: bool = True) -> "subprocess.Popen[str]":
        runner = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.local.run_stack",
                str(settings.data_dir),
                str(settings.port),
                str(settings.flower_port),
                str(procfile),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=PROJECT,
            # Whoever runs the tests may be told to survive its terminal, as by `nohup`; a child
            # inherits that, and rightly keeps it.
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
        )
        runners.append(runner)
        if wait:
            read_until(runner.stdout, "ready")
        return runner

    yield run
    for runner in runners:
        if runner.poll() is None:
            runner.terminate()
            runner.communicate(timeout=60)


def read_until(output: IO[str] | None, word: str) -> str:
    """Return what was written up to the line with this word."""
    assert output is not None
    text = ""
    for line in output:
        # For whoever has to find out why the word did not come.
        print(line, end="")
        text += line
        if line.strip().endswith(word):
            return text
    raise AssertionError(f"It ended before it said {word!r}:\n{text}")


def descendants(pid: int) -> list[psutil.Process]:
    """Return every process below this one."""
    return psutil.Process(pid).children(recursive=True)


def require_gone(processes: list[psutil.Process], seconds: float = 30) -> None:
    """Fail unless all of these end in time."""
    assert processes
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    # A zombie has ended; whoever is its parent now only has not looked yet.
    assert not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]
