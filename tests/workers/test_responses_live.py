"""Responses through the official SDK, against live workers: plain, streamed, killed, cancelled."""

import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI

from tests.live import Live
from tests.openai_sdk import sdk
from tests.services.factories import wait_for

pytestmark = pytest.mark.slow

MODEL = "scripted-model"


@pytest.fixture
def client(live: Live) -> OpenAI:
    """Return the official client."""
    return sdk(live)


def ended(client: OpenAI, response_id: str, seconds: float = 60) -> Any:
    """Poll a response as its makers tell, and return it once it has ended."""

    def look() -> Any:
        found = client.responses.retrieve(response_id)
        return found if found.status not in ("queued", "in_progress") else None

    return wait_for(look, seconds)


def text_of(events: list[Any]) -> str:
    return "".join(event.delta for event in events if event.type == "response.output_text.delta")


def test_a_plain_answer(client: OpenAI, live: Live) -> None:
    response = client.responses.create(model=MODEL, input="Hello.", instructions="Be brief.")
    assert response.status == "completed"
    assert response.output_text == "This is the scripted answer."
    assert response.usage is not None
    assert response.usage.input_tokens_details.cache_write_tokens == 0
    assert response._request_id
    assert client.responses.retrieve(response.id).output_text == response.output_text
    (item,) = client.responses.input_items.list(response.id).data
    assert item.type == "message"


def test_a_streamed_answer_comes_piece_by_piece(client: OpenAI, live: Live) -> None:
    live.model.script(tokens=20, interval=40)
    began, moments, events = time.monotonic(), [], []
    for event in client.responses.create(model=MODEL, input="Hello.", stream=True):
        events.append(event)
        moments.append(time.monotonic() - began)
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert [event.type for event in events[:2]] == ["response.created", "response.in_progress"]
    assert events[-1].type == "response.completed"
    assert text_of(events) == events[-1].response.output_text
    assert len([event for event in events if event.type.endswith("delta")]) >= 8
    first = next(i for i, event in enumerate(events) if event.type.endswith("delta"))
    assert moments[-1] - moments[first] > 0.5
    with pytest.raises(openai.BadRequestError):
        client.responses.retrieve(events[-1].response.id, stream=True)


def test_the_stream_helper_of_the_sdk_is_content(client: OpenAI, live: Live) -> None:
    live.model.script(tokens=5, interval=10, reasoning=2)
    with client.responses.stream(model=MODEL, input="Hello.") as stream:
        kinds = {event.type for event in stream}
        response = stream.get_final_response()
    assert {"response.output_text.delta", "response.completed"} <= kinds
    assert response.output_text == "word0 word1 word2 word3 word4 "


def test_the_overhead_is_small(client: OpenAI, live: Live) -> None:
    client.responses.create(model=MODEL, input="Hello.")
    began = time.perf_counter()
    for _ in range(5):
        client.responses.create(model=MODEL, input="Hello.")
    each = (time.perf_counter() - began) / 5
    print(f"\na plain response takes {each * 1000:.0f} ms")
    assert each < 2


def test_in_the_background_it_is_polled(client: OpenAI, live: Live) -> None:
    made = client.responses.create(model=MODEL, input="Hello.", background=True)
    assert made.status == "queued"
    response = ended(client, made.id)
    assert (response.status, response.background) == ("completed", True)
    assert response.output_text == "This is the scripted answer."


@pytest.mark.parametrize("streamed", [True, False])
def test_a_worker_that_is_killed_costs_nothing(client: OpenAI, live: Live, streamed: bool) -> None:
    words = " ".join(f"word{number}" for number in range(60))
    live.model.script(text=words, interval=50)
    # On a busy machine a lease may run out once more.
    for _ in range(4):
        live.model.script(text=words, interval=10)
    seen: list[Any] = []
    if streamed:
        stream = client.responses.create(model=MODEL, input="Go.", background=True, stream=True)
        for event in stream:
            seen.append(event)
            if len(text_of(seen)) > 60:
                break
        stream.close()
        response_id = seen[0].response.id
    else:
        response_id = client.responses.create(model=MODEL, input="Go.", background=True).id
        live.model.wait_for(lambda asked: asked.tokens_sent > 15, seconds=30)
    live.kill(live.process("replies"))
    response = ended(client, response_id)
    assert (response.status, response.output_text) == ("completed", words)
    whole = list(client.responses.retrieve(response_id, stream=True))
    assert [event.sequence_number for event in whole] == list(range(len(whole)))
    assert text_of(whole) == words
    assert [event.to_dict() for event in whole[: len(seen)]] == [e.to_dict() for e in seen]
    cursor = seen[-1].sequence_number if seen else 9
    rest = list(client.responses.retrieve(response_id, stream=True, starting_after=cursor))
    assert rest == whole[cursor + 1 :]
    with client.responses.stream(response_id=response_id, starting_after=cursor) as helper:
        assert [event.sequence_number for event in helper] == [e.sequence_number for e in rest]
        assert helper.get_final_response().output_text == words


def test_a_follower_hears_on_when_the_worker_is_killed(client: OpenAI, live: Live) -> None:
    live.model.script("endless", interval=30)
    for _ in range(4):
        live.model.script(text="Something else.")
    events: list[Any] = []
    with client.responses.stream(model=MODEL, input="Go.", background=True) as stream:
        for event in stream:
            events.append(event)
            if len(events) == 15:
                live.kill(live.process("replies"))
        final = stream.get_final_response()
    assert final.output_text == "Something else."
    assert len(final.output) == 1
    done = [event for event in events if event.type == "response.output_item.done"]
    assert [event.item.status for event in done] == ["incomplete", "completed"]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    again = list(client.responses.retrieve(final.id, stream=True))
    assert [event.sequence_number for event in again] == list(range(len(events)))
    assert client.responses.retrieve(final.id).output_text == "Something else."


def test_cancelling_closes_the_models_connection_and_keeps_the_text(
    client: OpenAI, live: Live
) -> None:
    live.model.script("endless", interval=20)
    made = client.responses.create(model=MODEL, input="Go.", background=True)
    live.model.wait_for(lambda asked: asked.tokens_sent > 10, seconds=30)
    cancelled = client.responses.cancel(made.id)
    assert cancelled.status == "cancelled"
    asked = live.model.wait_for(lambda asked: asked.closed_at is not None)
    assert asked.ended == "closed by client"
    assert cancelled.output_text.startswith("word0 word1 ")
    assert cancelled.output[0].status == "incomplete"  # type: ignore[union-attr]
    assert client.responses.cancel(made.id) == cancelled
    assert client.responses.retrieve(made.id) == cancelled
    events = list(client.responses.retrieve(made.id, stream=True))
    assert text_of(events) == cancelled.output_text


def test_deleting_stops_it(client: OpenAI, live: Live) -> None:
    live.model.script("endless", interval=20)
    made = client.responses.create(model=MODEL, input="Go.", background=True)
    live.model.wait_for(lambda asked: asked.tokens_sent > 5, seconds=30)
    client.responses.delete(made.id)
    live.model.wait_for(lambda asked: asked.ended == "closed by client")
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(made.id)


def hang_up_plain(live: Live) -> None:
    with pytest.raises(httpx.ReadTimeout):
        post(live, timeout=2)


def hang_up_streamed(live: Live) -> None:
    body = {"model": MODEL, "input": "Go.", "stream": True}
    with httpx.stream(
        "POST", f"{live.stack.api_url}/v1/responses", json=body, headers=live.client.headers
    ) as r:
        for line in r.iter_lines():
            if "delta" in line:
                return


def post(live: Live, timeout: float, **more: Any) -> httpx.Response:
    body = {"model": MODEL, "input": "Go.", **more}
    return httpx.post(
        f"{live.stack.api_url}/v1/responses",
        json=body,
        headers=live.client.headers,
        timeout=timeout,
    )


@pytest.mark.parametrize("hang_up", [hang_up_plain, hang_up_streamed])
def test_hanging_up_stops_the_model(live: Live, hang_up: Callable[[Live], None]) -> None:
    live.model.script("endless", interval=20)
    hang_up(live)
    hung_up_at = time.time()
    asked = live.model.wait_for(lambda asked: asked.closed_at is not None)
    assert asked.ended == "closed by client"
    assert asked.closed_at is not None
    print(f"\nthe model was let go {(asked.closed_at - hung_up_at) * 1000:.0f} ms after")
    job = wait_for(lambda: [j for j in live.get("/jobs") if j["finished_at"]])[0]
    assert job["state"] == "cancelled"


def test_hanging_up_changes_nothing_in_the_background(client: OpenAI, live: Live) -> None:
    live.model.script(tokens=30, interval=30)
    stream = client.responses.create(model=MODEL, input="Go.", background=True, stream=True)
    first = next(iter(stream))
    stream.close()
    assert ended(client, first.response.id).output_text.endswith("word29 ")  # type: ignore[union-attr]


def test_what_is_not_stored_leaves_nothing(client: OpenAI, live: Live) -> None:
    plain = client.responses.create(model=MODEL, input="Hello.", store=False)
    assert plain.output_text == "This is the scripted answer."
    events = list(client.responses.create(model=MODEL, input="Hello.", store=False, stream=True))
    for response_id in (plain.id, events[0].response.id):  # type: ignore[union-attr]
        with pytest.raises(openai.NotFoundError):
            client.responses.retrieve(response_id)
        with pytest.raises(openai.APIStatusError) as refused:
            client.responses.create(model=MODEL, input="x", previous_response_id=response_id)
        assert refused.value.param == "previous_response_id"
    assert live.sql("SELECT id FROM responses WHERE NOT stored") == []


def test_a_turn_goes_on_from_another(client: OpenAI, live: Live) -> None:
    first = client.responses.create(model=MODEL, input="One.")
    client.responses.create(model=MODEL, input="Two.", previous_response_id=first.id)
    said = [message["content"] for message in live.model.requests[-1].body["messages"]]
    assert said == ["One.", "This is the scripted answer.", "Two."]


def test_a_conversation_grows(client: OpenAI, live: Live) -> None:
    talk = client.conversations.create(metadata={"a": "b"})
    for given in ("One.", "Two."):
        client.responses.create(model=MODEL, input=given, conversation=talk.id)
    assert len(live.model.requests[-1].body["messages"]) == 3
    items = list(client.conversations.items.list(talk.id, limit=3, order="asc"))
    assert [item.role for item in items] == ["user", "assistant"] * 2  # type: ignore[union-attr]
    assert client.conversations.delete(talk.id).deleted


def test_a_function_is_called_and_its_output_sent_back(client: OpenAI, live: Live) -> None:
    call = {"index": 0, "id": "call_1", "type": "function"}
    deltas = [
        {"tool_calls": [{**call, "function": {"name": "add", "arguments": ""}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": '{"a": 1}'}}]},
    ]
    live.model.script(deltas=deltas, finish_reason="tool_calls")
    live.model.script(text="It is 2.")
    tool: Any = {"type": "function", "name": "add", "parameters": {}, "strict": False}
    given: list[Any] = [{"role": "user", "content": "1+1?"}]
    with client.responses.stream(model=MODEL, input=given, tools=[tool]) as stream:
        response = stream.get_final_response()
    (called,) = response.output
    assert (called.type, called.name, called.arguments) == ("function_call", "add", '{"a": 1}')  # type: ignore[union-attr]
    given += [item.to_dict() for item in response.output]
    given.append({"type": "function_call_output", "call_id": "call_1", "output": "2"})
    answer = client.responses.create(model=MODEL, input=given, tools=[tool])
    assert answer.output_text == "It is 2."


def test_a_model_that_fails_is_said_in_the_way_that_was_asked(client: OpenAI, live: Live) -> None:
    for _ in range(4):
        live.model.script("401")
    with pytest.raises(openai.InternalServerError) as failed:
        client.responses.create(model=MODEL, input="Hello.")
    assert failed.value.code == "server_error"
    events = list(client.responses.create(model=MODEL, input="Hello.", stream=True))
    assert events[-1].type == "response.failed"
    made = client.responses.create(model=MODEL, input="Hello.", background=True)
    response = ended(client, made.id)
    assert response.status == "failed"
    assert response.error.code == "server_error"


def test_who_waits_is_told_soon_of_a_model_that_is_away(client: OpenAI, live: Live) -> None:
    for _ in range(2):
        live.model.script("503")
    began = time.monotonic()
    with pytest.raises(openai.InternalServerError):
        client.responses.create(model=MODEL, input="Hello.")
    assert time.monotonic() - began < 10


def test_the_example_of_the_documentation(client: OpenAI, live: Live) -> None:
    live.model.script(text="Hello to you, too.", interval=100)
    text = (Path(__file__).parents[2] / "docs/openai.md").read_text()
    _, _, section = text.partition("## Responses")
    script = re.findall(r"```python\n(.*?)```", section, re.DOTALL)[0]
    said = subprocess.run(
        [sys.executable, "-c", script],
        env={"OPENAI_BASE_URL": str(client.base_url), "OPENAI_API_KEY": str(client.api_key)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert said.returncode == 0, said.stderr
    assert said.stdout == "Hello to you, too.completed\n"


def test_followers_hear_on_while_redis_is_away(client: OpenAI, live: Live) -> None:
    live.model.script(tokens=60, interval=100)
    events: list[Any] = []
    valkey = live.process("valkey")
    stream = client.responses.create(model=MODEL, input="Go.", background=True, stream=True)
    try:
        for event in stream:
            events.append(event)
            if len(events) == 10:
                valkey.suspend()
            if len(events) == 20:
                valkey.resume()
    finally:
        valkey.resume()
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert events[-1].type == "response.completed"
    assert text_of(events) == events[-1].response.output_text


def test_what_is_sent_again_is_the_same_response(live: Live) -> None:
    def send(count: int) -> str:
        headers = {**live.client.headers, "x-stainless-retry-count": str(count)}
        body = {"model": MODEL, "input": "Go.", "background": True}
        url = f"{live.stack.api_url}/v1/responses"
        answer = httpx.post(url, json=body, headers=headers, timeout=30).raise_for_status()
        response_id: str = answer.json()["id"]
        return response_id

    first = send(0)
    assert send(1) == first
    assert send(0) != first
