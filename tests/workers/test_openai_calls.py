"""What goes to the model as it is, through a real web server: the official SDK, and hanging up."""

import asyncio
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import numpy as np
import openai
import pytest
from openai import AsyncOpenAI, OpenAI

from tests.live import Live
from tests.services.factories import wait_for

pytestmark = pytest.mark.slow

HELLO: Any = [{"role": "user", "content": "Hello"}]


def made(live: Live, kind: Callable[..., Any], **values: Any) -> Any:
    token = live.client.headers["Authorization"].removeprefix("Bearer ")
    return kind(base_url=f"{live.stack.api_url}/v1", api_key=token, **values)


@pytest.fixture
def client(live: Live) -> Iterator[OpenAI]:
    with made(live, OpenAI) as client:
        yield client


def test_an_answer_as_a_whole(live: Live, client: OpenAI) -> None:
    live.model.script(text="Good day.")
    answer = client.chat.completions.create(model="scripted-model", messages=HELLO, seed=1)
    assert answer.choices[0].message.content == "Good day."
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.total_tokens == 3
    assert answer._request_id
    assert live.model.requests[-1].body["seed"] == 1


def test_an_answer_word_by_word(live: Live, client: OpenAI) -> None:
    live.model.script(tokens=10, interval=30)
    stream = client.chat.completions.create(
        model="scripted-model",
        messages=HELLO,
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [(chunk, time.perf_counter()) for chunk in stream]
    assert len({chunk.id for chunk, _ in chunks}) == 1
    assert chunks[0][0].choices[0].delta.role == "assistant"
    text = "".join(c.choices[0].delta.content or "" for c, _ in chunks if c.choices)
    assert text == "".join(f"word{number} " for number in range(10))
    assert chunks[-1][0].usage is not None
    assert chunks[-1][0].usage.completion_tokens == 10
    # As they come, and not all at the end.
    assert chunks[-1][1] - chunks[0][1] > 0.2


def test_the_helper_for_streams(live: Live, client: OpenAI) -> None:
    live.model.script(text="Good day.")
    with client.chat.completions.stream(model="scripted-model", messages=HELLO) as stream:
        for _ in stream:
            pass
        assert stream.get_final_completion().choices[0].message.content == "Good day."


def test_asynchronously(live: Live) -> None:
    live.model.script(text="Good day.")
    live.model.script(text="Good evening.")

    async def ask() -> tuple[str, str]:
        async with made(live, AsyncOpenAI) as client:
            first = await client.chat.completions.create(model="scripted-model", messages=HELLO)
            stream = await client.chat.completions.create(
                model="scripted-model", messages=HELLO, stream=True
            )
            second = [chunk.choices[0].delta.content or "" async for chunk in stream]
            return first.choices[0].message.content, "".join(second)

    assert asyncio.run(ask()) == ("Good day.", "Good evening.")


def test_embeddings(live: Live, client: OpenAI) -> None:
    texts = ["the ferry leaves at noon", "when does the boat go?", "tulips"]
    packed = client.embeddings.create(model="all-MiniLM-L6-v2", input=texts)
    plain = client.embeddings.create(
        model="all-MiniLM-L6-v2", input=texts, encoding_format="float", dimensions=384
    )
    rows = np.array([row.embedding for row in packed.data])
    assert rows.shape == (3, 384)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert rows[0] @ rows[1] > rows[0] @ rows[2]
    assert np.allclose(rows, [row.embedding for row in plain.data], atol=1e-6)
    assert packed.usage.prompt_tokens > 10
    with pytest.raises(openai.BadRequestError, match="check_embedding_ctx_length"):
        client.embeddings.create(model="all-MiniLM-L6-v2", input=[1, 2])


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        ("400", openai.BadRequestError),
        ("404", openai.NotFoundError),
        ("429", openai.RateLimitError),
        ("401", openai.InternalServerError),
        ("500", openai.InternalServerError),
        ("html", openai.InternalServerError),
    ],
)
def test_errors_have_their_classes(live: Live, script: str, kind: Any) -> None:
    with made(live, OpenAI, max_retries=0) as client:
        for stream in (False, True):
            live.model.script(script)
            with pytest.raises(kind) as caught:
                client.chat.completions.create(
                    model="scripted-model", messages=HELLO, stream=stream
                )
            assert caught.value.request_id
            assert caught.value.body["message"]


def test_what_is_wrong_with_the_key_or_the_request(live: Live, client: OpenAI) -> None:
    with pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="x").chat.completions.create(model="m", messages=HELLO)
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="scripted-model", messages=HELLO, temperature=9)
    assert caught.value.param == "temperature"
    with pytest.raises(openai.NotFoundError) as missing:
        client.chat.completions.create(model="no-such", messages=HELLO)
    assert missing.value.code == "model_not_found"


def test_a_stream_that_breaks_off_is_an_error(live: Live, client: OpenAI) -> None:
    for script in ("reset", "cut", "error_event", "bad_json"):
        live.model.script(script, after=2)
        stream = client.chat.completions.create(model="scripted-model", messages=HELLO, stream=True)
        said = []
        with pytest.raises(openai.APIError):
            said += [chunk.choices[0].delta.content for chunk in stream]


def test_the_sdk_tries_again_what_may_pass(live: Live, client: OpenAI) -> None:
    live.model.script("429", retry_after="0")
    live.model.script("503", retry_after="0")
    live.model.script(text="At last.")
    answer = client.chat.completions.create(model="scripted-model", messages=HELLO)
    assert answer.choices[0].message.content == "At last."


class LosesTheFirst(httpx2.HTTPTransport):
    """A network that loses the first answer on its way."""

    lost = 0

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        response = super().handle_request(request)
        if not self.lost:
            self.lost += 1
            response.read()
            raise httpx2.ReadError("lost on the way")
        return response


def test_what_the_sdk_silently_sends_again_is_not_done_again(live: Live) -> None:
    live.model.script(text="Once.")
    network = LosesTheFirst()
    with made(live, OpenAI, http_client=httpx2.Client(transport=network)) as client:
        answer = client.chat.completions.create(model="scripted-model", messages=HELLO)
    assert network.lost == 1
    assert answer.choices[0].message.content == "Once."
    assert len(live.model.requests) == 1


@contextmanager
def raw_request(live: Live, **members: Any) -> Iterator[socket.socket]:
    """Send a request on a socket of one's own."""
    body = json.dumps({"model": "scripted-model", "messages": HELLO, **members}).encode()
    head = (
        "POST /v1/chat/completions HTTP/1.1",
        "Host: x",
        f"Authorization: {live.client.headers['Authorization']}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    )
    with socket.create_connection(("127.0.0.1", live.stack.settings.port), 20) as connection:
        connection.sendall("\r\n".join([*head, "", ""]).encode() + body)
        yield connection


@pytest.mark.parametrize("stream", [False, True])
def test_who_hangs_up_before_the_model_begins_stops_it(live: Live, stream: bool) -> None:
    live.model.script("hang")
    with raw_request(live, stream=stream):
        asked = wait_for(lambda: live.model.requests[-1:])[0]
        assert asked.ended is None
    closed_at = time.time()
    live.model.wait_for(lambda asked: asked.ended)
    assert asked.ended == "closed by client"
    assert asked.closed_at is not None
    assert asked.closed_at - closed_at < 0.5


@pytest.mark.parametrize("script", ["hang_stream", "endless"])
def test_who_hangs_up_in_the_middle_stops_the_model(live: Live, script: str) -> None:
    live.model.script(script, interval=50)
    with raw_request(live, stream=True) as connection:
        heard = b""
        while b"word1" not in heard and b"scripted" not in heard:
            heard += connection.recv(65536)
        asked = live.model.requests[-1]
        assert asked.ended is None
    closed_at = time.time()
    live.model.wait_for(lambda asked: asked.ended)
    assert asked.ended == "closed by client"
    assert asked.closed_at is not None
    assert asked.closed_at - closed_at < 0.5


def test_who_sends_the_next_request_early_has_not_hung_up(live: Live) -> None:
    live.model.script(text="One.", delay=200)
    live.model.script(text="Two.")
    with raw_request(live) as connection:
        wait_for(lambda: live.model.requests)
        body = json.dumps({"model": "scripted-model", "messages": HELLO}).encode()
        head = (
            "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            f"Authorization: {live.client.headers['Authorization']}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        connection.sendall(head.encode() + body)
        heard = b""
        while piece := connection.recv(65536):
            heard += piece
    assert b"One." in heard
    assert b"Two." in heard


def test_models_that_hang_use_up_nothing(live: Live) -> None:
    most = live.stack.settings.max_model_calls_per_user
    for _ in range(most):
        live.model.script("hang")
    connections = [raw_request(live, stream=True) for _ in range(most)]
    for connection in connections:
        connection.__enter__()
    try:
        wait_for(lambda: len(live.model.requests) == most)
        with made(live, OpenAI, max_retries=0) as client:
            with pytest.raises(openai.RateLimitError) as caught:
                client.chat.completions.create(model="scripted-model", messages=HELLO)
            assert caught.value.response.headers["Retry-After"]
            assert client.models.list().data
    finally:
        for connection in connections:
            connection.__exit__(None, None, None)
    wait_for(lambda: all(asked.ended for asked in live.model.requests))
    with made(live, OpenAI) as client:
        client.chat.completions.create(model="scripted-model", messages=HELLO)
