"""Runs in a process of their own: what signals do, what is restarted, what is left behind."""

import contextlib
import os
import signal
import socket
import time
from pathlib import Path

import psutil
import pytest

from assistant.config import Settings
from tests.services.factories import wait_for

from .conftest import Runner, descendants, read_until, require_gone

pytestmark = pytest.mark.slow


def named(pid: int, name: str) -> psutil.Process | None:
    """Return the program of the stack with this name, as the environment of each says."""
    for process in descendants(pid):
        with contextlib.suppress(psutil.Error):
            if process.environ().get("SUPERVISOR_PROCESS_NAME") == name:
                return process
    return None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything(run_stack: Runner, number: signal.Signals) -> None:
    runner = run_stack()
    processes = descendants(runner.pid)
    assert len(processes) > 5
    runner.send_signal(number)
    output, _ = runner.communicate(timeout=60)
    assert runner.returncode == 0
    assert output.endswith("stopped\n")
    require_gone(processes, seconds=1)


def test_what_a_killed_runner_started_ends_and_the_next_run_starts(run_stack: Runner) -> None:
    runner = run_stack()
    processes = descendants(runner.pid)
    runner.kill()
    runner.wait(10)
    # At once, while the old servers are still stopping.
    again = run_stack()
    require_gone(processes, seconds=1)
    assert again.poll() is None


def test_what_dies_is_started_again_and_leaves_nothing(run_stack: Runner) -> None:
    runner = run_stack()
    forker = named(runner.pid, "forker")
    assert forker
    orphans = forker.children()
    assert len(orphans) == 1
    forker.kill()
    said = read_until(runner.stdout, "").strip()
    deadline = time.monotonic() + 20
    while "forker had ended; it was started again" not in said and time.monotonic() < deadline:
        said = read_until(runner.stdout, "")
    assert "forker had ended; it was started again" in said
    processes = descendants(runner.pid)
    runner.send_signal(signal.SIGINT)
    runner.communicate(timeout=60)
    require_gone([*processes, *orphans], seconds=1)


def test_a_taken_port_is_named_before_anything_starts(
    run_stack: Runner, settings: Settings
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", settings.port))
        taken.listen(1)
        runner = run_stack(wait=False)
        output, _ = runner.communicate(timeout=30)
    assert runner.returncode == 1
    assert f"Port {settings.port} of 127.0.0.1 cannot be opened" in output
    assert "set PORT to a free port" in output
    assert not (settings.data_dir / "postgres").exists()


def test_an_interrupted_first_start_leaves_a_folder_that_works(
    run_stack: Runner, settings: Settings
) -> None:
    runner = run_stack(wait=False)
    deadline = time.monotonic() + 30
    while not (settings.data_dir / "postgres.partial").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    runner.send_signal(signal.SIGINT)
    runner.communicate(timeout=60)
    assert runner.returncode == 0
    assert not (settings.data_dir / "postgres").exists()
    run_stack()


def test_a_second_signal_kills_what_does_not_stop(
    run_stack: Runner, settings: Settings, procfile: "os.PathLike[str]"
) -> None:
    with open(procfile, "a") as file:
        file.write("stubborn: trap '' TERM; touch deaf; while true; do sleep 1; done\n")
    runner = run_stack()
    wait_for(Path(procfile).with_name("deaf").exists)
    processes = descendants(runner.pid)
    runner.send_signal(signal.SIGINT)
    time.sleep(1)
    assert runner.poll() is None
    started = time.monotonic()
    runner.send_signal(signal.SIGINT)
    runner.communicate(timeout=60)
    assert time.monotonic() - started < 8
    assert runner.returncode == 0
    require_gone(processes, seconds=1)
