"""Search in vector stores: filters by attributes hold before anything is ranked."""

import uuid
from typing import Any

import pytest

from assistant.errors import InvalidInput
from assistant.services.retrieval.attribute_filters import checked
from assistant.services.stores import searching
from assistant.services.stores.searching import Wanted
from tests.api.openai.stores import attach, call, in_store, indexed, make_store, upload, work_off
from tests.conftest import User
from tests.factories import assert_openai_error

Seen = list[dict[str, Any]]
TEXTS = {
    "kiel": ("The ferry from Kiel leaves at noon.", {"port": "Kiel", "year": 2024, "car": True}),
    "oslo": ("The ferry from Oslo leaves at nine.", {"port": "Oslo", "year": 2025, "car": False}),
    "riga": ("The ferry from Riga leaves at ten.", {"port": "Riga", "year": 2026.5}),
    "none": ("The ferry from nowhere never leaves.", None),
}


def search(user: User, store: dict[str, Any], **body: Any) -> dict[str, Any]:
    path = f"/vector_stores/{store['id']}/search"
    return call(user, "POST", path, json={"query": "When does the ferry leave?", **body})


def names(found: dict[str, Any]) -> set[str]:
    return {hit["filename"].removesuffix(".txt") for hit in found["data"]}


@pytest.fixture
def store(user: User) -> dict[str, Any]:
    """Return a store with four files."""
    made = make_store(user, name="Ferries")
    for name, (text, attributes) in TEXTS.items():
        attach(user, made, upload(user, text, f"{name}.txt"), attributes=attributes)
    work_off(user)
    return made


def one(kind: str, key: str, value: Any) -> dict[str, Any]:
    return {"type": kind, "key": key, "value": value}


def test_what_was_found_is_shown_as_openai_shows_it(
    user: User, store: dict[str, Any], search_worker: Seen
) -> None:
    found = search(user, store, query="At what time does the ferry leave Kiel?")
    assert found.keys() == {"object", "search_query", "data", "has_more", "next_page"}
    assert found["object"] == "vector_store.search_results.page"
    assert found["search_query"] == ["At what time does the ferry leave Kiel?"]
    assert (found["has_more"], found["next_page"]) == (False, None)
    best = found["data"][0]
    assert best.keys() == {"file_id", "filename", "score", "attributes", "content"}
    assert best["filename"] == "kiel.txt"
    assert best["attributes"] == TEXTS["kiel"][1]
    assert best["content"] == [{"type": "text", "text": TEXTS["kiel"][0]}]
    assert 0 < best["score"] <= 1
    scores = [hit["score"] for hit in found["data"]]
    assert scores == sorted(scores, reverse=True)
    assert in_store(user, store, {"id": best["file_id"]})["status"] == "completed"
    assert search_worker[0]["task"] == "search.run"


FILTERS = [
    (one("eq", "port", "Kiel"), {"kiel"}),
    (one("eq", "year", 2024), {"kiel"}),
    (one("eq", "year", 2024.0), {"kiel"}),
    (one("eq", "year", "2024"), set()),
    (one("eq", "car", True), {"kiel"}),
    (one("eq", "car", 1), set()),
    (one("ne", "port", "Kiel"), {"oslo", "riga", "none"}),
    (one("ne", "car", True), {"oslo", "riga", "none"}),
    (one("gt", "year", 2024), {"oslo", "riga"}),
    (one("gte", "year", 2024), {"kiel", "oslo", "riga"}),
    (one("lt", "year", 2025), {"kiel"}),
    (one("lte", "year", 2026.5), {"kiel", "oslo", "riga"}),
    (one("gt", "port", "Lima"), {"oslo", "riga"}),
    (one("gt", "port", 5), set()),
    (one("in", "port", ["Kiel", "Riga", "Rome"]), {"kiel", "riga"}),
    (one("in", "port", []), set()),
    (one("nin", "port", ["Kiel", "Riga"]), {"oslo", "none"}),
    (one("nin", "port", []), {"kiel", "oslo", "riga", "none"}),
    (one("eq", "no'such\"key", "x"), set()),
    (one("ne", "no such key", "x"), {"kiel", "oslo", "riga", "none"}),
    ({"type": "and", "filters": [one("eq", "car", True), one("lt", "year", 2025)]}, {"kiel"}),
    ({"type": "and", "filters": [one("eq", "car", True), one("gt", "year", 2025)]}, set()),
    (
        {"type": "or", "filters": [one("eq", "port", "Riga"), one("eq", "car", False)]},
        {"riga", "oslo"},
    ),
    (
        {
            "type": "and",
            "filters": [
                one("ne", "port", "Riga"),
                {"type": "or", "filters": [one("lt", "year", 2025), one("gt", "year", 2026)]},
            ],
        },
        {"kiel"},
    ),
]


def test_filters_hold_as_they_are_meant(
    user: User, store: dict[str, Any], search_worker: Seen
) -> None:
    for filters, expected in FILTERS:
        assert names(search(user, store, filters=filters)) == expected, filters
    assert {headers["task"] for headers in search_worker} == {"search.by_attributes"}


def test_filters_hold_before_anything_is_ranked(
    user: User, store: dict[str, Any], search_worker: Seen
) -> None:
    body = {"query": "When does the ferry from Kiel leave?", "max_num_results": 1}
    assert names(search(user, store, **body)) == {"kiel"}
    body["filters"] = one("eq", "port", "Riga")
    assert names(search(user, store, **body)) == {"riga"}


def test_changed_attributes_count_at_once(
    user: User, store: dict[str, Any], search_worker: Seen
) -> None:
    found = search(user, store, filters=one("eq", "port", "Riga"))
    file_id = found["data"][0]["file_id"]
    path = f"/vector_stores/{store['id']}/files/{file_id}"
    call(user, "POST", path, json={"attributes": {"port": "Tallinn"}})
    assert names(search(user, store, filters=one("eq", "port", "Riga"))) == set()
    found = search(user, store, filters=one("eq", "port", "Tallinn"))
    assert found["data"][0]["attributes"] == {"port": "Tallinn"}
    call(user, "DELETE", path)
    assert names(search(user, store, filters=one("eq", "port", "Tallinn"))) == set()


def test_limits_thresholds_and_several_queries(
    user: User, store: dict[str, Any], search_worker: Seen
) -> None:
    assert len(search(user, store, max_num_results=2)["data"]) == 2
    best = search(user, store, query="ferry Kiel")["data"][0]["score"]
    options = {"ranker": "auto", "score_threshold": best}
    found = search(user, store, query="ferry Kiel", ranking_options=options)
    assert names(found) == {"kiel"}
    options = {"ranker": "none", "score_threshold": 1.0}
    assert search(user, store, query="Bread?", ranking_options=options)["data"] == []
    both = search(user, store, query=["ferry Kiel", "ferry Oslo"], max_num_results=2)
    assert both["search_query"] == ["ferry Kiel", "ferry Oslo"]
    assert names(both) == {"kiel", "oslo"}


def test_null_counts_as_absent_in_a_search(
    user: User, store: dict[str, Any], search_worker: Seen
) -> None:
    nulls = dict.fromkeys(("filters", "max_num_results", "ranking_options", "rewrite_query"))
    assert len(search(user, store, **nulls)["data"]) == 4
    options = {"ranker": None, "score_threshold": None}
    assert len(search(user, store, ranking_options=options, rewrite_query=True)["data"]) == 4


def test_an_empty_store_has_nothing(user: User, search_worker: Seen) -> None:
    assert search(user, make_store(user))["data"] == []


def test_a_search_keeps_a_store_alive(
    user: User, store: dict[str, Any], search_worker: Seen
) -> None:
    native = make_store(user)
    search(user, native)
    assert call(user, "GET", f"/vector_stores/{native['id']}")["last_active_at"]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"query": None}, "query"),
        ({"query": ""}, "query"),
        ({"query": 5}, "query"),
        ({"query": []}, "query"),
        ({"query": ["a", 5]}, "query"),
        ({"query": ["a"] * 11}, "query"),
        ({"query": "x" * 4097}, "query"),
        ({"query": "a\0b"}, "query"),
        ({"max_num_results": 0}, "max_num_results"),
        ({"max_num_results": 51}, "max_num_results"),
        ({"max_num_results": "5"}, "max_num_results"),
        ({"ranking_options": {"score_threshold": 1.5}}, "ranking_options.score_threshold"),
        ({"filters": []}, "filters"),
        ({"filters": {}}, "filters.type"),
        ({"filters": one("like", "a", "b")}, "filters.type"),
        ({"filters": one("eq", "", "b")}, "filters.key"),
        ({"filters": {"type": "eq", "key": "a"}}, "filters.value"),
        ({"filters": one("eq", "a", ["b"])}, "filters.value"),
        ({"filters": one("eq", "a", "x" * 513)}, "filters.value"),
        ({"filters": one("eq", "a", "\0")}, "filters.value"),
        ({"filters": one("gt", "a", True)}, "filters.value"),
        ({"filters": one("in", "a", "b")}, "filters.value"),
        ({"filters": one("in", "a", [{}])}, "filters.value[0]"),
        ({"filters": {"type": "and"}}, "filters.filters"),
        ({"filters": {"type": "or", "filters": [5]}}, "filters.filters[0]"),
    ],
)
def test_what_is_wrong_with_a_search_is_named(user: User, body: dict[str, Any], param: str) -> None:
    store = make_store(user)
    path = f"/vector_stores/{store['id']}/search"
    given = {"query": "Ferries?", **body}
    error = assert_openai_error(user.openai("POST", path, json=given), 400)
    assert error["param"] == param


def test_filters_have_bounds() -> None:
    deep: dict[str, Any] = one("eq", "a", 1)
    for _ in range(10):
        deep = {"type": "and", "filters": [deep]}
    with pytest.raises(InvalidInput, match="10 deep"):
        checked(deep)
    wide = {"type": "or", "filters": [one("in", "a", list(range(300)))] * 2}
    with pytest.raises(InvalidInput, match="500 values"):
        checked(wide)


def test_a_worker_searches_several_stores_itself(user: User, store: dict[str, Any]) -> None:
    other = make_store(user, name="Other")
    indexed(user, other, "The ferry from Turku leaves at four.", "turku.txt", attributes={"a": 1})
    owner = uuid.UUID(user.id)
    stores = [uuid.UUID(hex=each["id"].removeprefix("vs_")) for each in (store, other)]
    found = searching.file_search(owner, stores, Wanted(["When does the ferry leave Turku?"]))
    assert found[0].filename == "turku.txt"
    assert found[0].attributes == {"a": 1}
    assert len(found) == 5
    assert found[0].hit.text == found[0].text
    only = Wanted(["ferry", "When?"], 3, checked(one("eq", "a", 1)))
    (passage,) = searching.file_search(owner, stores, only)
    assert passage.filename == "turku.txt"
    assert in_store(user, other, {"id": f"file-{passage.file_id.hex}"})["status"] == "completed"
