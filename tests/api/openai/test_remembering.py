"""Requests that are sent again by themselves, or under a key."""

import io
import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, Response, jsonify, request
from uuid_utils.compat import uuid7
from werkzeug.test import TestResponse

from assistant.api.openai.remembering import made, remembered
from assistant.extensions import cache
from assistant.middleware import REPLAYED
from assistant.security import allow, caller_id
from assistant.services.documents import collections
from assistant.services.repeats import keeping, waiting
from tests.api.openai.conftest import events_of
from tests.conftest import User
from tests.doubles.raw_server import RawServer, delta, message
from tests.factories import assert_openai_error, change_rows
from tests.services.factories import sql, wait_for

ASKED = {"model": "scripted-model", "messages": [{"role": "user", "content": "Hello"}]}


def chat(user: User, retry: int | None = None, key: str | None = None, /, **members: Any) -> Any:
    headers = {} if retry is None else {"X-Stainless-Retry-Count": str(retry)}
    if key is not None:
        headers["Idempotency-Key"] = key
    return user.openai("POST", "/chat/completions", json={**ASKED, **members}, headers=headers)


def said(response: TestResponse) -> str:
    assert response.status_code == 200, response.text
    text: str = response.get_json()["choices"][0]["message"]["content"]
    return text


def let_say(provider: RawServer, *texts: str) -> None:
    for text in texts:
        provider.answer(message(content=text))


def test_what_is_sent_again_gets_the_first_answer(user: User, provider: RawServer) -> None:
    let_say(provider, "one", "two")
    first = chat(user, 0)
    assert REPLAYED not in first.headers
    # Redis is a convenience.
    cache.ask(lambda client: client.flushdb())
    for retry in (1, 2):
        again = chat(user, retry)
        assert again.get_json() == first.get_json()
        assert again.headers[REPLAYED] == "true"
    assert len(provider.requests) == 1


def test_two_equal_requests_are_two(user: User, other_user: User, provider: RawServer) -> None:
    let_say(provider, "one", "two", "three", "four", "five")
    assert [said(chat(user, retry)) for retry in (None, 0, 0)] == ["one", "two", "three"]
    # The newest is what the retry is of.
    assert said(chat(user, 1)) == "three"
    assert said(chat(other_user, 1)) == "four"
    assert said(chat(user, 1, seed=1)) == "five"


def test_a_retry_of_what_failed_or_never_came_is_done(user: User, provider: RawServer) -> None:
    provider.answer({}, 503)
    assert_openai_error(chat(user, 0), 503)
    let_say(provider, "one", "two")
    assert said(chat(user, 1)) == "one"
    assert said(chat(user, 1)) == "one"
    assert said(chat(user, 1, seed=1)) == "two"
    assert_openai_error(chat(user, 1, temperature=9), 400)


def test_a_retry_waits_for_the_first(user: User, provider: RawServer) -> None:
    go_on = threading.Event()
    provider.answer([go_on, b'{"choices": [{"message": {"content": "late"}}]}'])
    answers: list[Any] = []

    def ask(retry: int) -> threading.Thread:
        client = user.client.application.test_client()
        other = User(client, user.id, user.username, user.access_token, "")
        thread = threading.Thread(target=lambda: answers.append(chat(other, retry)))
        thread.start()
        return thread

    threads = [ask(0)]
    wait_for(lambda: provider.requests)
    threads.append(ask(1))
    threads[1].join(0.3)
    assert threads[1].is_alive()
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert [said(answer) for answer in answers] == ["late", "late"]
    assert len(provider.requests) == 1


def test_not_everybody_waits(user: User, provider: RawServer) -> None:
    chat(user, 0)
    let_say(provider, "one")
    chat(user, 0)
    # As if it were at work.
    change_rows("UPDATE idempotency_keys SET status = 0 WHERE owner_id = :id", id=user.id)
    waiting._waiting[uuid.UUID(user.id)] = waiting.MOST_WAITING
    response = chat(user, 1)
    assert_openai_error(response, 429)
    assert response.headers["Retry-After"]
    del waiting._waiting[uuid.UUID(user.id)]


def test_what_a_process_that_died_had_begun_is_done_again(user: User, provider: RawServer) -> None:
    let_say(provider, "one", "two", "three")
    chat(user, 0)
    begun = "UPDATE idempotency_keys SET status = 0, created_at = now() - interval '{}' "
    change_rows(begun.format("7 s") + "WHERE owner_id = :id", id=user.id)
    assert said(chat(user, 1)) == "two"
    chat(user, None, "key")
    change_rows(begun.format("7 s") + "WHERE owner_id = :id", id=user.id)
    let_say(provider, "four")
    assert said(chat(user, None, "key")) == "four"
    assert said(chat(user, None, "key")) == "four"


def test_after_two_minutes_nothing_is_remembered(user: User, provider: RawServer) -> None:
    let_say(provider, "one", "two")
    chat(user, 0)
    old = "UPDATE idempotency_keys SET created_at = now() - interval '121 s' WHERE owner_id = :id"
    change_rows(old, id=user.id)
    assert said(chat(user, 1)) == "two"


def test_what_is_at_work_shows_it_and_what_is_over_is_removed(
    user: User, app: Flask, provider: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_say(provider, "one")
    chat(user, 0)
    [(key, was)] = sql(
        "SELECT key, created_at FROM idempotency_keys WHERE owner_id = :id", id=user.id
    )
    owner_id = uuid.UUID(user.id)
    change_rows("UPDATE idempotency_keys SET status = 0 WHERE owner_id = :id", id=user.id)
    keeping._renew([(owner_id, key)])
    [(now,)] = sql("SELECT created_at FROM idempotency_keys WHERE owner_id = :id", id=user.id)
    assert now > was
    keeping._forget([(owner_id, key)])
    assert not sql("SELECT 1 FROM idempotency_keys WHERE owner_id = :id", id=user.id)


def test_a_key_of_the_clients_own(user: User, provider: RawServer) -> None:
    let_say(provider, "one", "two")
    first = chat(user, None, "mine")
    again = chat(user, None, "mine")
    assert again.get_json() == first.get_json()
    assert again.headers[REPLAYED] == "true"
    other = chat(user, None, "mine", seed=1)
    error = assert_openai_error(other, 409)
    assert error["code"] == "idempotency_key_reused"
    assert other.headers["X-Should-Retry"] == "false"
    assert_openai_error(chat(user, None, " "), 400)
    assert said(chat(user, None, "another")) == "two"


def test_a_stream_is_asked_for_again(user: User, provider: RawServer) -> None:
    for text in ("one", "two"):
        provider.stream(delta(text, "stop"), "[DONE]")
    for retry in (0, 1):
        assert events_of(chat(user, retry, stream=True))[-1] == "[DONE]"
    assert len(provider.requests) == 2


@pytest.fixture
def making(another_app: Callable[..., Flask], user: User) -> User:
    """Return the user of an application with an endpoint that makes something."""
    app = another_app()

    @allow(scope="write")
    @remembered(again=lambda found: jsonify(id=str(found), again=True))
    def make() -> Response:
        made_id = uuid7()
        if request.is_json and request.get_json().get("fail"):
            return Response("{}", status=400)
        collections.create(caller_id(), f"c{made_id}")
        made(made_id)
        return jsonify(id=str(made_id), files=len(request.files))

    app.add_url_rule("/v1/made", "openai.made", make, methods=["POST"])
    return User(app.test_client(), user.id, user.username, user.access_token, "")


def count(user: User) -> int:
    [(number,)] = sql("SELECT count(*) FROM collections WHERE owner_id = :id", id=user.id)
    return int(number)


def test_a_form_has_another_boundary_each_time(making: User) -> None:
    def send(retry: int, content: bytes, boundary: str, purpose: str = "assistants") -> Any:
        named = "Content-Disposition: form-data; name="
        head = (
            f'--{boundary}\r\n{named}"purpose"\r\n\r\n{purpose}\r\n'
            f'--{boundary}\r\n{named}"file"; filename="a"\r\n\r\n'
        )
        body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
        return making.openai(
            "POST",
            "/made",
            input_stream=io.BytesIO(body),
            content_length=len(body),
            content_type=f"multipart/form-data; boundary={boundary}",
            headers={"X-Stainless-Retry-Count": str(retry)},
        ).get_json()

    before = count(making)
    first = send(0, b"one", "x1")
    assert first["files"] == 1
    assert send(1, b"one", "x2") == first
    assert count(making) == before + 1
    assert send(1, b"two", "x3") != first
    assert send(1, b"one", "x4", "vision") != first
    assert send(0, b"one", "x5") != first


def test_what_was_made_and_its_answer_are_one(making: User) -> None:
    def send(retry: int, key: str | None = None, **members: Any) -> Any:
        headers = {
            "X-Stainless-Retry-Count": str(retry),
            **({"Idempotency-Key": key} if key else {}),
        }
        return making.openai("POST", "/made", json=members, headers=headers)

    first = send(0).get_json()
    before = count(making)
    assert send(1).get_json() == first
    assert send(0, "key").get_json() == send(0, "key").get_json()
    assert count(making) == before + 1
    assert send(0, fail=True).status_code == 400
    assert send(1, fail=True).status_code == 400
    assert send(0, "key", x=1).status_code == 409
    [(resource,)] = sql(
        "SELECT resource_id FROM idempotency_keys WHERE owner_id = :id AND key = 'key'",
        id=making.id,
    )
    assert resource != uuid.UUID(int=0)


def test_of_a_stream_it_is_remembered_what_it_is_about(making: User) -> None:
    def send(retry: int, **members: Any) -> Any:
        headers = {"X-Stainless-Retry-Count": str(retry)}
        return making.openai("POST", "/made", json=members, headers=headers).get_json()

    first = send(0, stream=True)
    assert send(1, stream=True) == {"id": first["id"], "again": True}
    assert "again" not in send(0, stream=True)
