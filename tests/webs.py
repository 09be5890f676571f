"""More web servers of the live stack, with settings of their own."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from assistant.local.ports import free_port
from assistant.local.stack import LocalStack
from tests.services.factories import wait_for

PROJECT = Path(__file__).parents[1]
GUNICORN = ("gunicorn", "-c", "python:assistant.server", "wsgi:app")
FLASK = ("flask", "--app", "wsgi", "run")


class Web:
    """One more web server of the same stack, with settings of its own."""

    def __init__(
        self, stack: LocalStack, log: Path, command: Sequence[str] = GUNICORN, **settings: str
    ) -> None:
        self.log = log
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        environment = {
            "FLASK_RUN_PORT": str(self.port),
            **stack.environment,
            "PORT": str(self.port),
            "WEB_WORKERS": "1",
            **settings,
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=PROJECT,
            env=environment,
            stderr=log.open("wb"),
        )
        wait_for(self.answers, 30)

    def answers(self) -> bool:
        """Return whether it has come up."""
        try:
            return httpx.get(f"{self.url}/health/live").status_code == 200
        except httpx.HTTPError:
            return False

    def stop(self, how: int = signal.SIGTERM) -> float:
        """Stop it, and return how many seconds it took."""
        began = time.perf_counter()
        self.process.send_signal(how)
        self.process.wait(30)
        return time.perf_counter() - began


@pytest.fixture
def start_web(live_stack: LocalStack, tmp_path: Path) -> Iterator[Callable[..., Web]]:
    """Return a function that starts one more web server."""
    started: list[Web] = []

    def start(**settings: Any) -> Web:
        started.append(Web(live_stack, tmp_path / f"web{len(started)}.log", **settings))
        return started[-1]

    yield start
    for web in started:
        web.process.kill()
        web.process.wait(10)
