"""What all commands have in common."""

import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from flask import Flask

from assistant.cli import output
from tests.conftest import User
from tests.factories import ask, job_row
from tests.local.conftest import free_port
from tests.services.factories import hold, lose_lease, make_owner, sql

from .conftest import Run, invoke_in

PROJECT = Path(__file__).parents[2]
OURS = {
    *("users", "keys", "invitations", "audit", "jobs", "documents", "stats", "doctor", "sweep"),
    *("eval", "completion", "sessions", "models"),
}


def commands(app: Flask) -> Iterator[tuple[list[str], click.Command]]:
    """Yield every command of ours with the words that call it."""
    for name in sorted(OURS):
        command = app.cli.commands[name]
        yield [name], command
        if isinstance(command, click.Group):
            for inner in command.commands.values():
                yield [name, str(inner.name)], inner


def test_every_command_explains_itself_with_an_example(app: Flask, run: Run) -> None:
    shown = run("--help").stdout
    assert {
        line.split()[0] for line in shown.partition("Commands:")[2].splitlines() if line
    } >= OURS
    for words, command in commands(app):
        text = run(*words, "--help").stdout
        assert " ".join(["Usage:"]) in text
        if not isinstance(command, click.Group) and words != ["sweep"]:
            assert f"flask {' '.join(words)}" in text.partition("Example:")[2], words


def test_commands_speak_json(app: Flask) -> None:
    for words, command in commands(app):
        if not isinstance(command, click.Group) and words[0] not in ("sweep", "completion"):
            assert "as_json" in {parameter.name for parameter in command.params}, words


@pytest.mark.parametrize(
    "words",
    [
        ("users", "list"),
        ("jobs", "list"),
        ("documents", "list"),
        ("documents", "rebuild", "--all"),
        ("stats",),
    ],
    ids=" ".join,
)
def test_a_database_that_is_away_is_one_sentence(
    another_app: Callable[..., Flask], words: tuple[str, ...]
) -> None:
    away = another_app(database_url=f"postgresql://nobody@127.0.0.1:{free_port()}/none")
    result = invoke_in(away, *words)
    assert result.exit_code == 1
    assert result.stdout == ""
    [line] = result.stderr.splitlines()
    assert line == "Error: The database does not answer. What is wrong is said by: flask doctor"


@pytest.mark.parametrize("command", ["upgrade", "current"])
@pytest.mark.parametrize("variable", ["DATABASE_URL", "DATABASE_ADMIN_URL"])
def test_migrating_a_database_that_is_away_is_one_sentence(
    another_app: Callable[..., Flask], command: str, variable: str
) -> None:
    url = f"postgresql://nobody:hunter2@127.0.0.1:{free_port()}/none"
    away = another_app(database_url=url)
    if variable == "DATABASE_ADMIN_URL":
        away = another_app(database_url=url, database_admin_url=url)
    result = invoke_in(away, "db", command)
    said = str(result.exception)
    assert isinstance(result.exception, SystemExit)
    assert said.startswith("The database at 127.0.0.1:")
    assert "Connection refused" in said
    assert said.endswith(f"Start it, or correct {variable}.")
    assert "hunter2" not in said
    assert len(said.splitlines()) == 1


def test_a_chroma_that_is_away_is_one_sentence(another_app: Callable[..., Flask], run: Run) -> None:
    make_owner()
    away = another_app(chroma_url=f"http://127.0.0.1:{free_port()}")
    result = invoke_in(away, "documents", "rebuild", "--all", "--drop")
    assert result.exit_code == 1
    assert "The vector store does not answer" in result.stderr
    assert "Traceback" not in result.output


def test_an_error_nobody_expected_is_a_sentence_too(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise RuntimeError("odd\nthing")

    monkeypatch.setattr("assistant.services.accounts.users.list_all", breaks)
    assert run("users", "list", code=1).stderr == (
        "Error: Something unexpected happened (RuntimeError: odd). Set DEBUG=true to see where.\n"
    )


def test_old_tables_are_recognised(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def asks(*_: object) -> None:
        sql("SELECT no_such_column FROM users")

    monkeypatch.setattr("assistant.services.accounts.users.list_all", asks)
    assert run("users", "list", code=1).stderr.endswith("up to date: flask db upgrade\n")


def test_one_round_of_the_sweeper(run: Run, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signal.signal", lambda *_: None)
    job_id = ask(user)["id"]
    lose_lease(hold(job_row(job_id)).job)
    assert run("sweep", "--once").stdout == ""
    assert job_row(job_id).state == "queued"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(run: Run, shell: str) -> None:
    assert f"_FLASK_COMPLETE={shell}_complete" in run("completion", shell).stdout
    assert "is not one of" in run("completion", "csh", code=2).stderr


def environment(app: Flask, **more: str) -> dict[str, str]:
    settings = app.extensions["settings"]
    names = ("database_url", "redis_url", "chroma_url", "data_dir")
    ours = {name.upper(): str(getattr(settings, name)) for name in names}
    return {**os.environ, **ours, "PYTHONPATH": str(PROJECT), **more}


def in_terminal(app: Flask, *words: str, **more: str) -> str:
    """Run a command in a terminal, and return what it shows."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "flask", *words]
    with subprocess.Popen(
        command, stdout=theirs, cwd=PROJECT, env=environment(app, **more)
    ) as done:
        os.close(theirs)
        shown = b""
        try:
            while part := os.read(ours, 65536):
                shown += part
        except OSError:
            # The end of a terminal is an error on Linux.
            pass
    os.close(ours)
    assert done.returncode == 0
    return shown.decode()


@pytest.mark.slow
def test_colours_are_for_terminals_whose_user_wants_them(app: Flask) -> None:
    bold = "\x1b[1m"
    assert bold in in_terminal(app, "users", "list", NO_COLOR="")
    assert "\x1b" not in in_terminal(app, "users", "list", NO_COLOR="1")
    piped = subprocess.run(
        [sys.executable, "-m", "flask", "users", "list"],
        cwd=PROJECT,
        env=environment(app),
        capture_output=True,
        check=True,
    )
    assert b"\x1b" not in piped.stdout


@pytest.mark.slow
def test_a_command_loads_no_model() -> None:
    heavy = ("torch", "transformers", "sentence_transformers", "chromadb", "langchain", "openai")
    script = (
        "import sys; from assistant.app import create_app; app = create_app(secret_key='k' * 40);"
        "app.test_cli_runner().invoke(args=['users', 'list']);"
        f"print([m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, timeout=100
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_cells_hold_one_line_and_steer_no_terminal() -> None:
    assert output.text_of("a\x1b[2Jb\nc") == "a [2Jb c"
    assert [output.text_of(value) for value in (None, True, False, 0)] == ["-", "yes", "no", "0"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (9.96, "10.0 s"), (59, "59 s"), (61, "1 min 1 s"), (7260, "2 h 1 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert output.duration(seconds) == text


def test_one_is_no_plural() -> None:
    texts = [output.counted(number, "document") for number in (0, 1, 2)]
    assert texts == ["0 documents", "1 document", "2 documents"]


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 bytes"), (1023, "1023 bytes"), (1536, "1.5 KiB"), (2**40, "1.0 TiB")]
)
def test_sizes(count: int, text: str) -> None:
    assert output.byte_size(count) == text


def test_a_sweeper_that_hangs_ends_itself_to_be_started_again(app: Flask) -> None:
    script = (
        "import threading, sys\n"
        "from assistant.services import jobs\n"
        "jobs.sweep = lambda: threading.Event().wait()\n"
        "from wsgi import app\n"
        "app.test_cli_runner().invoke(args=['sweep'], catch_exceptions=False)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=PROJECT,
        env=environment(app, STUCK_SECONDS="1"),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 70, done.stderr
    assert "a round of the sweeper hangs" in done.stderr
