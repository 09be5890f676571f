"""What OpenAI's clients use up counts as everything else."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from assistant.services import jobs
from tests.conftest import User
from tests.doubles.model_server import ModelServer
from tests.doubles.raw_server import RawServer
from tests.factories import assert_openai_error


def test_a_response_reserves_tokens_until_it_has_used_them_up(
    user: User, model_server: ModelServer
) -> None:
    model_server.reset()
    body = {"input": "How are you?", "max_output_tokens": 100, "background": True}
    made = user.openai("POST", "/responses", json=body).get_json()
    day = user.get("/usage").get_json()["limits"]["tokens_per_day"]
    assert 100 < day["reserved"] < 200
    jobs.run(made["id"].removeprefix("resp_"))
    after = user.get("/usage").get_json()
    assert after["limits"]["tokens_per_day"]["reserved"] == 0
    [used] = after["days"]
    told = user.openai("GET", f"/responses/{made['id']}").get_json()["usage"]
    assert used["total_tokens"] == told["total_tokens"] > 0
    assert used["estimated_tokens"] == 0


def test_a_response_for_which_there_are_no_tokens_is_refused(user: User, admin: User) -> None:
    limits = {"limits": {"tokens_per_day": 50}}
    assert admin.patch(f"/users/{user.id}", json=limits).status_code == 200
    body = {"input": "How are you?", "max_output_tokens": 100}
    error = assert_openai_error(user.openai("POST", "/responses", json=body), 429)
    assert (error["type"], error["code"]) == ("rate_limit_error", "insufficient_quota")


CHAT = {"model": "scripted-model", "messages": [{"role": "user", "content": "How are you?"}]}


def total(user: User, model: str) -> tuple[int, int]:
    """Return what was used up of a model, and how much of that is estimated."""
    days = [day for day in user.get("/usage").get_json()["days"] if day["model"] == model]
    return sum(d["total_tokens"] for d in days), sum(d["estimated_tokens"] for d in days)


@pytest.mark.parametrize("path", ["/chat/completions", "/completions"])
def test_what_is_passed_on_is_counted(user: User, model_server: ModelServer, path: str) -> None:
    model_server.reset()
    body = CHAT if "chat" in path else {"model": "scripted-model", "prompt": "How are you?"}
    told = user.openai("POST", path, json=body).get_json()["usage"]["total_tokens"]
    assert total(user, "scripted-model") == (told, 0)
    streamed = user.openai("POST", path, json={**body, "stream": True})
    assert "[DONE]" in streamed.text
    assert total(user, "scripted-model")[0] > told


def test_an_answer_without_figures_is_estimated(user: User, provider: RawServer) -> None:
    said = {"choices": [{"message": {"content": "I am well."}, "finish_reason": "stop"}]}
    provider.answer(said)
    assert user.openai("POST", "/chat/completions", json=CHAT).status_code == 200
    used, estimated = total(user, "scripted-model")
    assert used == estimated > 5


def test_a_chat_for_which_there_are_no_tokens_is_refused(user: User, admin: User) -> None:
    limits = {"limits": {"tokens_per_day": 50}}
    assert admin.patch(f"/users/{user.id}", json=limits).status_code == 200
    error = assert_openai_error(user.openai("POST", "/chat/completions", json=CHAT), 429)
    assert (error["type"], error["code"]) == ("rate_limit_error", "insufficient_quota")
    short = {**CHAT, "max_tokens": 1}
    assert user.openai("POST", "/chat/completions", json=short).status_code == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/chat/completions", {**CHAT, "max_tokens": 3_000_000_000}),
        ("/chat/completions", {**CHAT, "n": 128, "max_tokens": 20_000_000}),
        ("/completions", {"prompt": "Hello.", "max_completion_tokens": "abc"}),
        ("/completions", {"prompt": [1, 2, 3]}),
        ("/embeddings", {"input": "Hello.", "messages": 5, "n": "x"}),
        ("/responses", {"input": "Hello.", "max_output_tokens": 2**31 - 1, "background": True}),
    ],
)
def test_odd_figures_are_no_errors_of_ours(
    user: User, model_server: ModelServer, path: str, body: dict[str, Any]
) -> None:
    model_server.reset()
    response = user.openai("POST", path, json={"model": "scripted-model", **body})
    assert response.status_code < 500, response.text


def test_no_figure_of_a_client_gets_round_a_quota(user: User, admin: User) -> None:
    limits = {"limits": {"tokens_per_day": 1}}
    assert admin.patch(f"/users/{user.id}", json=limits).status_code == 200
    less = {"model": "scripted-model", "prompt": "Hello.", "max_completion_tokens": -(10**9)}
    assert_openai_error(user.openai("POST", "/completions", json=less), 429)


def test_files_count_against_what_may_be_stored(user: User, admin: User) -> None:
    limits = {"limits": {"stored_bytes": 10, "documents": 1}}
    assert admin.patch(f"/users/{user.id}", json=limits).status_code == 200

    def upload(content: bytes) -> TestResponse:
        form = {"file": (io.BytesIO(content), "a.txt"), "purpose": "assistants"}
        return user.openai("POST", "/files", data=form)

    refused = upload(b"more than ten bytes")
    assert assert_openai_error(refused, 429)["code"] == "insufficient_quota"
    assert refused.headers["X-Should-Retry"] == "false"
    ids = [upload(text).get_json()["id"] for text in (b"one", b"two")]
    store = user.openai("POST", "/vector_stores", json={}).get_json()["id"]
    path = f"/vector_stores/{store}/file_batches"
    assert_openai_error(user.openai("POST", path, json={"file_ids": ids}), 429)
    assert user.openai("POST", path, json={"file_ids": ids[:1]}).status_code == 200


def test_a_model_that_is_not_there_costs_nothing(user: User, pointed: Callable[..., None]) -> None:
    pointed("http://127.0.0.1:9/v1")
    assert_openai_error(user.openai("POST", "/chat/completions", json=CHAT), 503)
    assert user.get("/usage").get_json()["days"] == []
