"""What the tests of the command line share."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from assistant.app import create_app

Run = Callable[..., Result]


@pytest.fixture
def run(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs a command; without a code, it has to exit with 0."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    runner = app.test_cli_runner()

    def invoke(*words: object, code: int = 0, **options: Any) -> Result:
        result = runner.invoke(args=[str(word) for word in words], **options)
        assert "Traceback" not in result.output
        assert result.exit_code == code, f"{result.output}\n{result.exception!r}"
        return result

    return invoke


@pytest.fixture
def read(run: Run) -> Callable[..., Any]:
    """Return a function that runs a command with --json and returns what it printed."""

    def invoke(*words: object, **options: Any) -> Any:
        return json.loads(run(*words, "--json", **options).stdout)

    return invoke


@pytest.fixture
def another_app(app: Flask) -> Iterator[Callable[..., Flask]]:
    """Return a function that makes an application with other settings, by default on our servers.

    With no `like_ours`, it knows only what it is given.
    """
    made = []

    def make(*, like_ours: bool = True, **overrides: Any) -> Flask:
        known = app.extensions["settings"].model_dump() if like_ours else {}
        made.append(create_app(**{**known, **overrides}))
        return made[-1]

    yield make
    for one in made:
        if "chat_model" in vars(one.extensions["adapters"]):
            one.extensions["adapters"].chat_model.close()
    # Each application becomes Celery's current one, and remembers a broker that was away.
    app.extensions["celery"].set_current()
    app.extensions["celery"].set_default()
    app.extensions["cache"]._silent_until = 0.0


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    """Return a file with a good password."""
    path = tmp_path / "password"
    path.write_text("a long new password\n")
    return path


def invoke_in(app: Flask, *words: str) -> Result:
    """Run a command of an application that is not the one of most tests."""
    with app.app_context():
        return app.test_cli_runner().invoke(args=list(words))


def rows(table: str) -> list[list[str]]:
    """Return the cells of a printed table, without its heading."""
    lines = [line for line in table.splitlines() if line.strip()]
    return [line.split() for line in lines[1:]]
