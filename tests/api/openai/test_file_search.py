"""Answers from vector stores, with citations that name their files."""

from typing import Any

import pytest

from tests.api.openai import stores
from tests.api.openai.test_responses import create, done, names, stream, text_of
from tests.conftest import User
from tests.doubles.model_server import ModelServer
from tests.factories import assert_openai_error

TEXT = "The foghorn is sounded on Fridays at noon. Nobody may touch the lamp oil."


@pytest.fixture
def file(user: User) -> dict[str, Any]:
    """Return a file that was uploaded."""
    return stores.upload(user, TEXT, "rules.txt")


@pytest.fixture
def store(user: User, file: dict[str, Any]) -> str:
    """Return a vector store in which that file can be found."""
    made = stores.make_store(user)
    stores.attach(user, made, file, attributes={"kind": "rules"})
    stores.work_off(user)
    store_id: str = made["id"]
    return store_id


def search(store: str, **members: Any) -> dict[str, Any]:
    return {"type": "file_search", "vector_store_ids": [store], **members}


def ask(user: User, store: str, **members: Any) -> dict[str, Any]:
    question = "When is the foghorn sounded?"
    return create(user, question, tools=[search(store)], **members)


def test_an_answer_cites_files_and_shows_no_marker(
    user: User, model: ModelServer, store: str, file: dict[str, Any]
) -> None:
    model.script(text="It is sounded on Fridays [1]. At noon, that is.")
    made = ask(user, store)
    ended = done(user, made)
    assert [item["type"] for item in ended["output"]] == ["file_search_call", "message"]
    call, message = ended["output"]
    assert (call["status"], call["results"]) == ("completed", None)
    assert call["queries"] == ["When is the foghorn sounded?"]
    assert text_of(ended) == "It is sounded on Fridays. At noon, that is."
    (citation,) = message["content"][0]["annotations"]
    assert citation.keys() == {"type", "index", "file_id", "filename"}
    assert (citation["index"], citation["filename"]) == (24, "rules.txt")
    assert citation["file_id"] == file["id"]
    events = stream(user, made)
    kinds = names(events)
    assert kinds[3:8] == [
        *("output_item.added", "file_search_call.in_progress", "file_search_call.searching"),
        *("file_search_call.completed", "output_item.done"),
    ]
    assert "output_text.annotation.added" in kinds
    said = "".join(event["delta"] for event in events if "delta" in event)
    assert said == text_of(ended)
    sent = str(model.requests[-1].body["messages"])
    assert "Nobody may touch the lamp oil" in sent


def test_a_long_question_is_told_whole_and_searched_for_by_its_beginning(
    user: User, model: ModelServer, store: str
) -> None:
    question = "When is the foghorn sounded? " + "Say it in a friendly way. " * 100 + "In rhymes!"
    ended = done(user, create(user, question, tools=[search(store)]))
    assert len(ended["output"][0]["queries"][0]) <= 2000
    assert "In rhymes!" in str(model.requests[-1].body["messages"])


def test_what_was_found_is_shown_on_request(user: User, model: ModelServer, store: str) -> None:
    made = ask(user, store, include=["file_search_call.results"])
    (result, *_) = done(user, made)["output"][0]["results"]
    assert result.keys() == {"file_id", "filename", "score", "text", "attributes"}
    assert "foghorn" in result["text"]
    assert result["attributes"] == {"kind": "rules"}


def test_what_was_found_is_shown_to_whoever_asks_later(
    user: User, model: ModelServer, store: str
) -> None:
    made = ask(user, store)
    assert done(user, made)["output"][0]["results"] is None
    assert "lamp oil" not in str(stream(user, made))
    path, asked = f"/responses/{made['id']}", {"include[]": ["file_search_call.results"]}
    (result, *_) = user.openai("GET", path, query_string=asked).get_json()["output"][0]["results"]
    assert "foghorn" in result["text"]


def test_a_message_before_a_call_keeps_its_citations(
    user: User, model: ModelServer, store: str, file: dict[str, Any]
) -> None:
    function = {"name": "ring", "arguments": "{}"}
    calls = [{"index": 0, "id": "call_a", "type": "function", "function": function}]
    model.script(
        deltas=[{"content": "On Fridays [1]"}, {"content": ".\n"}, {"tool_calls": calls}],
        finish_reason="tool_calls",
    )
    tools = [search(store), {"type": "function", "name": "ring"}]
    ended = done(user, create(user, "When is the foghorn sounded?", tools=tools))
    _, message, call = ended["output"]
    assert (text_of(ended), call["name"]) == ("On Fridays.\n", "ring")
    (citation,) = message["content"][0]["annotations"]
    assert (citation["index"], citation["file_id"]) == (10, file["id"])


def test_an_answer_without_markers_cites_what_proves_it(
    user: User, model: ModelServer, store: str
) -> None:
    model.script(text="The foghorn is sounded on Fridays.")
    (annotation,) = done(user, ask(user, store))["output"][1]["content"][0]["annotations"]
    assert annotation["filename"] == "rules.txt"


def test_a_greeting_is_not_searched_for(user: User, model: ModelServer, store: str) -> None:
    ended = done(user, create(user, "Hello!", tools=[search(store)]))
    assert [item["type"] for item in ended["output"]] == ["message"]
    forced = {"tools": [search(store)], "tool_choice": {"type": "file_search"}}
    ended = done(user, create(user, "Hello!", **forced))
    assert [item["type"] for item in ended["output"]] == ["file_search_call", "message"]


def test_what_an_attempt_has_found_is_told_once(user: User, model: ModelServer, store: str) -> None:
    from tests.api.openai.test_responses import job_of
    from tests.factories import change_rows

    model.script("cut", text="On Fridays [1], they say.", after=3)
    model.script(text="On Fridays [1], they say.")
    made = ask(user, store)
    done(user, made)
    change_rows("UPDATE jobs SET run_after = now() WHERE id = :id", id=job_of(made))
    ended = done(user, made)
    assert text_of(ended) == "On Fridays, they say."
    assert names(stream(user, made)).count("file_search_call.completed") == 1


@pytest.mark.parametrize(
    ("tool", "status", "param"),
    [
        ({"vector_store_ids": []}, 400, "tools[0].vector_store_ids"),
        ({"vector_store_ids": ["vs_none"]}, 404, "tools[0].vector_store_ids[0]"),
        ({"vector_store_ids": [f"vs_{'0' * 32}"]}, 404, "tools[0].vector_store_ids[0]"),
        ({"max_num_results": 51}, 400, "tools[0].max_num_results"),
        ({"max_num_results": True}, 400, "tools[0].max_num_results"),
        ({"filters": "all"}, 400, "tools[0].filters"),
        ({"filters": {"type": "like"}}, 400, "tools[0].filters.type"),
        ({"ranking_options": []}, 400, "tools[0].ranking_options"),
    ],
)
def test_what_cannot_be_searched(
    user: User, store: str, tool: dict[str, Any], status: int, param: str | None
) -> None:
    body = {"input": "x", "background": True, "tools": [search(store, **tool)]}
    error = assert_openai_error(user.openai("POST", "/responses", json=body), status)
    assert error["param"] == param


def test_the_store_of_another_is_not_found(user: User, other_user: User, store: str) -> None:
    body = {"input": "x", "background": True, "tools": [search(store)]}
    assert_openai_error(other_user.openai("POST", "/responses", json=body), 404)


def test_attributes_choose_files(user: User, model: ModelServer, store: str) -> None:
    for value, expected in (("rules", 1), ("poems", 0)):
        tool = search(store, filters={"type": "eq", "key": "kind", "value": value})
        given = {"tools": [tool], "include": ["file_search_call.results"]}
        ended = done(user, create(user, "When is the foghorn sounded?", **given))
        assert len(ended["output"][0]["results"]) == expected


def test_a_store_that_is_gone_by_then_fails_it(user: User, model: ModelServer, store: str) -> None:
    made = ask(user, store)
    user.openai("DELETE", f"/vector_stores/{store}")
    ended = done(user, made)
    assert (ended["status"], ended["error"]["code"]) == ("failed", "invalid_prompt")
