"""What an answer consists of: text, reasoning, refusals and calls, each kept apart."""

from typing import Any

from assistant.adapters.chat import OpenAIChat
from assistant.chat import ChatRequest, Reasoning, Refusal, Text, ToolCall, Usage
from tests.doubles.model_server import ModelServer


def ask(**values: Any) -> ChatRequest:
    wanted: dict[str, Any] = {
        "messages": [("user", "Hello?")],
        "model": "scripted-model",
        "temperature": 0.5,
        "max_tokens": 50,
        "timeout": 10,
    }
    return ChatRequest(**{**wanted, **values})


def test_reasoning_comes_beside_the_text(server: ModelServer, chat: OpenAIChat) -> None:
    server.script(
        deltas=[
            {"reasoning_content": "They greet me."},
            {"reasoning": "So do I.", "reasoning_content": "So do I."},
            {"content": "Hello!"},
        ]
    )

    pieces = list(chat.stream(ask()).pieces())

    said = "".join(piece.text for piece in pieces if isinstance(piece, Reasoning))
    assert said == "They greet me.So do I."
    assert pieces[-1] == Text("Hello!")


def test_the_text_alone_is_no_reasoning(server: ModelServer, chat: OpenAIChat) -> None:
    server.script(deltas=[{"reasoning": "Hm."}, {"content": "Yes."}, {"refusal": " No."}])

    assert "".join(chat.stream(ask())) == "Yes. No."


def test_refusals_are_told_apart(server: ModelServer, chat: OpenAIChat) -> None:
    server.script(deltas=[{"refusal": "I cannot "}, {"refusal": "help."}])

    pieces = list(chat.stream(ask()).pieces())

    assert {type(piece) for piece in pieces} == {Refusal}


def test_calls_come_in_pieces(server: ModelServer, chat: OpenAIChat) -> None:
    begun = {"index": 0, "id": "call_1", "type": "function"}
    server.script(
        deltas=[
            {"tool_calls": [{**begun, "function": {"name": "look", "arguments": ""}}]},
            {"tool_calls": [{"index": 0, "function": {"arguments": '{"at":'}}]},
            {"tool_calls": [{"index": 0, "function": {"arguments": " 1}"}}]},
        ],
        finish_reason="tool_calls",
    )
    stream = chat.stream(ask())

    pieces = [piece for piece in stream.pieces() if isinstance(piece, ToolCall)]

    assert (pieces[0].index, pieces[0].id, pieces[0].name) == (0, "call_1", "look")
    assert "".join(piece.arguments for piece in pieces) == '{"at": 1}'
    assert stream.finish_reason == "tool_calls"


def test_calls_of_careless_servers(server: ModelServer, chat: OpenAIChat) -> None:
    server.script(
        deltas=[
            {"tool_calls": [{"id": "a", "function": {"name": "look", "arguments": {"at": 1}}}]},
            {"tool_calls": ["what", {"function": None}, {"function": []}, {"index": "x"}]},
            {"tool_calls": {"index": 0}},
        ]
    )

    pieces = [piece for piece in chat.stream(ask()).pieces() if isinstance(piece, ToolCall)]

    assert pieces[0] == ToolCall(0, "a", "look", '{"at": 1}')


def test_what_else_a_request_carries(server: ModelServer, chat: OpenAIChat) -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    messages = [
        ("user", "Where is it?"),
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "Here."},
    ]
    tools = [{"type": "function", "function": {"name": "look"}}]
    extra = {"tools": tools, "stop": ["."], "top_p": 0.9}

    request = ask(messages=messages, temperature=None, max_tokens=None, extra=extra)
    list(chat.stream(request))

    body = server.requests[0].body
    assert body["messages"] == [{"role": "user", "content": "Where is it?"}, *messages[1:]]
    assert (body["tools"], body["stop"], body["top_p"]) == (tools, ["."], 0.9)
    assert not {"temperature", "max_tokens"} & body.keys()


def test_usage_says_how_much_was_thought(server: ModelServer, chat: OpenAIChat) -> None:
    figures = {
        "prompt_tokens": 3,
        "completion_tokens": 9,
        "completion_tokens_details": {"reasoning_tokens": 7},
        "prompt_tokens_details": {"cached_tokens": None},
    }
    server.script(usage=figures)
    stream = chat.stream(ask())
    list(stream)

    assert stream.usage == Usage(3, 9, reasoning_tokens=7)
