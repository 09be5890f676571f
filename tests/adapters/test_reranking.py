"""Asking a reranker: both shapes, and what it may do without harm."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from assistant.adapters import reranking
from assistant.adapters.model_access import ModelAccess
from assistant.adapters.reranking import RerankServer, order_of
from assistant.errors import TransientError
from tests.doubles import rerank_server

PASSAGES = ["The ferry leaves at noon.", "Bread is baked.", "The ferry to the island leaves."]


@pytest.fixture(params=[False, True], ids=["documents", "texts"])
def server(request: pytest.FixtureRequest) -> Iterator[rerank_server.RerankServer]:
    """Serve a reranker of either shape."""
    with rerank_server.RerankServer(takes_texts=request.param) as server:
        server.words = ("island", "ferry")
        yield server


def client(url: str, model: str | None = "ranker", key: str = "", seconds: float = 5.0) -> Any:
    """Return a client of a server."""
    return RerankServer(ModelAccess(url, key), model, seconds)


def test_passages_come_in_the_order_of_their_scores(server: rerank_server.RerankServer) -> None:
    reranker = client(f"{server.url}/v1/", key="secret")
    assert reranker.order("To the island?", PASSAGES) == [2, 0, 1]
    sent = server.requests[-1]
    assert sent["query"] == "To the island?"
    assert sent["model"] == "ranker"
    assert sent["texts" if server.takes_texts else "documents"] == PASSAGES
    assert set(server.paths) == {"/v1/rerank"}
    assert set(server.keys) == {"Bearer secret"}
    assert not reranker.is_resting


def test_the_shape_is_found_out_once(server: rerank_server.RerankServer) -> None:
    reranker = client(f"{server.url}/rerank", model=None)
    for _ in range(3):
        reranker.order("To the island?", PASSAGES)
    assert len(server.requests) == 3 + server.takes_texts
    assert set(server.paths) == {"/rerank"}
    assert all("model" not in sent for sent in server.requests)


def test_no_key_is_sent_where_there_is_none(server: rerank_server.RerankServer) -> None:
    client(server.url).order("Ferry?", PASSAGES)
    assert set(server.keys) == {None}


def test_a_connection_that_was_closed_meanwhile_is_made_anew(
    server: rerank_server.RerankServer,
) -> None:
    reranker = client(server.url)
    reranker.order("Ferry?", PASSAGES)
    server.plans.append("drop")
    assert reranker.order("To the island?", PASSAGES) == [2, 0, 1]


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (500, "answered with 500"),
        (429, "answered with 429"),
        (401, "refused the key; check RERANK_API_KEY"),
        (b"<html>", "no JSON"),
        ({"data": []}, "no list of results"),
        ([1], "no index or no score"),
        ([{"index": 0}], "no index or no score"),
        ([{"index": "0", "score": 1}], "no index or no score"),
        ([{"index": True, "score": 1}], "no index or no score"),
        (b'[{"index": 0, "score": NaN}]', "a score that is no number"),
        ([{"index": 3, "score": 1}], "did not say which passage"),
        ([{"index": -1, "score": 1}], "did not say which passage"),
        ([{"index": 0, "score": 1}] * 2, "did not say which passage"),
        (b" " * (reranking.MOST_BYTES + 1), "sent more than any order takes"),
    ],
)
def test_what_cannot_be_used_is_told_and_then_left_alone(
    server: rerank_server.RerankServer, plan: Any, said: str
) -> None:
    reranker = client(server.url)
    reranker.order("Ferry?", PASSAGES)
    server.plans.append(plan)
    with pytest.raises(TransientError, match=said) as caught:
        reranker.order("Ferry?", PASSAGES)
    assert server.url in caught.value.detail
    assert "Check RERANK_URL" in caught.value.detail
    assert reranker.is_resting


@pytest.mark.parametrize("behaviour", ["hang", "drip"])
def test_nobody_waits_longer_than_is_allowed(
    server: rerank_server.RerankServer, behaviour: str
) -> None:
    reranker = client(server.url, seconds=0.3)
    server.plans.append(behaviour)
    begun = time.monotonic()
    with pytest.raises(TransientError, match=r"within 0\.3 s"):
        reranker.order("Ferry?", PASSAGES)
    assert time.monotonic() - begun < 3


def test_who_is_away_is_told_at_once() -> None:
    with rerank_server.RerankServer() as server:
        url = server.url
    with pytest.raises(TransientError, match="cannot be reached"):
        client(url).order("Ferry?", PASSAGES)


def test_a_key_that_no_header_can_hold_is_told(server: rerank_server.RerankServer) -> None:
    with pytest.raises(TransientError, match="cannot be sent this key"):
        client(server.url, key="schlüssel☃").order("Ferry?", PASSAGES)


def test_it_rests_for_a_while_only(
    server: rerank_server.RerankServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reranking, "REST_SECONDS", 0.0)
    reranker = client(server.url)
    server.plans.append(500)
    with pytest.raises(TransientError):
        reranker.order("Ferry?", PASSAGES)
    assert not reranker.is_resting
    assert reranker.order("To the island?", PASSAGES) == [2, 0, 1]


def test_passages_without_a_score_come_last_as_they_were() -> None:
    assert order_of({"results": [{"index": 2, "relevance_score": -3}]}, 4) == [2, 0, 1, 3]
    equal = [{"index": 1, "score": 0}, {"index": 0, "score": 0}]
    assert order_of(equal, 2) == [0, 1]
