"""`flask models`: servers of language models at the command line."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from assistant.services.providers import choosing
from tests.cli.conftest import Run
from tests.services.factories import sql

URL = "http://127.0.0.1:9/v1"


@pytest.fixture(autouse=True)
def none_yet(app: Flask) -> Iterator[None]:
    """Let each test begin and end with the settings' server alone."""
    yield
    with app.app_context():
        sql("DELETE FROM model_providers")
        choosing.forget()


def test_servers_are_added_listed_and_removed(run: Run, read: Callable[..., Any]) -> None:
    assert "only the server of OPENAI_BASE_URL" in run("models", "list").output
    options = ("--model", "a", "--model", "b", "--context", 32768, "--can", "tools", "--slots", 8)
    prices = ("--price", 0.5, 1.5, "--fallback", "gpt-4o-mini")
    added = read("models", "add", "lab", URL, *options, *prices)
    assert (added["models"], added["has_key"]) == (["a", "b"], False)
    assert added["prices"] == {"input": 0.5, "output": 1.5}
    assert "0.5 / 1.5" in run("models", "list").output
    assert read("models", "list") == [added]
    run("models", "remove", "lab")
    assert read("models", "list") == []


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("add", "default", URL, "--model", "a"), 1),
        (("add", "lab", "ftp://x", "--model", "a"), 1),
        (("add", "lab", URL), 2),
        (("remove", "nobody"), 1),
    ],
)
def test_mistakes_are_told_in_words(run: Run, words: tuple[str, ...], code: int) -> None:
    run("models", *words, code=code)


def test_a_key_needs_something_to_seal_it(run: Run) -> None:
    words = ("models", "add", "lab", URL, "--model", "a")
    said = run(*words, "--key-file", "-", input="sk-1\n", code=1)
    assert "ENCRYPTION_KEY" in said.output
    assert "empty" in run(*words, "--key-file", "-", input="\n", code=2).output
    assert "--key-file" in run(*words, "--key", code=2).output
    assert run("models", "rekey").output == "Sealed 0 keys anew.\n"
