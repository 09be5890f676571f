"""Embedding by a server: what it may answer, and what becomes of that."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.adapters.embedding import locate
from assistant.adapters.endpoint.model import MARKS, EndpointModel, Limits
from assistant.adapters.endpoint.tokens import ByteBound
from assistant.adapters.model_access import ModelAccess, endpoint_access
from assistant.adapters.provided import Adapters
from assistant.config import Settings, read_settings
from assistant.errors import PermanentError, TransientError
from tests.doubles.embeddings_server import EmbeddingsServer, vector

TEXTS = ["a grey cat", "the supply boat", "whale oil"]


@pytest.fixture
def server() -> Iterator[EmbeddingsServer]:
    """Serve embeddings."""
    with EmbeddingsServer() as server:
        yield server


def made(server: EmbeddingsServer, **limits: Any) -> EndpointModel:
    """Return the model behind the server."""
    values = {"window": 512, "batch": 32, "seconds": 5.0, **limits}
    return EndpointModel("endpoint:m", "m", ModelAccess(server.url, "key-1"), Limits(**values))


def expected(texts: list[str], dimensions: int = 64) -> np.ndarray[Any, Any]:
    rows = np.array([vector(text, dimensions) for text in texts], np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize("knows_base64", [True, False])
def test_vectors_come_in_order_and_of_length_one(
    server: EmbeddingsServer, knows_base64: bool
) -> None:
    server.knows_base64 = knows_base64
    model = made(server)
    found = model.embed(TEXTS)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected(TEXTS), atol=1e-6)
    assert model.dimensions == 64
    assert server.keys == ["Bearer key-1"]
    assert server.requests[0]["model"] == "m"
    assert model.embed([]).shape == (0, 64)


def test_the_first_call_tells_the_dimensions(server: EmbeddingsServer) -> None:
    assert made(server).dimensions == 64
    assert len(server.requests) == 1


def test_one_that_knows_no_base64_is_asked_for_numbers(server: EmbeddingsServer) -> None:
    server.plan((400, "encoding_format must be 'float'"))
    model = made(server)
    np.testing.assert_allclose(model.embed(TEXTS), expected(TEXTS), atol=1e-6)
    model.embed(TEXTS)
    assert [r["encoding_format"] for r in server.requests] == ["base64", "float", "float"]


def test_batches_are_bounded(server: EmbeddingsServer) -> None:
    texts = [f"text {number}" for number in range(70)] + ["", "x" * 60_000, "y" * 60_000]
    found = made(server, batch=32).embed(texts)
    assert [len(request["input"]) for request in server.requests] == [32, 32, 8, 1]
    assert "" not in server.texts
    np.testing.assert_allclose(found[:70], expected(texts[:70]), atol=1e-6)


@pytest.mark.parametrize(
    ("plan", "code", "counted"),
    [
        ((429, "slow down"), "embedding_rate_limited", False),
        ((503, "loading"), "embedding_rate_limited", False),
        ((500, "oops"), "embedding_unavailable", True),
        ("close", "embedding_unreachable", False),
        ("fewer", "embedding_bad_answer", True),
        ("nan", "embedding_bad_answer", True),
        ("zero", "embedding_bad_answer", True),
        ("words", "embedding_bad_answer", True),
        ("ragged", "embedding_bad_answer", True),
        ("twice", "embedding_bad_answer", True),
        ("page", "embedding_bad_answer", True),
        ("flood", "embedding_bad_answer", True),
        ("slow", "embedding_timeout", True),
        ("drip", "embedding_timeout", True),
    ],
)
def test_what_may_pass_is_tried_again(
    server: EmbeddingsServer, plan: Any, code: str, counted: bool
) -> None:
    model = made(server, seconds=1.0, batch=3)
    server.plan(plan)
    began = time.monotonic()
    with pytest.raises(TransientError) as caught:
        model.embed(TEXTS)
    assert (caught.value.code, caught.value.counted) == (code, counted)
    assert time.monotonic() - began < 4
    assert len(server.requests) == 1
    np.testing.assert_allclose(model.embed(TEXTS), expected(TEXTS), atol=1e-6)


def test_a_server_that_says_when_is_asked_then(server: EmbeddingsServer) -> None:
    server.plan((429, "slow down", {"Retry-After": "17"}))
    with pytest.raises(TransientError) as caught:
        made(server).embed(TEXTS)
    assert caught.value.retry_after == 17


@pytest.mark.parametrize(
    ("plan", "code", "words"),
    [
        ((401, "no"), "embedding_credentials", "EMBEDDING_API_KEY"),
        ((404, "no such model"), "embedding_model_unavailable", "EMBEDDING_MODEL"),
        ((402, "pay"), "embedding_quota_spent", "credit"),
        ((413, "too large"), "embedding_too_long", "EMBEDDING_WINDOW"),
        ((400, "maximum context length is 8"), "embedding_too_long", "EMBEDDING_WINDOW"),
        ((400, "no idea"), "embedding_rejected", "no idea"),
        ((400, "bad input: the supply boat of texts"), "embedding_rejected", "rejected"),
    ],
)
def test_what_stays_wrong_says_what_to_do(
    server: EmbeddingsServer, plan: Any, code: str, words: str
) -> None:
    server.plan(plan)
    with pytest.raises(PermanentError) as caught:
        made(server).embed(["the supply boat of texts"])
    assert not isinstance(caught.value, TransientError)
    assert caught.value.code == code
    assert words in caught.value.detail
    assert "supply boat" not in caught.value.detail


def test_another_dimension_is_another_model(server: EmbeddingsServer) -> None:
    model = made(server)
    model.embed(TEXTS)
    server.plan(32)
    with pytest.raises(PermanentError, match=r"32 numbers, and of 64 before") as caught:
        model.embed(TEXTS)
    assert caught.value.code == "embedding_wrong_dimension"


def test_nobody_there(server: EmbeddingsServer) -> None:
    limits = Limits(window=512, batch=32, seconds=5)
    model = EndpointModel("endpoint:m", "m", ModelAccess("http://127.0.0.1:9/v1", ""), limits)
    with pytest.raises(TransientError, match="cannot be reached") as caught:
        model.embed(TEXTS)
    assert not caught.value.counted


def test_a_forked_process_has_connections_of_its_own(server: EmbeddingsServer) -> None:
    model = made(server)
    model.embed(TEXTS)
    child = os.fork()
    if child == 0:
        os._exit(0 if model.embed(TEXTS).shape == (3, 64) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert model.embed(TEXTS).shape == (3, 64)


@pytest.mark.skipif(locate("all-MiniLM-L6-v2") is None, reason="needs the bundled model")
def test_bytes_are_never_fewer_than_tokens(server: EmbeddingsServer) -> None:
    folder = locate("all-MiniLM-L6-v2")
    exact = made(server, tokenizer=folder)
    texts = [
        "Hello, world.",
        "Größe",
        "本合同自双方签字之日起生效",
        "한국어 안개",
        "🙂👩‍👩‍👧",
        "ﷺ ½ ﬃ",
        "",
        "\n",
    ]
    bounds, tokens = ByteBound().locate(texts), exact.locate_tokens(texts)
    for text, bound, found in zip(texts, bounds, tokens, strict=True):
        assert len(bound) >= len(found)
        assert len(bound) >= len(text.encode())
        assert (np.diff(bound) >= 0).all()
        assert not len(bound) or bound[-1] < len(text)
    assert len(tokens[0]) == 4
    assert made(server).window == 512 - MARKS


def test_a_tokenizer_that_is_none_is_named(server: EmbeddingsServer, tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match=r"EMBEDDING_TOKENIZER: .* is no tokenizer\.json"):
        made(server, tokenizer=tmp_path).locate_tokens(["text"])


def settings(**values: Any) -> Settings:
    return read_settings(embedding_api_key="new", embedding_former_api_key="old", **values)


def test_each_key_is_shown_to_its_own_server() -> None:
    here = settings(embedding_base_url="https://user:pass@a.example/v1")
    assert endpoint_access(here, None).key == "new"
    today = endpoint_access(here, "https://a.example/v1")
    assert (today.key, today.url) == ("new", "https://user:pass@a.example/v1")
    assert endpoint_access(here, "https://b.example/v1").key == "old"
    gone = settings()
    assert endpoint_access(gone, "https://a.example/v1").key == "old"
    with pytest.raises(PermanentError, match="EMBEDDING_BASE_URL"):
        endpoint_access(gone, None)


def test_the_settings_choose(server: EmbeddingsServer) -> None:
    adapters = Adapters(settings(embedding_base_url=server.url, embedding_model="m"))
    assert adapters.embedding_model.name == "endpoint:m"
    assert adapters.encoder("endpoint:m", server.url) is adapters.embedding_model
    assert adapters.encoder("endpoint:other", server.url).embed(TEXTS).shape == (3, 64)
    assert server.requests[-1]["model"] == "other"
    assert adapters.encoder("all-MiniLM-L6-v2").name == "all-MiniLM-L6-v2"
