"""What is learnt of a model from its own answers: turns, parameters, limits, how it ends."""

from typing import Any

import pytest

from assistant.adapters.chat import OpenAIChat
from assistant.chat import ChatRequest, Text
from assistant.errors import ContextTooLong, PermanentError, TransientError
from tests.adapters.conftest import Connect
from tests.doubles.model_server import ModelServer

ANSWER = "This is the scripted answer."
TALK = [("system", "Be brief."), ("user", "One."), ("user", "Two.")]


def ask(rules: str, messages: Any = TALK, **values: Any) -> ChatRequest:
    wanted = {"temperature": 0.5, "max_tokens": 50, "timeout": 10, **values}
    return ChatRequest(messages, f"rules-{rules}", **wanted)


def said(server: ModelServer) -> list[tuple[str, str]]:
    """Return the messages of the last request."""
    messages = server.requests[-1].body["messages"]
    return [(message["role"], message["content"]) for message in messages]


def answered_twice(server: ModelServer, chat: OpenAIChat, request: ChatRequest) -> dict[str, Any]:
    """Ask twice, demand that the second request is taken at once, and return it."""
    assert "".join(chat.stream(request)) == ANSWER
    asked_before = len(server.requests)
    assert "".join(chat.stream(request)) == ANSWER
    assert len(server.requests) == asked_before + 1, "nothing is tried that was refused before"
    return server.requests[-1].body


@pytest.mark.parametrize("words", ["vllm", "llamacpp", "bedrock", "anthropic", "google", "openai"])
def test_a_model_without_a_system_role(server: ModelServer, chat: OpenAIChat, words: str) -> None:
    answered_twice(server, chat, ask(f"no_system={words}", TALK[:2]))

    assert said(server) == [("user", "Be brief.\n\nOne.")]


@pytest.mark.parametrize("words", ["vllm", "llamacpp", "deepseek"])
def test_a_model_that_demands_turns(server: ModelServer, chat: OpenAIChat, words: str) -> None:
    talk = [*TALK, ("assistant", "Two."), ("assistant", "And?"), ("user", "Three.")]
    answered_twice(server, chat, ask(f"alternate={words}", talk))

    turns = [("user", "One.\n\nTwo."), ("assistant", "Two.\n\nAnd?"), ("user", "Three.")]
    assert said(server) == [("system", "Be brief."), *turns]


def test_a_model_that_takes_a_system_role_for_a_turn(server: ModelServer, chat: OpenAIChat) -> None:
    answered_twice(server, chat, ask("alternate=mixtral", TALK[:2]))

    assert said(server) == [("user", "Be brief.\n\nOne.")]


def test_a_model_with_neither(server: ModelServer, chat: OpenAIChat) -> None:
    answered_twice(server, chat, ask("no_system=vllm+alternate=llamacpp+temperature=openai"))

    assert said(server) == [("user", "Be brief.\n\nOne.\n\nTwo.")]


def test_calls_and_their_outcomes_are_never_merged(server: ModelServer, chat: OpenAIChat) -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    messages = [
        ("system", "Be brief."),
        {"role": "user", "content": [{"type": "text", "text": "Where?"}]},
        {"role": "assistant", "content": "Let me see.", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "Here."},
    ]
    list(chat.stream(ask("no_system=vllm", messages)))

    begun = [{"type": "text", "text": "Be brief."}, {"type": "text", "text": "Where?"}]
    assert server.requests[-1].body["messages"] == [
        {"role": "user", "content": begun},
        *messages[2:],
    ]


def test_turns_are_learnt_of_one_model_alone(server: ModelServer, chat: OpenAIChat) -> None:
    list(chat.stream(ask("no_system=vllm", TALK[:2])))
    list(chat.stream(ask("most=openai:900", TALK[:2])))

    assert said(server) == TALK[:2]


@pytest.mark.parametrize("words", ["openai", "parameter", "deprecated", "litellm"])
def test_a_model_that_takes_no_temperature(
    server: ModelServer, chat: OpenAIChat, words: str
) -> None:
    assert "temperature" not in answered_twice(server, chat, ask(f"temperature={words}"))


def test_of_temperature_and_top_p_the_former_stays(server: ModelServer, chat: OpenAIChat) -> None:
    request = ask("temperature=both", extra={"top_p": 0.9})

    body = answered_twice(server, chat, request)

    assert body["temperature"] == 0.5
    assert "top_p" not in body


@pytest.mark.parametrize("words", ["anthropic", "fastapi"])
def test_a_temperature_that_is_too_high(server: ModelServer, chat: OpenAIChat, words: str) -> None:
    rules = f"most_heat={words}:1"
    assert answered_twice(server, chat, ask(rules, temperature=1.7))["temperature"] == 1
    assert answered_twice(server, chat, ask(rules, temperature=0.2))["temperature"] == 0.2


def test_a_temperature_that_has_to_be_above_zero(server: ModelServer, chat: OpenAIChat) -> None:
    body = answered_twice(server, chat, ask("positive_heat", temperature=0.0))

    assert 0 < body["temperature"] < 0.1


@pytest.mark.parametrize(
    "words", ["openai", "anthropic", "bedrock", "deepseek", "qwen", "google", "groq", "fastapi"]
)
def test_a_limit_that_is_too_large_is_lowered(
    server: ModelServer, chat: OpenAIChat, words: str
) -> None:
    request = ask(f"most={words}:2048", max_tokens=20_000)
    assert answered_twice(server, chat, request)["max_tokens"] == 2048
    stream = chat.stream(request)
    list(stream)
    assert stream.max_tokens == 2048

    small = ask(f"most={words}:2048", max_tokens=100)
    assert answered_twice(server, chat, small)["max_tokens"] == 100


def test_a_limit_by_another_name_is_lowered_too(server: ModelServer, chat: OpenAIChat) -> None:
    request = ask("no_max_tokens+most=openai:2048", max_tokens=20_000)

    assert answered_twice(server, chat, request)["max_completion_tokens"] == 2048


def test_a_server_that_takes_no_limit_at_all(server: ModelServer, chat: OpenAIChat) -> None:
    body = answered_twice(server, chat, ask("no_limit"))

    assert not {"max_tokens", "max_completion_tokens"} & body.keys()


def test_a_limit_that_does_not_fit_beside_the_prompt(server: ModelServer, chat: OpenAIChat) -> None:
    """As vLLM has it: the prompt fits, and so does a shorter answer."""
    stream = chat.stream(ask("window=300", [("user", "word " * 60)], max_tokens=280))

    assert "".join(stream) == ANSWER
    assert stream.max_tokens == 240
    assert chat.window("rules-window=300") == 300


@pytest.mark.parametrize("rules", ["window=300", "window_llamacpp=300"])
def test_a_prompt_that_does_not_fit(chat: OpenAIChat, rules: str) -> None:
    request = ask(rules, [("user", "word " * 400)])
    with pytest.raises(ContextTooLong) as caught:
        list(chat.stream(request))

    assert caught.value.window == chat.window(request.model) == 300
    assert "300 tokens" in caught.value.detail


def test_a_prompt_that_does_not_fit_whoever_knows_what(chat: OpenAIChat) -> None:
    with pytest.raises(ContextTooLong) as caught:
        list(chat.stream(ask("window_unsaid=30", [("user", "word " * 40)])))

    assert caught.value.window is None


def test_a_server_that_refuses_by_a_list(server: ModelServer, chat: OpenAIChat) -> None:
    assert "stream_options" not in answered_twice(server, chat, ask("no_usage"))
    list(chat.stream(ask("alternate=vllm", TALK[:2])))
    assert "stream_options" not in server.requests[-1].body, "whatever the model"


def test_what_is_refused_in_the_stream_is_learnt_too(server: ModelServer, chat: OpenAIChat) -> None:
    server.script("error_event", after=0, message="System role not supported")

    assert "".join(chat.stream(ask("most=openai:900", TALK[:2]))) == ANSWER
    assert said(server) == [("user", "Be brief.\n\nOne.")]


def test_a_list_of_reasons_is_readable(server: ModelServer, chat: OpenAIChat) -> None:
    server.script("fastapi")
    with pytest.raises(PermanentError) as caught:
        list(chat.stream(ask("most=openai:900")))

    assert "messages.0.name: Field required; n: Input should be 1." in caught.value.detail


@pytest.mark.parametrize("key", ["none", "test", "model", "lm-studio", "not-needed", "x", "sk"])
def test_words_stay_whole_whatever_the_key(server: ModelServer, connect: Connect, key: str) -> None:
    words = "The test of the model says that none is needed, nor an API key provided by lm-studio"
    server.script("400", message=words)
    with pytest.raises(PermanentError) as caught:
        list(connect(key=key).stream(ask("most=openai:900")))

    assert words in caught.value.detail


def test_a_short_question_does_not_hide_a_reason(server: ModelServer, chat: OpenAIChat) -> None:
    server.script("400", message="The latest request has a wrong seed")
    with pytest.raises(PermanentError) as caught:
        list(chat.stream(ask("most=openai:900", [("user", "test")])))

    assert "wrong seed" in caught.value.detail


def test_an_answer_may_end_without_a_reason_if_they_always_do(
    server: ModelServer, chat: OpenAIChat
) -> None:
    for _ in range(3):
        server.script("done_only")
        stream = chat.stream(ask("most=openai:900"))
        assert "".join(stream) == ANSWER
        assert stream.finish_reason == "stop"


def test_an_answer_without_a_reason_is_cut_where_others_have_one(
    server: ModelServer, chat: OpenAIChat
) -> None:
    for _ in range(2):
        list(chat.stream(ask("most=openai:900")))
    for _ in range(2):
        server.script("done_only")
        with pytest.raises(TransientError) as caught:
            list(chat.stream(ask("most=openai:900")))
        assert caught.value.code == "model_stream_cut"

    server.script("done_only")
    assert "".join(chat.stream(ask("most=openai:900"))) == ANSWER, "the server has changed"


def test_nothing_at_all_is_no_answer(server: ModelServer, chat: OpenAIChat) -> None:
    server.script("done_only", deltas=[])
    with pytest.raises(TransientError):
        list(chat.stream(ask("most=openai:900")))


def test_a_content_in_parts(server: ModelServer, chat: OpenAIChat) -> None:
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}
    server.script(
        deltas=[
            {"content": [thought]},
            {"content": [{"type": "text", "text": "Ye"}, "s", {"type": "reference", "ids": [1]}]},
            {"content": {"type": "text", "text": "."}},
            {"content": [None, 7, [[[["deep"]]]], {"type": "text"}]},
        ]
    )

    stream = chat.stream(ask("most=openai:900"))

    assert "".join(stream) == "Yes."


def test_characters_that_are_cut_in_the_middle(server: ModelServer, chat: OpenAIChat) -> None:
    server.script(
        deltas=[
            {"content": "So \ud83d"},
            {"reasoning": "\ud83d"},
            {"content": "\ude00 it"},
            {"content": " is \ud83d"},
        ]
    )

    pieces = list(chat.stream(ask("most=openai:900")).pieces())

    said = "".join(piece.text for piece in pieces if isinstance(piece, Text))
    assert said == "So \U0001f600 it is \ufffd"
