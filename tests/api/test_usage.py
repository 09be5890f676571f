"""What users are told of their limits and usage, and what administrators see and set."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from assistant.services import jobs
from tests.conftest import User
from tests.doubles.model_server import ModelServer
from tests.factories import ask, assert_problem, change_rows, indexed, walk

NAMES = ["open_jobs", "documents", "stored_bytes", "tokens_per_day", "tokens_per_month"]


def use_up(user: User, tokens: int, day: str = "2026-01-05", model: str = "m") -> None:
    change_rows(
        "INSERT INTO usage_days VALUES (:owner, :day, :model, :key, 1, :tokens, 2, 3)",
        **{"owner": user.id, "day": day, "model": model, "tokens": tokens},
        key=str(uuid.UUID(int=0)),
    )


def limits(user: User) -> dict[str, Any]:
    return dict(user.get("/usage").get_json()["limits"])


def test_a_user_sees_limits_and_what_there_is_of_them(
    user: User, admin: User, model: ModelServer
) -> None:
    indexed(user, "12345")
    change = {"limits": {"tokens_per_day": 5000, "documents": 3}}
    assert admin.patch(f"/users/{user.id}", json=change).get_json()["limits"] == change["limits"]
    ask(user)
    shown = limits(user)
    assert list(shown) == NAMES
    assert shown["documents"] == {"limit": 3, "used": 1, "reserved": 0, "resets_at": None}
    assert shown["stored_bytes"]["used"] == 5
    assert shown["stored_bytes"]["limit"] is None
    assert shown["open_jobs"]["used"] == 1
    day = shown["tokens_per_day"]
    assert day["limit"] == 5000
    assert day["reserved"] > 1000
    assert datetime.fromisoformat(day["resets_at"]) > datetime.now(UTC)
    assert admin.get(f"/admin/users/{user.id}/limits").get_json() == limits(user)


def test_usage_is_by_day_model_and_key(user: User, model: ModelServer) -> None:
    key = user.post("/api-keys", json={"name": "robot", "scopes": ["read", "write"]}).get_json()
    jobs.run(ask(user)["id"])
    program = User(user.client, user.id, user.username, key["key"], "")
    jobs.run(ask(program)["id"])
    jobs.run(ask(program)["id"])
    days = user.get("/usage").get_json()["days"]
    assert [(row["key"], row["attempts"]) for row in days] == [(None, 1), ("robot", 2)]
    assert [row["key_id"] for row in days] == [None, key["id"]]
    for row in days:
        assert row["day"] == datetime.now(UTC).date().isoformat()
        assert row["model"] == "scripted-model"
        assert row["total_tokens"] == row["prompt_tokens"] + row["completion_tokens"] > 0
        assert row["estimated_tokens"] == 0
    user.delete(f"/api-keys/{key['id']}")
    assert user.get("/usage").get_json()["days"][1]["key"] is None


def test_days_are_chosen(user: User) -> None:
    for day in ("2026-01-05", "2026-01-06", "2026-02-01"):
        use_up(user, 10, day)
    found = user.get("/usage?since=2026-01-06&until=2026-02-01").get_json()["days"]
    assert [row["day"] for row in found] == ["2026-02-01", "2026-01-06"]
    assert user.get("/usage?until=2026-01-31").get_json()["days"][-1]["day"] == "2026-01-05"


@pytest.mark.parametrize(
    "query",
    ["since=2026-02-01&until=2026-01-01", "since=2020-01-01&until=2026-01-01", "since=x", "y=1"],
)
def test_days_that_are_none_are_refused(user: User, query: str) -> None:
    assert_problem(user.get(f"/usage?{query}"), 422)


def test_the_calendar_has_an_end(user: User, admin: User) -> None:
    for day in ("0001-01-01", "9999-12-31"):
        query = f"since={day}&until={day}"
        assert user.get(f"/usage?{query}").get_json()["days"] == []
        assert admin.get(f"/admin/usage?{query}").get_json() == []
    assert_problem(user.get("/usage?since=0001-01-01&until=9999-12-31"), 422)
    assert_problem(user.get("/usage?since=9999-12-31"), 422)


def test_administrators_see_everybodys(
    user: User, admin: User, make_user: Callable[[], User]
) -> None:
    other = make_user()
    for number in range(3):
        use_up(user, 10, model=f"m{number}")
    use_up(other, 20)
    path = "/admin/usage?since=2026-01-01&until=2026-01-31"
    mine = admin.get(f"{path}&user_id={user.id}").get_json()
    assert [(row["owner"], row["model"]) for row in mine] == [
        (user.username, f"m{number}") for number in range(3)
    ]
    pages = walk(admin, f"{path}&limit=2")
    rows = [row for page in pages for row in page]
    assert len({(row["owner_id"], row["model"], row["day"]) for row in rows}) == len(rows)
    assert {user.id, other.id} <= {row["owner_id"] for row in rows}
    assert_problem(user.get(path), 403)


def test_what_is_used_up_is_429_with_the_time_to_wait(user: User, admin: User) -> None:
    admin.patch(f"/users/{user.id}", json={"limits": {"tokens_per_day": 1}})
    refused = user.post("/messages", json={"content": "Hello?"})
    body = assert_problem(refused, 429)
    assert body["code"] == "quota_exceeded"
    assert 0 < int(refused.headers["Retry-After"]) <= 24 * 3600
    admin.patch(f"/users/{user.id}", json={"limits": {"documents": 1}})
    indexed(user)
    body = assert_problem(user.upload("b.txt", b"Another."), 403)
    assert body["code"] == "quota_exceeded"


def test_a_limit_is_left_to_the_settings_again(user: User, admin: User) -> None:
    path = f"/users/{user.id}"
    admin.patch(path, json={"limits": {"tokens_per_day": 1, "documents": 0}})
    changed = admin.patch(path, json={"limits": {"tokens_per_day": None}}).get_json()
    assert changed["limits"] == {"documents": 0}
    assert limits(user)["documents"]["limit"] is None
    ask(user)


@pytest.mark.parametrize(
    "bad",
    [
        *({"tokens_per_day": -1}, {"tokens_per_day": "5"}, {"tokens_per_day": 1.5}),
        *({"tokens_per_day": True}, {"tokens_per_day": 10**16}, {"open_jobs": 0}, {"wishes": 3}),
        *([], "none", None),
    ],
)
def test_limits_that_are_none_are_refused(user: User, admin: User, bad: object) -> None:
    assert_problem(admin.patch(f"/users/{user.id}", json={"limits": bad}), 422)
    assert admin.get(f"/users/{user.id}").get_json()["limits"] == {}


def test_nobody_sets_their_own_and_programs_those_of_others(user: User, admin: User) -> None:
    assert_problem(user.patch("/users/me", json={"limits": {"documents": 0}}), 403)
    key = admin.post("/api-keys", json={"name": "staff", "scopes": ["admin"]}).get_json()["key"]
    program = User(admin.client, admin.id, admin.username, key, "")
    change = {"limits": {"documents": 9}}
    assert program.patch(f"/users/{user.id}", json=change).status_code == 200
    assert_problem(program.patch(f"/users/{admin.id}", json=change), 403)
    noted = admin.get(f"/audit-events?user_id={user.id}&action=user.changed").get_json()[0]
    assert noted["details"] == {"fields": ["limits"], "limits": {"documents": 9}}
