"""`flask usage`, and `flask users limits`."""

import csv
import io
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import User
from tests.factories import change_rows

from .conftest import Run, rows

Read = Callable[..., Any]
DAYS = ("--since", "2026-01-01", "--until", "2026-01-31")


@pytest.fixture
def spender(user: User) -> User:
    """Return a user who has used something up, of a model with a mean name."""
    for model, tokens in (("=1+1", 10), ("large", 20)):
        change_rows(
            "INSERT INTO usage_days VALUES (:owner, '2026-01-05', :model, :key, 1, :tokens, 2, 3)",
            **{"owner": user.id, "model": model, "tokens": tokens, "key": str(uuid.UUID(int=0))},
        )
    return user


def test_usage_as_a_table_json_and_csv(spender: User, run: Run, read: Read) -> None:
    command = ("usage", "--user", spender.username, *DAYS)
    table = rows(run(*command).stdout)
    assert [line[:3] for line in table] == [
        ["2026-01-05", spender.username, "=1+1"],
        ["2026-01-05", spender.username, "large"],
    ]
    found = read(*command)
    assert [row["total_tokens"] for row in found] == [12, 22]
    table = list(csv.DictReader(io.StringIO(run(*command, "--csv").stdout)))
    # What a spreadsheet would reckon out is marked as text.
    assert [row["model"] for row in table] == ["'=1+1", "large"]
    assert [row["total_tokens"] for row in table] == ["12", "22"]
    assert {row["owner_id"] for row in table} == {spender.id}
    assert {spender.id} <= {row["owner_id"] for row in read("usage", *DAYS)}


def test_days_without_usage(user: User, run: Run) -> None:
    assert "Nothing" in run("usage", "--user", user.username).stdout


def test_bad_words_are_told(run: Run) -> None:
    run("usage", "--csv", "--json", code=2)
    run("usage", "--since", "soon", code=2)
    assert "within 366 days" in run("usage", "--since", "2020-01-01", code=1).stderr
    assert "no user" in run("usage", "--user", "nobody-at-all", code=1).stderr


def test_limits_are_shown_set_and_left_to_the_settings(user: User, run: Run, read: Read) -> None:
    command = ("users", "limits", user.username)
    assert read(*command)["own"] == {}
    table = rows(run(*command, "--tokens-per-day", 500, "--documents", 0).stdout)
    assert ["tokens_per_day", "500", "500"] in [line[:3] for line in table]
    shown = read(*command, "--usual", "tokens-per-day")
    assert shown["own"] == {"documents": 0}
    assert shown["limits"]["documents"]["limit"] is None
    assert user.get("/users/me").get_json()["limits"] == {"documents": 0}
    run(*command, "--documents", -1, code=2)
    run(*command, "--open-jobs", 0, code=2)
    run(*command, "--usual", "wishes", code=2)
