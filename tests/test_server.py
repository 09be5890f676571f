"""What gunicorn itself answers and logs, with an application that needs no servers."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.local.conftest import free_port
from tests.services.factories import wait_for

PROJECT = Path(__file__).parents[1]
APPLICATION = "wsgiref.simple_server:demo_app"


class Gunicorn:
    """A running gunicorn with our settings."""

    def __init__(
        self, log: Path, application: str = APPLICATION, *, files: int = 0, **settings: str
    ) -> None:
        self.port = free_port()
        self.url, self.log = f"http://127.0.0.1:{self.port}/", log
        known = {"SECRET_KEY": "k" * 40, "PORT": str(self.port), "WEB_WORKERS": "1"}
        limited = ["prlimit", f"--nofile={files}:{files}"] if files else []
        gunicorn = [sys.executable, "-m", "gunicorn", "-c", "python:assistant.server", application]
        self.process = subprocess.Popen(
            [*limited, *gunicorn],
            cwd=PROJECT,
            env={**os.environ, **known, **settings},
            stderr=log.open("wb"),
        )

    def __enter__(self) -> "Gunicorn":
        wait_for(self.answers, 30)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(20)

    def answers(self) -> bool:
        """Return whether it has come up."""
        try:
            return httpx.get(self.url).status_code < 500
        except httpx.HTTPError:
            return False

    def lines(self) -> list[dict[str, Any]]:
        """Return what it logged."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@pytest.fixture(scope="module")
def gunicorn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gunicorn]:
    """Run it for the tests of this module."""
    with Gunicorn(tmp_path_factory.mktemp("gunicorn") / "log") as started:
        yield started


def test_long_paths_and_headers_are_taken(gunicorn: Gunicorn) -> None:
    assert httpx.get(gunicorn.url + "a" * 8000).status_code == 200
    assert httpx.get(gunicorn.url, headers={"Cookie": "a" * 16_000}).status_code == 200


@pytest.mark.parametrize(
    ("path", "headers", "status", "code"),
    [
        ("a" * 9000, {}, 414, "uri_too_long"),
        ("", {"Cookie": "a" * 17_000}, 431, "request_header_fields_too_large"),
        ("", {"Expect": "something odd"}, 417, "expectation_failed"),
    ],
)
def test_what_gunicorn_refuses_is_a_problem_and_a_line_in_the_log(
    gunicorn: Gunicorn, path: str, headers: dict[str, str], status: int, code: str
) -> None:
    before = len(gunicorn.lines())
    refused = httpx.get(gunicorn.url + path, headers=headers)
    assert refused.status_code == status
    assert refused.headers["content-type"] == "application/problem+json"
    body = refused.json()
    assert set(body) == {"type", "title", "status", "detail", "code"}
    assert body["status"] == status
    [line] = gunicorn.lines()[before:]
    assert (line["level"], line["logger"]) == ("WARNING", "gunicorn.error")
    assert line["message"].startswith("Invalid request from ip=127.0.0.1: ")


def test_a_postgresql_that_hangs_is_not_waited_for_for_ever() -> None:
    program = """
from gevent import monkey; monkey.patch_all()
import psycopg2, socket, time
from psycopg2.extensions import set_wait_callback
from assistant import server
server.CONNECT_SECONDS = 0.3
set_wait_callback(server.wait_for_postgres)
deaf = socket.create_server(("127.0.0.1", 0))
began = time.monotonic()
try:
    psycopg2.connect(host="127.0.0.1", port=deaf.getsockname()[1], user="x", dbname="x")
except psycopg2.OperationalError as error:
    print(error, time.monotonic() - began < 3)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, cwd=PROJECT
    )
    assert done.stdout.strip() == "PostgreSQL did not answer in 0.3 s True", done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SECRET_KEY", "SECRET_KEY_PREVIOUS"])
def test_a_key_that_could_be_guessed_starts_nothing(name: str) -> None:
    keys = {"SECRET_KEY": "k" * 40, "SECRET_KEY_PREVIOUS": "p" * 40, name: "k" * 31}
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", "-c", "python:assistant.server", "wsgi:app"],
        cwd=PROJECT,
        env={**os.environ, **keys, "PORT": str(free_port())},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0
    assert f"{name} must have at least 32 characters" in done.stderr + done.stdout
