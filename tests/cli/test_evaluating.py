"""`flask eval`."""

import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from flask import Flask

from assistant.cli import evaluating
from assistant.services import jobs
from assistant.services.evaluation import evaluations
from tests.services.factories import make_owner, perform, sql, upload

from .conftest import Run

CSV = (
    "question,filename,answer,refuse\nWhen does the ferry leave?,ferry.txt,noon,\nWhy blue?,,,yes\n"
)


@pytest.fixture
def owner(app: Flask) -> uuid.UUID:
    """Return who has a document."""
    owner = make_owner()
    assert perform(upload(owner, "The ferry leaves at noon.", "ferry.txt")).state == "succeeded"
    return owner


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    """Return a file of questions."""
    path = tmp_path / "ferry.csv"
    path.write_text(CSV)
    return path


@pytest.fixture
def worked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a worker do the job as soon as the command waits for it."""
    waiting = evaluating._wait

    def wait(owner_id: uuid.UUID, evaluation_id: uuid.UUID) -> dict[str, Any]:
        jobs.run(str(evaluation_id))
        return waiting(owner_id, evaluation_id)

    monkeypatch.setattr(evaluating, "_wait", wait)


def test_a_table_shows_what_two_settings_got(
    run: Run, owner: uuid.UUID, questions: Path, worked: None, tmp_path: Path
) -> None:
    settings = ("--setting", "installed", "--setting", "search=dense,retrieval_limit=3")
    picture = tmp_path / "ferry.svg"
    done = run("eval", questions, "--owner", owner, *settings, "--plot", picture)
    table = {line[:25].strip(): line.split() for line in done.stdout.splitlines()}
    assert "as installed" in done.stdout.splitlines()[0]
    assert table["nDCG@10"][1:4] == ["1", "1.000", "1.000"]
    assert "p50" in table["as installed"]
    assert "of 2 questions." in done.stderr
    drawn = ElementTree.fromstring(picture.read_text())
    assert "ferry.csv" in [element.text for element in drawn.iter()]


def test_scripts_get_what_the_api_says(
    run: Run, read: Callable[..., Any], owner: uuid.UUID, questions: Path, worked: None
) -> None:
    shown = read("eval", questions, "--owner", owner, "--name", "Ferry")
    assert (shown["name"], shown["state"], shown["question_count"]) == ("Ferry", "succeeded", 2)
    assert shown["questions"][0]["outcomes"][0]["quoted"] is True
    assert read("eval", "--owner", owner, "--id", shown["id"]) == shown


def test_nobody_has_to_wait(run: Run, owner: uuid.UUID, questions: Path) -> None:
    done = run("eval", questions, "--owner", owner, "--no-wait")
    words = done.stdout.split()
    assert words[:4] == ["flask", "eval", "--owner", str(owner)]
    jobs.run(words[5])
    assert "nDCG@10" in run(*words[1:]).stdout
    as_json = run("eval", questions, "--owner", owner, "--no-wait", "--json").stdout
    assert evaluations.get(owner, uuid.UUID(json.loads(as_json)["id"]))["state"] == "queued"


def test_what_did_not_end_well_is_said_and_exits_with_1(
    run: Run, owner: uuid.UUID, questions: Path
) -> None:
    words = run("eval", questions, "--owner", owner, "--no-wait").stdout.split()
    jobs.cancel(owner, uuid.UUID(words[5]))
    assert run(*words[1:], code=1).stdout == ("The evaluation is cancelled. There is no result.\n")


def test_a_name_is_no_table_heading_twice(
    run: Run, owner: uuid.UUID, questions: Path, worked: None
) -> None:
    settings = ("--setting", "name=OF", "--setting", "name=OF,search=lexical")
    heading = run("eval", questions, "--owner", owner, *settings).stdout.splitlines()[0]
    assert heading.split()[:6] == ["MEASURE", "OF", "OF", "(1)", "OF", "(2)"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "Say what to ask"),
        (("--id", uuid.uuid4(), "FILE"), 2, "Say what to ask"),
        (("--id", uuid.uuid4()), 1, "There is no evaluation with this id."),
        (("FILE", "--setting", "fast"), 2, "'fast' is not NAME=VALUE"),
        (("FILE", "--setting", "retrieval_limit=many"), 2, "'many' is no number."),
        (("FILE", "--setting", "retrieval_limit=0"), 2, "retrieval_limit: Must be"),
        (("FILE", "--setting", "threshold=none,speed=1"), 2, "speed: Unknown field."),
        (("FILE", *("--setting", "installed") * 3), 2, "Two settings can be compared"),
        (("FILE", *("--setting", "installed") * 2), 1, "The two settings are the same."),
        (("missing.csv",), 2, "No such file"),
        (("BAD",), 1, "line 2, page: Not a valid integer."),
    ],
)
def test_a_mistake_is_one_sentence(
    run: Run,
    owner: uuid.UUID,
    questions: Path,
    words: tuple[object, ...],
    code: int,
    said: str,
) -> None:
    bad = questions.with_name("bad.csv")
    bad.write_text("question,page\nOne?,x\n")
    given = [{"FILE": questions, "BAD": bad}.get(str(word), word) for word in words]
    done = run("eval", "--owner", owner, *given, code=code)
    assert said in done.stderr
    assert sql("SELECT id FROM evaluations WHERE owner_id = :o", o=owner) == []


def test_nobody_of_that_name_has_documents(run: Run, questions: Path) -> None:
    done = run("eval", questions, "--owner", "nobody-of-this-name", code=1)
    assert "There is no user" in done.stderr
