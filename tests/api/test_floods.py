"""What one request may cost: little, whatever is in it."""

import contextlib
import io
import json
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from marshmallow import fields

from assistant.adapters import passwords
from assistant.api import frames
from assistant.database import db
from assistant.extensions import adapters
from assistant.schemas.conversations import QuestionSchema
from assistant.services.accounts import users
from tests.conftest import PASSWORD, User
from tests.factories import assert_problem

JSON = "application/json"


def counted(monkeypatch: pytest.MonkeyPatch, kind: type) -> list[Any]:
    """Note which values fields of a kind look at."""
    seen: list[Any] = []
    look = kind._deserialize  # type: ignore[attr-defined]

    def note(self: Any, value: Any, *rest: Any, **more: Any) -> Any:
        seen.append(value)
        return look(self, value, *rest, **more)

    monkeypatch.setattr(kind, "_deserialize", note)
    return seen


@pytest.mark.parametrize("name", ["document_ids", "collection_ids", "media_types"])
def test_a_list_that_is_too_long_is_refused_before_its_items_are_looked_at(
    user: User, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    seen = counted(monkeypatch, fields.UUID if name.endswith("ids") else fields.String)
    body = json.dumps({"query": "x", name: [1] * 50_000})
    refused = user.post("/search", data=body, content_type=JSON)
    assert "Longer than maximum length 100." in assert_problem(refused, 422)["detail"]
    assert 1 not in seen


def test_of_a_hundred_thousand_unknown_fields_a_few_are_told(user: User) -> None:
    body = {f"key{number}": 1 for number in range(60_000)} | {"x" * 100_000: 1}
    began = time.perf_counter()
    refused = user.post("/messages", data=json.dumps(body), content_type=JSON)
    # Each one was looked at before, one by one.
    assert time.perf_counter() - began < 3
    problem = assert_problem(refused, 422)
    assert len(problem["errors"]) == 20
    assert len(refused.data) < 20_000


def test_a_long_name_is_not_repeated(user: User) -> None:
    refused = user.post("/messages", json={"content": "Why?", "x" * 100_000: 1})
    [error] = assert_problem(refused, 422)["errors"]
    assert error["pointer"] == f"#/{'x' * 100}…"


def test_a_frame_is_bounded_as_a_body_is(app: Flask) -> None:
    with app.test_request_context(), pytest.raises(Exception) as caught:  # noqa: PT011
        frames.load("chat", {"content": "Why?", **{f"key{n}": 1 for n in range(5000)}})
    told = caught.value.data["messages"]["json"]  # type: ignore[attr-defined]
    assert len(told) <= 20


def test_a_text_that_is_far_too_long_is_not_looked_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("assistant.names.spelled", lambda name: pytest.fail("looked through"))
    errors = users_schema().validate({"username": "x" * 1000})
    assert errors == {"username": ["Length must be between 2 and 64."]}
    assert "content" in QuestionSchema().validate({"content": "x" * 500_000})


def users_schema() -> Any:
    from assistant.schemas.users import ProfileChangeSchema

    return ProfileChangeSchema()


@pytest.mark.parametrize("path", ["/auth/register", "/auth/token", "/auth/refresh"])
@pytest.mark.parametrize(
    "kind", [JSON, "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"]
)
def test_who_is_not_signed_in_sends_a_few_kib(client: Any, path: str, kind: str) -> None:
    refused = client.post(f"/api/v1{path}", data=b"x" * 20_000, content_type=kind)
    if kind == JSON or path != "/auth/register":
        problem = assert_problem(refused, 413)
        assert problem["detail"] == "The body of this request may have at most 16384 bytes."
    else:
        assert_problem(refused, 415)


def test_the_longest_credentials_fit(client: Any) -> None:
    body = json.dumps({"username": "\U0001f512" * 254, "password": "\U0001f512" * 1024})
    refused = client.post("/api/v1/auth/token", data=body, content_type=JSON)
    assert len(body) > 15_000
    assert_problem(refused, 401)


@pytest.mark.parametrize(
    ("method", "path"),
    [("patch", "/users/me"), ("put", "/conversations/{}"), ("patch", "/conversations/{}")],
)
def test_a_change_without_a_body_is_none(user: User, method: str, path: str) -> None:
    made = user.post("/conversations", json={}).get_json()
    refused = getattr(user, method)(path.format(made["id"]))
    assert "Send what to change" in assert_problem(refused, 422)["detail"]
    assert getattr(user, method)(path.format(made["id"]), json={}).status_code == 200


def registration(name: str) -> dict[str, str]:
    return {"username": name, "email": f"{name}@example.org", "password": PASSWORD}


@pytest.mark.parametrize("path", ["/auth/register", "/users"])
def test_a_registration_with_a_key_hashes_with_no_connection_in_hand(
    admin: User, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    in_hand: list[int] = []
    real = users.hash_password

    def hash_password(*args: Any) -> str:
        in_hand.append(db.engine.pool.checkedout())  # type: ignore[attr-defined]
        return real(*args)

    monkeypatch.setattr(users, "hash_password", hash_password)
    name = f"k{uuid.uuid4().hex[:12]}"
    made = admin.post(path, json=registration(name), headers={"Idempotency-Key": name})
    assert made.status_code == 201
    assert in_hand == [0]
    again = admin.post(path, json=registration(name), headers={"Idempotency-Key": name})
    assert again.data == made.data
    assert in_hand == [0], "the kept answer needs no hash"


def test_an_upload_with_a_key_is_written_with_no_connection_in_hand(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_hand: list[int] = []
    real = adapters.files.receive

    def receive(*args: Any) -> Any:
        in_hand.append(db.engine.pool.checkedout())  # type: ignore[attr-defined]
        return real(*args)

    monkeypatch.setattr(adapters.files, "receive", receive)
    key = {"Idempotency-Key": uuid.uuid4().hex}

    def upload() -> Any:
        form = {"file": (io.BytesIO(b"The lamp."), "notes.txt")}
        return user.post("/documents", data=form, headers=key)

    first = upload()
    assert first.status_code == 202
    assert upload().data == first.data
    assert in_hand == [0], "the kept answer needs no file"
    assert not list((adapters.files.root / "incoming").iterdir())


def test_a_twin_hears_of_the_first_one_before_it_hashes(
    app: Flask, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashing, go_on = threading.Event(), threading.Event()
    hashed: list[int] = []

    def hash_password(*_: Any) -> str:
        hashed.append(1)
        hashing.set()
        assert go_on.wait(20)
        return "hash"

    monkeypatch.setattr(users, "hash_password", hash_password)
    name = f"t{uuid.uuid4().hex[:12]}"
    said = {"json": registration(name), "headers": {"Idempotency-Key": name}}
    answers: list[Any] = []
    first = threading.Thread(
        target=lambda: answers.append(app.test_client().post("/api/v1/auth/register", **said))
    )
    first.start()
    try:
        assert hashing.wait(20)
        twin = client.post("/api/v1/auth/register", **said)
        assert assert_problem(twin, 409)["code"] == "request_in_progress"
    finally:
        go_on.set()
        first.join(20)
    assert (answers[0].status_code, len(hashed)) == (201, 1)
    assert client.post("/api/v1/auth/register", **said).headers["Idempotent-Replayed"] == "true"


def test_two_at_once_make_one_account_also_without_redis(
    another_app: Callable[..., Flask], together: Callable[..., list[Any]]
) -> None:
    app = another_app(redis_url="redis://127.0.0.1:1/0")
    name = f"o{uuid.uuid4().hex[:12]}"

    def register() -> int:
        sent = {"json": registration(name), "headers": {"Idempotency-Key": name}}
        return int(app.test_client().post("/api/v1/auth/register", **sent).status_code)

    statuses = together(register, 4)
    assert set(statuses) <= {201, 409}
    assert 201 in statuses
    assert register() == 201, "the kept answer"


def sign_in(who: User, address: str = "127.0.0.1") -> Any:
    body = {"username": who.username.upper(), "password": PASSWORD}
    path = "/api/v1/auth/token"
    return who.client.post(path, data=body, environ_base={"REMOTE_ADDR": address})


def test_many_sign_ins_with_one_name_are_refused_and_others_are_not(
    user: User, other_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "HELD_SECONDS", 0.0)
    with contextlib.ExitStack() as asking:
        flood = passwords.Asker(user.username, "127.0.0.1")
        for _ in range(passwords.MOST_OF_ONE_NAME):
            asking.enter_context(passwords._line.asking(*flood.counted()))
        refused = sign_in(user)
        assert assert_problem(refused, 429)["code"] == "rate_limited"
        assert int(refused.headers["Retry-After"]) > 0
        assert sign_in(other_user).status_code == 200
    assert sign_in(user).status_code == 200


def test_nobody_is_kept_out_by_who_uses_their_name_elsewhere(user: User) -> None:
    with contextlib.ExitStack() as asking:
        for number in range(4 * passwords.MOST_OF_ONE_NAME):
            flood = passwords.Asker(user.username, f"192.0.2.{number % 4}")
            asking.enter_context(passwords._line.asking(*flood.counted()))
        assert sign_in(user).status_code == 200


@pytest.mark.parametrize("blanks", [" " * 12, "\u00a0" * 12, "\u3000 " * 6])
def test_blanks_are_no_password(client: Any, blanks: str) -> None:
    body = {**registration(f"b{uuid.uuid4().hex[:12]}"), "password": blanks}
    assert_problem(client.post("/api/v1/auth/register", json=body), 422)


def test_a_file_is_kept_by_nobody_on_the_way(user: User) -> None:
    document = user.upload("notes.txt", b"The lamp.").get_json()["document_id"]
    assert user.get(f"/documents/{document}/content").headers["Cache-Control"] == "no-store"


def test_too_many_parts_are_told_as_what_they_are(user: User) -> None:
    part = '--b\r\nContent-Disposition: form-data; name="n{}"\r\n\r\nx\r\n'
    body = "".join(part.format(number) for number in range(30)) + "--b--\r\n"
    kind = "multipart/form-data; boundary=b"
    problem = assert_problem(user.post("/documents", data=body, content_type=kind), 413)
    assert problem["detail"] == "A form has at most 20 parts. Send one file in each request."
