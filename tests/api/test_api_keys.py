"""Keys for programs: as much as their scopes name, for as long as nobody revokes them."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, text
from werkzeug.test import TestResponse

from assistant.database import SYSTEM, db, transaction
from assistant.extensions import cache
from assistant.services import jobs
from assistant.services.accounts import key_text
from assistant.services.upkeep.rows import Rows
from tests.api.keys import ALL, make_key, program, reads, with_key
from tests.conftest import User
from tests.factories import ask, assert_problem, change_rows, job, walk

# Of the last day of the calendar and of its first one, as far from UTC as they can be.
AFTER_TIME, LAST_MOMENT = "9999-12-31T23:59:59-12:00", "9999-12-31T23:59:59.999999Z"
FIRST_MOMENT = "0001-01-01T00:00:00+12:00"
SHOWN = {"id", "name", "prefix", "scopes", "created_at", "expires_at", "last_used_at"}


def last_use(user: User) -> Any:
    (key,) = user.get("/api-keys").get_json()
    return key["last_used_at"]


def change_last_digit(key: str) -> str:
    return key[:-1] + ("A" if key[-1] != "A" else "B")


def test_a_key_is_shown_once_and_only_its_hash_is_kept(user: User) -> None:
    response = user.post("/api-keys", json={"name": " nightly ", "scopes": ["write", "read"]})
    made = response.get_json()
    text_of = made.pop("key")
    assert set(made) == SHOWN
    assert (made["name"], made["scopes"]) == ("nightly", ["read", "write"])
    assert (made["expires_at"], made["last_used_at"]) == (None, None)
    assert len(text_of) == 40
    assert text_of.startswith("ask_")
    assert made["prefix"] == text_of[:10]
    assert user.get(response.headers["Location"].removeprefix("/api/v1")).get_json() == made
    assert user.get("/api-keys").get_json() == [made]
    with transaction(SYSTEM) as session:
        query = text("SELECT * FROM api_keys WHERE owner_id = :id")
        row = session.execute(query, {"id": user.id}).mappings().one()
    assert bytes(row["digest"]) == hashlib.sha256(text_of.encode()).digest()
    assert text_of[10:] not in str(dict(row))
    assert response.headers["Cache-Control"] == "no-store"


def test_two_keys_are_never_alike_and_their_checksums_are_right() -> None:
    made = {key_text.new() for _ in range(200)}
    assert len({key[4:34] for key in made}) == 200
    assert all(len(key_text.digest_of(key)) == 32 for key in made)


@pytest.mark.parametrize(
    "change",
    [
        change_last_digit,
        lambda key: key[:4] + key[5:] + key[4],
        lambda key: key[:-1],
        lambda key: key + "0",
        lambda key: key.swapcase().replace("ASK_", "ask_"),
        lambda key: "ask_",
        lambda key: "ask_" + "é" * 36,
    ],
)
def test_a_slip_is_told_without_a_query(user: User, change: Callable[[str], str]) -> None:
    key = make_key(user, "read")["key"]
    wrong = change(key)
    assert wrong != key
    statements: list[str] = []

    def note(_: Any, __: Any, statement: str, *rest: Any) -> None:
        statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        body = assert_problem(program(user, wrong).get("/users/me"), 401)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert "mistyped" in body["detail"]
    assert statements == []


def test_a_whole_key_that_nobody_made_is_refused_and_leaves_nothing_behind(user: User) -> None:
    body = assert_problem(program(user, key_text.new()).get("/users/me"), 401)
    assert "not known" in body["detail"]
    assert cache.ask(lambda client: client.keys("api_key:*")) == []


@pytest.mark.parametrize(
    ("scopes", "read", "write"),
    [(["read"], 200, 403), (["write"], 403, 201), (["read", "write"], 200, 201)],
)
def test_a_key_does_what_its_scopes_name(
    user: User, scopes: list[str], read: int, write: int
) -> None:
    key = with_key(user, *scopes)
    for wanted, response in (
        (read, key.get("/conversations")),
        (write, key.post("/conversations", json={})),
    ):
        assert response.status_code == wanted
        if wanted == 403:
            assert assert_problem(response, 403)["code"] == "insufficient_scope"
    assert_problem(key.get("/users"), 403)


def test_a_key_of_an_administrator_administers_only_with_that_scope(admin: User) -> None:
    body = assert_problem(with_key(admin, "read", "write").get("/users"), 403)
    assert "lacks the scope admin" in body["detail"]
    key = with_key(admin, "admin")
    assert key.get("/users").status_code == 200
    change_rows("UPDATE users SET role = 'user' WHERE id = :id", id=admin.id)
    assert assert_problem(key.get("/users"), 403)["code"] == "permission_denied"


def test_only_an_administrator_makes_a_key_that_administers(user: User, admin: User) -> None:
    body = {"name": "x", "scopes": ["read", "admin"]}
    refused = assert_problem(user.post("/api-keys", json=body), 403)
    assert "Leave it out" in refused["detail"]
    assert admin.post("/api-keys", json=body).status_code == 201


def test_a_key_makes_none_that_can_do_more_or_lasts_longer(admin: User) -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    key = with_key(admin, "read", "write", expires_at=soon.isoformat())
    later = (soon + timedelta(seconds=1)).isoformat()
    for body, words in (
        ({"scopes": ALL, "expires_at": soon.isoformat()}, "lacks admin"),
        ({"scopes": ["read"]}, "lasts longer"),
        ({"scopes": ["read"], "expires_at": None}, "lasts longer"),
        ({"scopes": ["read"], "expires_at": later}, "lasts longer"),
    ):
        refused = key.post("/api-keys", json={"name": "more", **body})
        assert words in assert_problem(refused, 403)["detail"]
    made = make_key(key, "read", expires_at=soon.isoformat())
    assert reads(program(admin, made["key"])) == 200
    assert_problem(with_key(admin, "read").post("/api-keys", json={}), 403)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"scopes": ["read"]}, "name"),
        ({"name": "x"}, "scopes"),
        ({"name": "x", "scopes": []}, "scopes"),
        ({"name": "x", "scopes": ["everything"]}, "scopes"),
        ({"name": "x" * 101, "scopes": ["read"]}, "name"),
        ({"name": "x", "scopes": ["read"], "expires_at": "2020-01-01T00:00:00Z"}, "still to come"),
        ({"name": "x", "scopes": ["read"], "expires_at": "2100-01-01T00:00:00"}, "expires_at"),
        ({"name": "x", "scopes": ["read"], "expires_at": AFTER_TIME}, "ten years"),
        ({"name": "x", "scopes": ["read"], "expires_at": LAST_MOMENT}, "ten years"),
        ({"name": "x", "scopes": ["read"], "expires_at": FIRST_MOMENT}, "still to come"),
        ({"name": "x", "scopes": ["read"], "prefix": "ask_"}, "prefix"),
    ],
)
def test_what_makes_no_key(user: User, body: dict[str, Any], words: str) -> None:
    assert words in assert_problem(user.post("/api-keys", json=body), 422)["detail"]
    assert user.get("/api-keys").get_json() == []


def test_there_is_an_end_to_how_many_keys_a_user_has(user: User) -> None:
    make_key(user, "read")
    change_rows(
        "INSERT INTO api_keys (id, owner_id, name, prefix, digest, scopes) SELECT"
        " gen_random_uuid(), :id, 'x', 'ask_', decode(md5(n::text || :id), 'hex'), '{read}'"
        " FROM generate_series(1, 99) AS n",
        id=user.id,
    )
    body = {"name": "x", "scopes": ["read"]}
    refused = user.post("/api-keys", json=body)
    assert "Revoke one first" in assert_problem(refused, 409)["detail"]
    change_rows(
        "UPDATE api_keys SET expires_at = now() WHERE name = 'x' AND owner_id = :id", id=user.id
    )
    assert user.post("/api-keys", json=body).status_code == 201
    assert [key["name"] for key in user.get("/api-keys").get_json()] == ["x", "nightly"]


def test_expired_keys_are_removed_when_nobody_wonders_about_them_any_more(user: User) -> None:
    for name, ends in (("old", "-31 days"), ("late", "-29 days"), ("good", "1 day")):
        made = make_key(user, "read", name=name)
        change_rows(
            "UPDATE api_keys SET expires_at = now() + cast(:ends AS interval) WHERE id = :id",
            ends=ends,
            id=made["id"],
        )
    make_key(user, "read", name="endless")
    Rows().round()
    left = [key["name"] for key in user.get("/api-keys").get_json()]
    assert left == ["endless", "good", "late"]


def test_keys_are_listed_in_pages_newest_first(user: User, other_user: User) -> None:
    made = [make_key(user, "read", name=f"key {n}")["id"] for n in range(3)]
    make_key(other_user, "read")
    pages = walk(user, "/api-keys?limit=2")
    assert [[key["id"] for key in page] for page in pages] == [made[:0:-1], made[:1]]


@pytest.mark.parametrize("redis", ["warm", "flushed"])
def test_a_revoked_key_is_worthless_at_once(user: User, redis: str) -> None:
    made, other = make_key(user, "read"), with_key(user, "read")
    key = program(user, made["key"])
    assert reads(key) == 200
    assert user.delete(f"/api-keys/{made['id']}").status_code == 204
    if redis == "flushed":
        cache.ask(lambda client: client.flushdb())
    assert_problem(key.get("/users/me"), 401)
    assert reads(other) == 200
    assert_problem(user.delete(f"/api-keys/{made['id']}"), 404)
    assert_problem(user.get(f"/api-keys/{made['id']}"), 404)


def test_a_copy_of_a_key_never_lives_longer_than_30_seconds(user: User) -> None:
    assert reads(with_key(user, "read")) == 200
    [name] = cache.ask(lambda client: client.keys("api_key:*")) or []
    assert 0 < (cache.ask(lambda client: client.ttl(name)) or 0) <= 30


def test_without_redis_a_key_works_and_its_revocation_counts(
    user: User, another_app: Callable[..., Flask]
) -> None:
    made = make_key(user, "read")
    app = another_app(redis_url="redis://127.0.0.1:1/0")
    headers = {"Authorization": f"Bearer {made['key']}"}

    def status() -> int:
        return app.test_client().get("/api/v1/users/me", headers=headers).status_code

    with app.app_context():
        assert status() == 200
        change_rows("DELETE FROM api_keys WHERE id = :id", id=made["id"])
        assert status() == 401


@pytest.mark.parametrize("redis", ["warm", "cold"])
def test_a_key_expires_by_itself(user: User, redis: str) -> None:
    ends = datetime.now(UTC) + timedelta(days=1)
    key = with_key(user, "read", expires_at=ends.isoformat())
    assert reads(key) == 200
    change_rows(
        "UPDATE api_keys SET expires_at = now() - interval '1 second' WHERE owner_id = :id",
        id=user.id,
    )
    if redis == "warm":
        [name] = cache.ask(lambda client: client.keys("api_key:*")) or []
        copy = cache.ask(lambda client: client.get(name)) or b""
        over = copy.replace(str(ends.year).encode(), b"2020")
        assert over != copy
        cache.ask(lambda client: client.set(name, over))
    else:
        cache.ask(lambda client: client.flushdb())
    assert "expired" in assert_problem(key.get("/users/me"), 401)["detail"]


def test_keys_rest_while_their_user_is_disabled(user: User, admin: User) -> None:
    key = with_key(user, "read")
    assert reads(key) == 200
    admin.patch(f"/users/{user.id}", json={"is_active": False})
    assert_problem(key.get("/users/me"), 401)
    cache.ask(lambda client: client.flushdb())
    assert_problem(key.get("/users/me"), 401)
    assert_problem(key.get("/users/me"), 401)
    back = admin.patch(f"/users/{user.id}", json={"is_active": True}).get_json()
    assert (back["is_active"], back["keys_revoked"]) == (True, 0)
    assert reads(key) == 200


def test_a_copy_says_when_a_key_ends_whenever_that_is(user: User) -> None:
    key = with_key(user, "read")
    change_rows(
        "UPDATE api_keys SET expires_at = :end WHERE owner_id = :id", end=LAST_MOMENT, id=user.id
    )
    assert [reads(key), reads(key)] == [200, 200]


def test_keys_are_gone_with_their_user(user: User, admin: User) -> None:
    make_key(user, "read")
    key = with_key(user, "read")
    assert reads(key) == 200
    accepted = admin.delete(f"/users/{user.id}").get_json()
    assert_problem(key.get("/users/me"), 401)
    cache.ask(lambda client: client.flushdb())
    assert_problem(key.get("/users/me"), 401)
    jobs.run(accepted["id"])
    assert job(admin, accepted["id"])["result"]["api_keys"] == 2
    with transaction(SYSTEM) as session:
        query = text("SELECT count(*) FROM api_keys WHERE owner_id = :id")
        assert session.scalar(query, {"id": user.id}) == 0


def test_the_last_use_is_written_once_a_minute_at_most(user: User) -> None:
    key = with_key(user, "read")
    assert last_use(user) is None
    reads(key)
    first = last_use(user)
    assert first is not None
    cache.ask(lambda client: client.flushdb())
    reads(key)
    assert last_use(user) == first
    change_rows(
        "UPDATE api_keys SET last_used_at = now() - interval '61 s' WHERE owner_id = :id",
        id=user.id,
    )
    cache.ask(lambda client: client.flushdb())
    reads(key)
    assert last_use(user) > first


def test_nobody_waits_for_the_last_use_to_be_written(
    user: User, timed: Callable[[Callable[[], Any], float], Any]
) -> None:
    key = with_key(user, "read")
    with transaction(SYSTEM) as session:
        session.execute(
            text("SELECT FROM api_keys WHERE owner_id = :id FOR UPDATE"), {"id": user.id}
        )
        assert timed(lambda: reads(key), 3) == 200
    assert last_use(user) is None


def test_a_job_is_followed_with_a_key_and_with_its_ticket(user: User) -> None:
    key = with_key(user, "read", "write")
    asked = ask(key, "[[script:answer echo]] Hello.")
    jobs.run(asked["id"])
    assert key.get(f"/jobs/{asked['id']}?wait=1").get_json()["state"] == "succeeded"
    assert "event: done" in key.get(f"/jobs/{asked['id']}/events").text
    for revoked in (False, True):
        ticket = key.post(f"/jobs/{asked['id']}/ticket").get_json()["ticket"]
        if revoked:
            (made,) = user.get("/api-keys").get_json()
            user.delete(f"/api-keys/{made['id']}")
        followed = follow(user, asked["id"], ticket)
        assert followed.status_code == (401 if revoked else 200)
    assert_problem(key.get(f"/jobs/{asked['id']}/events"), 401)


def follow(user: User, job_id: str, ticket: str) -> TestResponse:
    return user.client.get(f"/api/v1/jobs/{job_id}/events?ticket={ticket}")


def test_a_key_that_only_writes_is_told_that_its_job_was_accepted_and_no_more(
    user: User, timed: Callable[[Callable[[], Any], float], Any]
) -> None:
    key = with_key(user, "write")
    body = {"content": "[[script:answer echo]] Hello."}
    waiting = {"Prefer": "wait=60"}
    accepted = timed(lambda: key.post("/messages", json=body, headers=waiting), 30)
    assert accepted.status_code == 202
    assert "Preference-Applied" not in accepted.headers
    assert_problem(key.get(f"/jobs/{accepted.get_json()['id']}"), 403)
