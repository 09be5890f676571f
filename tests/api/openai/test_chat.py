"""Chat completions: what is passed on and back, and what is promised whatever the server does."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from assistant.extensions import settings
from assistant.services.model_calls.places import Place
from tests.api.openai.conftest import KEY, events_of
from tests.conftest import User
from tests.doubles.raw_server import HANG, RawServer, data, delta, message
from tests.factories import assert_openai_error

HELLO = [{"role": "user", "content": "Hello"}]
ASKED: dict[str, Any] = {"model": "scripted-model", "messages": HELLO}


def chat(user: User, /, **members: Any) -> Any:
    return user.openai("POST", "/chat/completions", json={**ASKED, **members})


def test_all_members_reach_the_model_and_all_of_its_answer_comes_back(
    user: User, provider: RawServer
) -> None:
    provider.answer({**message(content="Hi", reasoning_content="hm"), "system_fingerprint": "x"})
    asked = {
        "messages": [
            {"role": "developer", "content": "Be short."},
            {"role": "user", "content": [{"type": "text", "text": "a\u2028b"}], "name": "ada"},
            {"role": "assistant", "content": None, "tool_calls": [{"id": "c", "x": 1}]},
            {"role": "tool", "tool_call_id": "c", "content": "4"},
        ],
        "temperature": 0.25,
        "top_p": 1,
        "n": 2,
        "seed": 7,
        "stop": ["\n", "END"],
        "logprobs": True,
        "top_logprobs": 3,
        "max_completion_tokens": 9,
        "response_format": {"type": "json_schema", "json_schema": {"schema": {"default": None}}},
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"x": None}}}],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "unheard_of": {"a": [1, None]},
    }
    response = chat(user, **asked, user=None, functions=None)
    assert response.status_code == 200, response.text
    [seen] = provider.requests
    assert seen.path == "/v1/chat/completions"
    assert seen.headers["authorization"] == f"Bearer {KEY}"
    assert seen.body == {"model": "scripted-model", "stream": False, **asked}
    answer = response.get_json()
    assert answer["system_fingerprint"] == "x"
    said = answer["choices"][0]["message"]
    assert said == {"role": "assistant", "content": "Hi", "reasoning_content": "hm"}
    assert answer["usage"]["total_tokens"] == 3
    assert response.headers["X-Request-ID"]


def test_a_sloppy_answer_is_made_whole(user: User, provider: RawServer) -> None:
    call = {"function": {"name": "f", "arguments": {"a": 1}}}
    provider.answer({"choices": [{"message": {"tool_calls": [call]}}]})
    answer = chat(user).get_json()
    assert answer["id"].startswith("chatcmpl-")
    assert answer["object"] == "chat.completion"
    assert answer["created"] > 1_700_000_000
    assert answer["model"] == "scripted-model"
    [choice] = answer["choices"]
    assert choice["index"] == 0
    assert choice["finish_reason"] == "tool_calls"
    assert choice["logprobs"] is None
    said = choice["message"]
    assert (said["role"], said["content"]) == ("assistant", None)
    [made] = said["tool_calls"]
    assert made["id"]
    assert made["type"] == "function"
    assert json.loads(made["function"]["arguments"]) == {"a": 1}


@pytest.mark.parametrize(
    ("members", "parameter", "code"),
    [
        ({"messages": None}, "messages", "missing_required_parameter"),
        ({"model": None}, "model", "missing_required_parameter"),
        ({"messages": []}, "messages", "invalid_value"),
        ({"messages": "Hello"}, "messages", "invalid_value"),
        ({"messages": [{"role": "king", "content": ""}]}, "messages[0].role", "invalid_value"),
        ({"messages": [{"content": ""}]}, "messages[0].role", "missing_required_parameter"),
        (
            {"messages": [*HELLO, {"role": "user"}]},
            "messages[1].content",
            "missing_required_parameter",
        ),
        (
            {"messages": [{"role": "user", "content": 5}]},
            "messages[0].content",
            "invalid_value",
        ),
        ({"temperature": 3}, "temperature", "invalid_value"),
        ({"temperature": "hot"}, "temperature", "invalid_value"),
        ({"top_p": 1.5}, "top_p", "invalid_value"),
        ({"n": 0}, "n", "invalid_value"),
        ({"max_tokens": 0}, "max_tokens", "invalid_value"),
        ({"stream": "yes"}, "stream", "invalid_value"),
        ({"stop": [1]}, "stop", "invalid_value"),
        ({"presence_penalty": -3}, "presence_penalty", "invalid_value"),
        ({"tools": [{"function": {}}]}, "tools[0].type", "missing_required_parameter"),
        (
            {"tools": [{"type": "function"}]},
            "tools[0].function.name",
            "missing_required_parameter",
        ),
        ({"model": "extractive"}, "model", "invalid_value"),
    ],
)
def test_a_mistake_is_named(
    user: User, provider: RawServer, members: dict[str, Any], parameter: str, code: str
) -> None:
    error = assert_openai_error(chat(user, **members), 400)
    assert (error["param"], error["code"]) == (parameter, code)
    assert error["type"] == "invalid_request_error"
    assert provider.requests == []


def test_a_body_that_is_none(user: User, provider: RawServer) -> None:
    for body in (b"{", b"[]", b'"x"', b"\xff"):
        response = user.openai(
            "POST", "/chat/completions", data=body, content_type="application/json"
        )
        assert_openai_error(response, 400)
    response = user.openai("POST", "/chat/completions", data=b"{}", content_type="text/plain")
    assert "Content-Type: application/json" in assert_openai_error(response, 400)["message"]
    infinite = b'{"model": "m", "messages": [{"role": "user", "content": ""}], "x": Infinity}'
    response = user.openai(
        "POST", "/chat/completions", data=infinite, content_type="application/json"
    )
    assert_openai_error(response, 400)


def test_a_model_that_the_provider_does_not_have(user: User, provider: RawServer) -> None:
    provider.models = ["scripted-model", "m/1"]
    error = assert_openai_error(chat(user, model="no/such"), 404)
    assert (error["code"], error["param"]) == ("model_not_found", "model")
    provider.answer(message(content="Hi"))
    assert chat(user, model="m/1").status_code == 200
    # One that is there by its list, and then is not.
    provider.answer({"error": {"message": "The model was removed."}}, 404)
    error = assert_openai_error(chat(user, model="m/1"), 404)
    assert (error["code"], error["param"]) == ("model_not_found", "model")


def test_a_provider_without_a_list_is_asked_for_any_model(user: User, provider: RawServer) -> None:
    provider.answer(message(content="Hi"))
    assert chat(user, model="whatever").status_code == 200


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("status", "said", "expected", "code"),
    [
        (400, {"error": {"message": "No.", "code": "odd", "param": "seed"}}, 400, "odd"),
        (422, {"detail": [{"loc": ["body", "seed"], "msg": "No."}]}, 400, "invalid_value"),
        (401, {"error": {"message": "Incorrect API key"}}, 502, "server_error"),
        (403, {"error": {"message": "Forbidden"}}, 502, "server_error"),
        (402, {"error": "Pay"}, 429, "insufficient_quota"),
        (429, {"error": {"message": "Slow", "code": "x"}}, 429, "rate_limit_exceeded"),
        (429, {"error": {"code": "insufficient_quota"}}, 429, "insufficient_quota"),
        (500, {"error": {"message": "Oh."}}, 503, "server_error"),
        (503, {}, 503, "server_error"),
        (529, {"error": {"message": "Overloaded"}}, 503, "server_error"),
        (302, {}, 502, "server_error"),
        (405, {}, 502, "server_error"),
    ],
)
def test_what_the_provider_refuses(
    user: User,
    provider: RawServer,
    stream: bool,
    status: int,
    said: dict[str, Any],
    expected: int,
    code: str,
) -> None:
    provider.answer(said, status)
    error = assert_openai_error(chat(user, stream=stream), expected)
    assert error["code"] == code
    if status == 400:
        assert error["param"] == "seed"
        assert error["message"] == "No."


@pytest.mark.parametrize(("given", "told"), [("7", "7"), ("0.2", "1"), (None, "5")])
def test_how_long_to_wait_is_passed_on(
    user: User, provider: RawServer, given: str | None, told: str
) -> None:
    for status in (429, 503):
        headers = {} if given is None else {"Retry_After": given}
        provider.answer({"error": {"message": "Slow"}}, status, **headers)
        response = chat(user)
        assert response.status_code == status
        assert response.headers["Retry-After"] == told


def test_our_key_is_not_shown(user: User, provider: RawServer) -> None:
    provider.answer({"error": {"message": f"Bad key {KEY} there"}}, 400)
    assert KEY not in chat(user).text


def test_what_is_no_answer(user: User, provider: RawServer) -> None:
    provider.answer(b"<html>hello</html>", Content_Type="text/html")
    provider.answer({"choices": []})
    provider.answer({"error": {"message": "inside a 200"}})
    provider.answer(b"[1]")
    for _ in range(4):
        assert_openai_error(chat(user), 502)


def test_a_server_that_is_away(user: User, pointed: Callable[..., None]) -> None:
    pointed("http://127.0.0.1:9/v1")
    for stream in (False, True):
        response = chat(user, stream=stream)
        assert_openai_error(response, 503)
        assert response.headers["Retry-After"]


def test_a_server_that_is_silent(
    user: User, provider: RawServer, pointed: Callable[..., None]
) -> None:
    pointed(provider.url, seconds=0.3)
    provider.answer([HANG])
    provider.answer([HANG])
    provider.stream(HANG)
    for stream in (False, True, True):
        assert_openai_error(chat(user, stream=stream), 504)
    assert all(asked.closed.wait(5) for asked in provider.requests)


def test_a_connection_that_was_closed_meanwhile_is_replaced(
    user: User, provider: RawServer
) -> None:
    for _ in range(2):
        provider.answer(message(content="Hi"), Connection="keep-alive")
    assert chat(user).status_code == 200
    assert chat(user).status_code == 200


def test_a_stream_with_all_that_it_has_to_have(user: User, provider: RawServer) -> None:
    bare = [{"choices": [{"delta": {"content": text}}]} for text in ("a\u2028", "b")]
    odd = {"choices": [{"delta": {"content": "c", "reasoning": "r"}, "extra": 1}], "more": 2}
    lines = json.dumps(odd, ensure_ascii=False).encode()
    provider.stream(
        b": a comment\r\n\r\n",
        json.dumps(bare[0], ensure_ascii=False),
        # In pieces, without a space, with an event's name.
        b"event: x\r\ndata:" + lines[:9],
        lines[9:] + b"\r\n\r\n" + data(bare[1]),
        "[DONE]",
    )
    *chunks, last, done = events_of(chat(user, stream=True))
    assert done == "[DONE]"
    assert len({chunk["id"] for chunk in [*chunks, last]}) == 1
    for chunk in [*chunks, last]:
        assert chunk["object"] == "chat.completion.chunk"
        assert chunk["created"] > 1_700_000_000
        assert chunk["model"] == "scripted-model"
        assert "usage" not in chunk
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    assert deltas == [
        {"role": "assistant", "content": "a\u2028"},
        {"content": "c", "reasoning": "r"},
        {"content": "b"},
    ]
    assert chunks[1]["more"] == 2
    assert chunks[1]["choices"][0]["extra"] == 1
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [None] * 3
    assert last["choices"] == [{"index": 0, "delta": {}, "finish_reason": "stop"}]
    assert provider.requests[0].body["stream"] is True


USAGE = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}


@pytest.mark.parametrize("asked", [False, True])
@pytest.mark.parametrize("where", ["alone", "with the last", "everywhere"])
def test_figures_come_once_and_only_if_asked_for(
    user: User, provider: RawServer, asked: bool, where: str
) -> None:
    first, last = delta("Hi"), delta(finish="stop")
    events = [first, last]
    if where == "alone":
        events.append({**delta(), "choices": [], "usage": USAGE})
    else:
        last["usage"] = USAGE
    if where == "everywhere":
        first["usage"] = {"prompt_tokens": 1, "completion_tokens": 1}
    provider.stream(*events, "[DONE]")
    options = {"stream_options": {"include_usage": True}} if asked else {}
    *chunks, done = events_of(chat(user, stream=True, **options))
    assert done == "[DONE]"
    if asked:
        figures = chunks.pop()
        assert figures["choices"] == []
        assert figures["usage"] == USAGE
        assert all(chunk["usage"] is None for chunk in chunks)
    else:
        assert not any("usage" in chunk for chunk in chunks)
    assert [len(chunk["choices"]) for chunk in chunks] == [1, 1]
    assert provider.requests[0].body.get("stream_options") == options.get("stream_options")


def test_calls_of_tools_have_their_index(user: User, provider: RawServer) -> None:
    def call(call_id: str | None, arguments: Any, name: str | None = None) -> dict[str, Any]:
        function = {"arguments": arguments, **({"name": name} if name else {})}
        return {"function": function, **({"id": call_id} if call_id else {})}

    provider.stream(
        delta(tool_calls=[call("a", "", "f")]),
        delta(tool_calls=[call(None, '{"x":')]),
        delta(tool_calls=[call("a", "1}")]),
        delta(tool_calls=[call(None, {"y": 2}, "g")]),
        "[DONE]",
    )
    *chunks, last, _ = events_of(chat(user, stream=True))
    calls = [chunk["choices"][0]["delta"]["tool_calls"][0] for chunk in chunks]
    assert [call["index"] for call in calls] == [0, 0, 0, 1]
    assert calls[3]["id"]
    assert calls[3]["function"] == {"name": "g", "arguments": '{"y": 2}'}
    assert last["choices"][0]["finish_reason"] == "tool_calls"


@pytest.mark.parametrize(
    "end",
    [
        {"error": {"message": "CUDA out of memory", "type": "x"}},
        {"error": "CUDA out of memory"},
        b"data: {CUDA\n\n",
        b"data: []\n\n",
        None,
    ],
)
def test_what_breaks_in_the_middle_is_an_error_of_the_stream(
    user: User, provider: RawServer, end: Any
) -> None:
    provider.stream(delta("Hi"), *([] if end is None else [end]))
    *chunks, last = events_of(chat(user, stream=True))
    assert chunks[0]["choices"][0]["delta"]["content"] == "Hi"
    assert last["error"]["type"] == "server_error"
    assert last["error"]["message"]


def test_a_server_that_closes_instead_of_saying_that_this_was_all(
    user: User, provider: RawServer
) -> None:
    provider.stream(delta("Hi"), delta(finish="length"))
    *_, last, done = events_of(chat(user, stream=True))
    assert last["choices"][0]["finish_reason"] == "length"
    assert done == "[DONE]"


def test_a_server_that_does_not_stream(user: User, provider: RawServer) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    provider.answer(message(content="Hi", tool_calls=[call]))
    options = {"stream_options": {"include_usage": True}}
    chunk, figures, done = events_of(chat(user, stream=True, **options))
    said = {"role": "assistant", "content": "Hi", "tool_calls": [{**call, "index": 0}]}
    assert chunk["choices"][0]["delta"] == said
    assert chunk["choices"][0]["finish_reason"] == "stop"
    assert figures["usage"] == USAGE
    assert done == "[DONE]"


def test_a_stream_of_nothing_is_an_error_with_a_status(user: User, provider: RawServer) -> None:
    provider.stream("[DONE]")
    provider.stream()
    provider.stream({"error": {"message": "at once"}})
    for _ in range(3):
        assert_openai_error(chat(user, stream=True), 502)


def test_places_are_given_back(user: User, other_user: User, provider: RawServer) -> None:
    most = settings.max_model_calls_per_user
    places = [Place(uuid.UUID(user.id)).__enter__() for _ in range(most)]
    try:
        for stream in (False, True):
            response = chat(user, stream=stream)
            error = assert_openai_error(response, 429)
            assert error["type"] == "rate_limit_error"
            assert response.headers["Retry-After"]
        provider.answer(message(content="Hi"))
        assert chat(other_user).status_code == 200
    finally:
        for place in places:
            place.leave()
    for _ in range(most + 1):
        provider.stream(delta("Hi", finish="stop"))
        assert chat(user, stream=True).status_code == 200
        provider.answer({}, 500)
        assert chat(user).status_code == 503


def test_all_places_are_taken(
    app: Flask, user: User, provider: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = app.extensions["settings"].model_copy(update={"max_model_calls": 1})
    monkeypatch.setitem(app.extensions, "settings", few)
    with Place(uuid.uuid4()):
        response = chat(user)
    assert_openai_error(response, 503)
    assert response.headers["Retry-After"]


def test_a_reader_who_leaves_closes_the_model(app: Flask, user: User, provider: RawServer) -> None:
    provider.stream(delta("Hi"), HANG)
    client = app.test_client()
    response = client.post(
        "/v1/chat/completions",
        json={**ASKED, "stream": True},
        headers=user.headers,
        buffered=False,
    )
    iterator = iter(response.response)
    assert b"Hi" in next(iterator)
    response.close()
    assert provider.requests[0].closed.wait(5)
