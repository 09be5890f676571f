"""Search: asked of a worker through Redis, and an honest 503 when nobody answers."""

import base64
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

import workers.search
from assistant.adapters.cache import connect
from assistant.extensions import adapters, settings
from assistant.services import jobs
from assistant.services.retrieval import exact
from assistant.services.retrieval.search import SEARCH
from tests.conftest import User
from tests.factories import assert_problem, upload

KEYS = {"document_id", "generation", "filename", "page", "start", "end", "text", "headings"}
KEYS |= {"table_header", "score", "dense", "lexical", "found"}


@pytest.fixture
def search_worker(app: Flask) -> Iterator[list[dict[str, Any]]]:
    """Answer one search as a worker would; give the headers of the message that came."""
    seen: list[dict[str, Any]] = []
    url = settings.redis_url

    def work() -> None:
        client = connect(url, read_timeout=30)
        found = client.brpop(["search"], timeout=20)
        client.close()
        assert found is not None
        message = json.loads(found[1])
        seen.append(message["headers"])
        arguments, *_ = json.loads(base64.b64decode(message["body"]))
        workers.search.run(*arguments)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield seen
    thread.join(20)
    assert not thread.is_alive()


def indexed(user: User, text: str) -> str:
    accepted = upload(user, text)
    jobs.run(accepted["id"])
    document_id: str = accepted["document_id"]
    return document_id


def test_the_nearest_passages_come_back_with_their_place(
    user: User, other_user: User, search_worker: list[dict[str, Any]]
) -> None:
    wanted = indexed(user, "The ferry to the island leaves at noon. 😀")
    indexed(user, "Bread is baked from flour, water and salt.")
    indexed(other_user, "The ferry to the island leaves at noon, says somebody else.")
    response = user.post("/search", json={"query": "When does the ship leave?", "limit": 1})
    assert response.status_code == 200, response.text
    (hit,) = response.get_json()
    assert set(hit) == KEYS
    assert hit["document_id"] == wanted
    text = user.get(f"/documents/{wanted}/text?start={hit['start']}&end={hit['end']}").get_json()
    assert text["text"] == hit["text"]
    assert 0 < hit["score"] <= 1
    # What people search for does not show in the task monitor.
    assert "ship" not in json.dumps(search_worker)


def test_a_search_stays_in_the_documents_that_it_names(
    user: User, search_worker: list[dict[str, Any]]
) -> None:
    indexed(user, "The ferry leaves at noon.")
    named = indexed(user, "Bread is baked from flour.")
    body = {"query": "When does the ferry leave?", "document_ids": [named]}
    assert [h["document_id"] for h in user.post("/search", json=body).get_json()] == [named]


@pytest.mark.parametrize(
    ("narrowed", "found"),
    [
        ({}, {"ferry.md", "bread.txt"}),
        ({"media_types": ["text/markdown"]}, {"ferry.md"}),
        ({"media_types": ["application/pdf"]}, set()),
        ({"heading": "TIMETABLE"}, {"ferry.md"}),
        ({"heading": "été"}, {"ferry.md"}),
        ({"heading": "winter"}, set()),
        ({"created_after": "2000-01-01T00:00:00Z"}, {"ferry.md", "bread.txt"}),
        ({"created_after": "2999-01-01T00:00:00"}, set()),
        ({"created_before": "2999-01-01T00:00:00+02:00"}, {"ferry.md", "bread.txt"}),
        ({"created_before": "2000-01-01T00:00:00Z"}, set()),
    ],
)
def test_a_search_can_be_narrowed(
    user: User, search_worker: list[dict[str, Any]], narrowed: dict[str, Any], found: set[str]
) -> None:
    for name, text in (
        ("ferry.md", "# Timetable of the ÉTÉ\n\nThe ferry leaves at noon."),
        ("bread.txt", "Bread is baked from flour before the ferry leaves."),
    ):
        jobs.run(user.upload(name, text.encode()).get_json()["id"])
    response = user.post("/search", json={"query": "When does the ferry leave?", **narrowed})
    assert response.status_code == 200, response.text
    assert {hit["filename"] for hit in response.get_json()} == found


@pytest.mark.parametrize(
    ("narrowed", "field", "said"),
    [
        ({"media_types": ["pdf"]}, "media_types", "Must be one of: "),
        ({"created_after": "yesterday"}, "created_after", "Not a valid"),
        (
            {"created_after": "2026-01-02T00:00:00Z", "created_before": "2026-01-01T00:00:00Z"},
            "created_before",
            "Must be later than created_after.",
        ),
        ({"heading": " "}, "heading", "Must not be blank."),
        ({"headings": "x"}, "headings", "Unknown field."),
    ],
)
def test_what_cannot_narrow_a_search_is_explained(
    user: User, narrowed: dict[str, Any], field: str, said: str
) -> None:
    response = user.post("/search", json={"query": "ferry", **narrowed})
    assert_problem(response, 422)
    assert field in response.text
    assert said in response.text


def test_without_documents_nothing_is_found(
    user: User, search_worker: list[dict[str, Any]]
) -> None:
    assert user.post("/search/", json={"query": "Anything?"}).get_json() == []


def test_what_belongs_to_another_is_not_searched(user: User, other_user: User) -> None:
    foreign = upload(other_user)["document_id"]
    collection = other_user.get(f"/documents/{foreign}").get_json()["collection_id"]
    for named in ({"document_ids": [foreign]}, {"collection_ids": [collection]}):
        assert_problem(user.post("/search", json={"query": "x", **named}), 404)


def test_what_goes_wrong_in_a_search_is_told_at_once(
    user: User,
    search_worker: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    timed: Callable[..., Any],
) -> None:
    def fail(*_: object) -> None:
        raise ImportError("the inner secret")

    monkeypatch.setattr("assistant.services.retrieval.search.find", fail)
    # Loaded before, so that nothing is measured but the search.
    adapters.embedding_model.embed([""])
    response = timed(lambda: user.post("/search", json={"query": "Anything?"}), 3.0)
    assert_problem(response, 500)
    assert "worker's log" in response.get_json()["detail"]
    assert "secret" not in response.text


@pytest.mark.parametrize("body", [{}, {"query": ""}, {"query": "x" * 2001}, {"query": "  "}])
def test_a_search_for_nothing_is_refused(user: User, body: dict[str, str]) -> None:
    assert_problem(user.post("/search", json=body), 422)


@pytest.mark.parametrize("limit", [0, 101, "5", 2.5, None])
def test_a_bad_limit_is_refused(user: User, limit: object) -> None:
    assert_problem(user.post("/search", json={"query": "x", "limit": limit}), 422)


def test_no_worker_is_a_503(
    user: User, another_app: Callable[..., Flask], timed: Callable[..., Any]
) -> None:
    client = another_app(search_timeout=0.2).test_client()
    body = {"json": {"query": "Anybody?"}, "headers": user.headers}
    response = timed(lambda: client.post("/api/v1/search", **body), 2.0)
    assert_problem(response, 503)
    assert int(response.headers["Retry-After"]) > 0


def test_no_redis_is_a_503_and_quickly(
    user: User, another_app: Callable[..., Flask], timed: Callable[..., Any]
) -> None:
    client = another_app(redis_url="redis://127.0.0.1:1/0").test_client()
    body = {"json": {"query": "Anybody?"}, "headers": user.headers}
    response = timed(lambda: client.post("/api/v1/search", **body), 1.0)
    assert_problem(response, 503)
    assert int(response.headers["Retry-After"]) > 0


def line_of(user: User) -> str:
    return SEARCH.line(uuid.UUID(user.get("/users/me").get_json()["id"]))


def test_of_one_user_only_some_searches_wait_at_once(user: User, other_user: User) -> None:
    with connect(settings.redis_url) as client:
        client.zadd(line_of(user), {str(n): time.time() + 5 for n in range(SEARCH.most)})
        refused = user.post("/search", json={"query": "Anything?"})
        assert_problem(refused, 429)
        assert refused.headers["Retry-After"] == "1"
        assert client.zcard(line_of(user)) == SEARCH.most


def test_another_user_is_not_kept_from_searching(
    user: User, other_user: User, search_worker: list[dict[str, Any]]
) -> None:
    with connect(settings.redis_url) as client:
        client.zadd(line_of(other_user), {str(n): time.time() + 5 for n in range(SEARCH.most)})
        assert user.post("/search", json={"query": "Anything?"}).status_code == 200
        assert client.zcard(line_of(user)) == 0


def test_places_of_a_process_that_died_become_free(
    user: User, search_worker: list[dict[str, Any]]
) -> None:
    with connect(settings.redis_url) as client:
        client.zadd(line_of(user), {str(n): time.time() - 1 for n in range(SEARCH.most)})
    assert user.post("/search", json={"query": "Anything?"}).status_code == 200


def test_a_search_that_had_no_time_for_all_says_so(
    user: User, search_worker: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exact, "BLOCK_BYTES", 1)
    monkeypatch.setattr(exact, "SHARE", 0)
    indexed(user, "The ferry leaves at noon.")
    wanted = indexed(user, "Bread is baked from flour.")
    response = user.post("/search", json={"query": "flour"})
    assert [hit["document_id"] for hit in response.get_json()] == [wanted]
    assert response.headers["Search-Partial"] == "compared=1, chunks=2"


def test_a_search_that_compared_all_says_nothing_of_that(
    user: User, search_worker: list[dict[str, Any]]
) -> None:
    indexed(user, "The ferry leaves at noon.")
    response = user.post("/search", json={"query": "ferry"})
    assert len(response.get_json()) == 1
    assert "Search-Partial" not in response.headers
