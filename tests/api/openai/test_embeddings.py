"""Embeddings: by our own model, in a worker, and by those of the provider."""

import base64
import json
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from flask import Flask

import workers.embeddings
from assistant.adapters.cache import connect
from assistant.extensions import adapters, settings
from assistant.services.retrieval import given_texts
from tests.conftest import User
from tests.doubles.raw_server import RawServer
from tests.factories import assert_openai_error

OWN = "all-MiniLM-L6-v2"


@pytest.fixture
def worker(app: Flask) -> Iterator[list[list[str]]]:
    """Answer as a worker would; give the texts of each message."""
    seen: list[list[str]] = []
    url, end = settings.redis_url, threading.Event()

    def work() -> None:
        client = connect(url, read_timeout=30)
        while not end.is_set():
            found = client.brpop(["search"], timeout=0.2)
            if found is None:
                continue
            message = json.loads(found[1])
            (call_id, request), *_ = json.loads(base64.b64decode(message["body"]))
            seen.append(request["texts"])
            with app.app_context():
                workers.embeddings.run(call_id, request)
        client.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield seen
    end.set()
    thread.join(20)
    assert not thread.is_alive()


def embed(user: User, given: Any, model: str = OWN, /, **members: Any) -> Any:
    body = {"model": model, "input": given, **members}
    return user.openai("POST", "/embeddings", json=body)


def vectors(response: Any) -> Any:
    assert response.status_code == 200, response.text
    rows = response.get_json()["data"]
    assert [row["index"] for row in rows] == list(range(len(rows)))
    assert {row["object"] for row in rows} == {"embedding"}
    found = [row["embedding"] for row in rows]
    if isinstance(found[0], str):
        found = [np.frombuffer(base64.b64decode(row), "<f4") for row in found]
    return np.array(found, np.float32)


def test_texts_become_unit_vectors_in_their_order(user: User, worker: list[list[str]]) -> None:
    texts = [f"text number {number}" for number in range(70)]
    response = embed(user, texts)
    found = vectors(response)
    assert found.shape == (70, 384)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert np.allclose(found, adapters.embedding_model.embed(texts), atol=2e-3)
    # A search may come between.
    assert [len(batch) for batch in worker] == [32, 32, 6]
    answer = response.get_json()
    assert answer["object"] == "list"
    assert answer["model"] == OWN
    tokens = sum(len(found) for found in adapters.embedding_model.locate_tokens(texts))
    assert answer["usage"] == {"prompt_tokens": tokens, "total_tokens": tokens}


def test_both_formats_say_the_same(user: User, worker: list[list[str]]) -> None:
    floats = vectors(embed(user, "ferry", encoding_format="float"))
    packed = vectors(embed(user, ["ferry"], encoding_format="base64", dimensions=384, user=None))
    assert np.array_equal(floats, packed)


@pytest.mark.parametrize("model", [f"sentence-transformers/{OWN}", "text-embedding-3-small"])
def test_other_names_of_the_same(user: User, worker: list[list[str]], model: str) -> None:
    assert embed(user, "x", model).get_json()["model"] == OWN


def test_of_a_long_text_all_is_read(user: User, worker: list[list[str]]) -> None:
    long = "The ferry leaves at noon. " * 100 + "Tulips are grown in the north. " * 100
    whole, ferry, tulips = vectors(embed(user, [long, "ferry at noon", "tulips in the north"]))
    assert whole @ tulips > 0.3
    assert whole @ ferry > 0.3


@pytest.mark.parametrize(
    ("given", "members", "parameter"),
    [
        ("", {}, "input"),
        ([], {}, "input"),
        (["a", ""], {}, "input"),
        ([1, 2, 3], {}, "input"),
        ([[1, 2], [3]], {}, "input"),
        ({"a": 1}, {}, "input"),
        (["a", None], {}, "input"),
        ([True], {}, "input"),
        (["x"] * 2049, {}, "input"),
        ("x" * 300_000, {}, "input"),
        (None, {}, "input"),
        ("x", {"encoding_format": "hex"}, "encoding_format"),
        ("x", {"dimensions": 0}, "dimensions"),
    ],
)
def test_what_cannot_be_embedded(
    user: User, given: Any, members: dict[str, Any], parameter: str
) -> None:
    error = assert_openai_error(embed(user, given, **members), 400)
    assert error["param"] == parameter
    if given == [1, 2, 3]:
        assert "check_embedding_ctx_length=False" in error["message"]


def test_what_shows_in_the_worker_only(user: User, worker: list[list[str]]) -> None:
    error = assert_openai_error(embed(user, "x", dimensions=100), 400)
    assert error["param"] == "dimensions"
    assert "384" in error["message"]
    error = assert_openai_error(embed(user, ["x"] * 40 + ["a b " * 5000]), 400)
    assert "input[40]" in error["message"]


def test_a_model_that_nobody_has(user: User) -> None:
    error = assert_openai_error(embed(user, "x", "nothing"), 404)
    assert (error["code"], error["param"]) == ("model_not_found", "model")
    assert OWN in error["message"]


def test_a_model_of_the_provider_is_asked(user: User, provider: RawServer) -> None:
    provider.models = ["text-embedding-3-small"]
    rows = [{"index": 1, "embedding": [0.0]}, {"index": 0, "embedding": [1.0]}]
    provider.answer({"data": rows, "usage": {"prompt_tokens": 4, "total_tokens": 4}})
    response = embed(user, [[1, 2], [3]], "text-embedding-3-small", dimensions=1)
    assert vectors(response).tolist() == [[1.0], [0.0]]
    assert response.get_json()["usage"] == {"prompt_tokens": 4, "total_tokens": 4}
    [asked] = provider.requests
    assert asked.path == "/v1/embeddings"
    assert asked.body == {
        "model": "text-embedding-3-small",
        "input": [[1, 2], [3]],
        "dimensions": 1,
    }
    provider.answer({"error": {"message": "No."}}, 401)
    assert_openai_error(embed(user, "x", "text-embedding-3-small"), 502)


def test_our_own_model_can_be_read_and_is_not_listed(user: User) -> None:
    assert user.openai("GET", f"/models/{OWN}").get_json()["id"] == OWN
    listed = user.openai("GET", "/models").get_json()["data"]
    assert OWN not in {model["id"] for model in listed}


def test_no_worker(user: User, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    hasty = app.extensions["settings"].model_copy(update={"search_timeout": 0.2})
    monkeypatch.setitem(app.extensions, "settings", hasty)
    response = embed(user, "x")
    assert_openai_error(response, 503)
    assert response.headers["Retry-After"]


def test_a_batch_is_bounded_by_its_letters() -> None:
    texts = ["x" * 30_000, "y" * 30_000, "z", "w" * 60_000]
    assert [len(batch) for batch in given_texts._batches(texts)] == [1, 2, 1]
