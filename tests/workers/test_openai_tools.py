"""The official SDK against a model that calls tools, through a real web server."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from openai import AsyncOpenAI, OpenAI

from tests.doubles.raw_server import RawServer, delta, message
from tests.live import Live
from tests.webs import Web

pytestmark = pytest.mark.slow

QUESTION: Any = {"role": "user", "content": "How is the weather in Bonn?"}
TOOLS: Any = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
    }
]
CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}


@pytest.fixture
def provider() -> Iterator[RawServer]:
    with RawServer() as server:
        server.models = ["m"]
        yield server


@pytest.fixture
def web(live: Live, provider: RawServer, start_web: Callable[..., Web]) -> Web:
    return start_web(OPENAI_BASE_URL=provider.url, OPENAI_MODEL="m")


def known(live: Live, web: Web) -> dict[str, str]:
    token = live.client.headers["Authorization"].removeprefix("Bearer ")
    return {"base_url": f"{web.url}/v1", "api_key": token}


def pieces() -> list[Any]:
    """Return a call of a tool as a stream has it."""
    function = {"name": "weather", "arguments": ""}
    begun = {"index": 0, "id": "call_1", "type": "function", "function": function}
    rest = [{"index": 0, "function": {"arguments": part}} for part in ('{"city":', ' "Bonn"}')]
    deltas = [delta(tool_calls=[call]) for call in (begun, *rest)]
    return [*deltas, delta(finish="tool_calls"), "[DONE]"]


def test_there_and_back_again(live: Live, web: Web, provider: RawServer) -> None:
    call = {**CALL, "function": {"name": "weather", "arguments": '{"city": "Bonn"}'}}
    asking = message(content=None, tool_calls=[call])
    asking["choices"][0]["finish_reason"] = "tool_calls"
    provider.answer(asking)
    provider.answer(message(content="It is sunny in Bonn."))
    with OpenAI(**known(live, web)) as client:
        first = client.chat.completions.create(
            model="m", messages=[QUESTION], tools=TOOLS, tool_choice="auto"
        )
        [wanted] = first.choices[0].message.tool_calls or []
        assert wanted.type == "function"
        assert json.loads(wanted.function.arguments) == {"city": "Bonn"}
        said: Any = {"role": "tool", "tool_call_id": wanted.id, "content": "sunny"}
        asked: Any = first.choices[0].message
        last = client.chat.completions.create(
            model="m", messages=[QUESTION, asked, said], tools=TOOLS
        )
    assert last.choices[0].message.content == "It is sunny in Bonn."
    messages = provider.requests[-1].body["messages"]
    assert messages[1]["tool_calls"] == [call]
    assert messages[2] == said


def test_a_call_comes_in_pieces(live: Live, web: Web, provider: RawServer) -> None:
    provider.stream(*pieces())
    provider.stream(*pieces())
    with (
        OpenAI(**known(live, web)) as client,
        client.chat.completions.stream(model="m", messages=[QUESTION], tools=TOOLS) as stream,
    ):
        kinds = {event.type for event in stream}
        whole = stream.get_final_completion().choices[0]
    assert "tool_calls.function.arguments.done" in kinds
    assert whole.finish_reason == "tool_calls"
    [call] = whole.message.tool_calls or []
    assert call.function.arguments == '{"city": "Bonn"}'

    async def later() -> str:
        async with AsyncOpenAI(**known(live, web)) as client:
            stream = await client.chat.completions.create(
                model="m", messages=[QUESTION], tools=TOOLS, stream=True
            )
            heard = ""
            async for chunk in stream:
                for call in chunk.choices[0].delta.tool_calls or []:
                    heard += (call.function and call.function.arguments) or ""
            return heard

    assert asyncio.run(later()) == '{"city": "Bonn"}'
