"""Legacy completions: passed on, or made of chats where the server has none."""

from typing import Any

from tests.api.openai.conftest import events_of
from tests.conftest import User
from tests.doubles.raw_server import RawServer, delta, message
from tests.factories import assert_openai_error

LEGACY, CHAT = "/v1/completions", "/v1/chat/completions"


def complete(user: User, /, **members: Any) -> Any:
    asked = {"model": "scripted-model", "prompt": "Once", **members}
    return user.openai("POST", "/completions", json=asked)


def text_chunk(text: str, finish: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "text": text, "finish_reason": finish}]}


def test_a_server_that_has_them_gets_all(user: User, provider: RawServer) -> None:
    said = {"choices": [{"text": " upon", "index": 0, "finish_reason": "stop"}], "x": 1}
    provider.answer(said, path=LEGACY)
    answer = complete(user, prompt=[1, 2], suffix="!", best_of=2, user=None).get_json()
    assert answer["object"] == "text_completion"
    assert answer["id"]
    assert answer["x"] == 1
    assert answer["choices"] == said["choices"]
    [asked] = provider.requests
    assert asked.body == {
        "model": "scripted-model",
        "prompt": [1, 2],
        "suffix": "!",
        "best_of": 2,
        "stream": False,
    }


def test_its_stream_is_passed_on(user: User, provider: RawServer) -> None:
    provider.stream(text_chunk(" up"), text_chunk("on", "stop"), "[DONE]", path=LEGACY)
    *chunks, done = events_of(complete(user, stream=True))
    assert "".join(chunk["choices"][0]["text"] for chunk in chunks) == " upon"
    assert len({chunk["id"] for chunk in chunks}) == 1
    assert {chunk["object"] for chunk in chunks} == {"text_completion"}
    assert done == "[DONE]"


def test_else_each_prompt_is_a_chat(user: User, provider: RawServer) -> None:
    for text in (" upon", " more"):
        provider.answer(message(content=text), path=CHAT)
    answer = complete(user, prompt=["Once", "Twice"], echo=True, max_tokens=5).get_json()
    assert [choice["text"] for choice in answer["choices"]] == ["Once upon", "Twice more"]
    assert [choice["index"] for choice in answer["choices"]] == [0, 1]
    assert answer["usage"] == {"prompt_tokens": 2, "completion_tokens": 4, "total_tokens": 6}
    assert [asked.path for asked in provider.requests] == [LEGACY, CHAT, CHAT]
    assert provider.requests[1].body == {
        "model": "scripted-model",
        "messages": [{"role": "user", "content": "Once"}],
        "max_tokens": 5,
        "stream": False,
    }
    # It is not asked again whether it has them.
    provider.stream(delta(" up"), delta("on", "stop"), "[DONE]", path=CHAT)
    *chunks, done = events_of(complete(user, stream=True))
    assert "".join(chunk["choices"][0]["text"] for chunk in chunks) == " upon"
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert done == "[DONE]"
    assert provider.requests[-1].path == CHAT


def test_what_a_chat_cannot_do_is_said(user: User, provider: RawServer) -> None:
    for members, parameter in (
        ({"prompt": [1, 2]}, "prompt"),
        ({"prompt": [[1]]}, "prompt"),
        ({"suffix": "!"}, "suffix"),
        ({"logprobs": 5}, "logprobs"),
        ({"prompt": ["x"] * 21}, "prompt"),
        ({"prompt": None}, "prompt"),
        ({"prompt": {"a": 1}}, "prompt"),
    ):
        error = assert_openai_error(complete(user, **members), 400)
        assert error["param"] == parameter


def test_a_model_that_is_not_there_is_no_path_that_is_not_there(
    user: User, provider: RawServer
) -> None:
    provider.answer({"error": {"message": "The model is gone."}}, 404, path=LEGACY)
    error = assert_openai_error(complete(user), 404)
    assert error["code"] == "model_not_found"
