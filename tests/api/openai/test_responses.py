"""Responses as OpenAI's clients see them, made by jobs that the test runs itself."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from assistant.api.openai import event_stream
from assistant.errors import Unavailable
from assistant.services import jobs
from assistant.services.responses.following import News, follow
from tests.conftest import User
from tests.doubles.model_server import ModelServer
from tests.factories import assert_openai_error, change_rows, job, job_row


def create(user: User, given: Any = "Hello.", **members: Any) -> dict[str, Any]:
    """Ask for a response in the background."""
    body = {"input": given, "background": True, **members}
    response = user.openai("POST", "/responses", json=body)
    assert response.status_code == 200, response.text
    made: dict[str, Any] = response.get_json()
    return made


def job_of(made: dict[str, Any]) -> str:
    return str(uuid.UUID(made["id"].removeprefix("resp_")))


def done(user: User, made: dict[str, Any]) -> dict[str, Any]:
    """Do the job of a response, and read it."""
    jobs.run(job_of(made))
    return read(user, made)


def read(user: User, made: dict[str, Any]) -> dict[str, Any]:
    response = user.openai("GET", f"/responses/{made['id']}")
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.get_json()
    return found


def stream(user: User, made: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
    """Return the events of a response that has ended."""
    path = f"/responses/{made['id']}"
    response = user.openai("GET", path, query_string={"stream": "true", **query})
    assert response.mimetype == "text/event-stream", response.text
    events = []
    for block in response.text.split("\n\n"):
        if block:
            kind, data = block.split("\n")
            events.append(json.loads(data.removeprefix("data: ")))
            assert kind == f"event: {events[-1]['type']}"
    return events


def text_of(response: dict[str, Any]) -> str:
    parts = [p for i in response["output"] if i["type"] == "message" for p in i["content"]]
    return "".join(part["text"] for part in parts)


def names(events: list[dict[str, Any]]) -> list[str]:
    return [event["type"].removeprefix("response.") for event in events]


def test_a_response_is_queued_and_completed(user: User, model: ModelServer) -> None:
    made = create(user, instructions="Be brief.", metadata={"a": "b"}, temperature=0.1)
    assert made["id"].startswith("resp_")
    assert (made["status"], made["output"], made["background"]) == ("queued", [], True)
    assert made["tool_choice"] == "auto"
    assert made["tools"] == []
    ended = done(user, made)
    assert (ended["status"], ended["background"]) == ("completed", True)
    assert text_of(ended) == "This is the scripted answer."
    assert ended["usage"].keys() == {
        *("input_tokens", "input_tokens_details", "output_tokens", "output_tokens_details"),
        "total_tokens",
    }
    assert ended["completed_at"] >= ended["created_at"]
    (asked,) = model.requests
    assert [message["role"] for message in asked.body["messages"]] == ["system", "user"]
    assert asked.body["temperature"] == 0.1
    assert job(user, job_of(made))["result"] == {"response_id": made["id"]}


def test_the_first_answer_is_queued_however_fast_a_worker_is(
    user: User, model: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    announce = jobs.announce
    monkeypatch.setattr(jobs, "announce", lambda job: (announce(job), jobs.run(str(job.id))))
    made = create(user)
    assert (made["status"], made["output"], made["completed_at"]) == ("queued", [], None)
    ended = read(user, made)
    assert ended["status"] == "completed"
    same = ("id", "created_at", "model", "tools", "metadata", "text", "temperature")
    assert [made[name] for name in same] == [ended[name] for name in same]


def test_its_events_are_numbered_and_the_same_each_time(user: User, model: ModelServer) -> None:
    made = create(user)
    first = stream_so_far(user, made)
    done(user, made)
    events = stream(user, made)
    assert events[: len(first)] == first
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    kinds = names(events)
    assert kinds[:5] == [
        *("created", "queued", "in_progress", "output_item.added", "content_part.added"),
    ]
    assert kinds[-4:] == [
        *("output_text.done", "content_part.done", "output_item.done", "completed"),
    ]
    assert events[-1]["response"] == read(user, made)
    said = "".join(event["delta"] for event in events if "delta" in event)
    assert said == text_of(events[-1]["response"])
    assert stream(user, made) == events
    assert stream(user, made, starting_after=5) == events[6:]
    assert stream(user, made, starting_after=len(events)) == []


def stream_so_far(user: User, made: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what a follower sees of a response for which nothing was done yet."""
    from assistant.services.responses.following import read as read_events

    news = read_events(uuid.UUID(user.id), uuid.UUID(job_of(made)), -1)
    assert not news.over
    return [json.loads(event.data) for event in news.events]


@pytest.mark.parametrize(
    ("members", "status", "code", "param"),
    [
        ({"input": None}, 400, "missing_required_parameter", "input"),
        ({"input": 5}, 400, "invalid_value", "input"),
        ({"input": [{"role": "nobody", "content": "x"}]}, 400, "invalid_value", "input[0].role"),
        ({"input": [{"type": "screenshot"}]}, 400, "invalid_value", "input[0].type"),
        ({"temperature": 3}, 400, "invalid_value", "temperature"),
        ({"temperature": "hot"}, 400, "invalid_value", "temperature"),
        ({"tools": [{"type": "web_search"}]}, 400, "invalid_value", "tools[0].type"),
        ({"tools": [{"type": "function"}]}, 400, "invalid_value", "tools[0].name"),
        ({"tool_choice": "must"}, 400, "invalid_value", "tool_choice"),
        ({"model": "no-such-model"}, 400, "model_not_found", "model"),
        ({"previous_response_id": "resp_0"}, 400, None, "previous_response_id"),
        ({"previous_response_id": f"resp_{'0' * 32}"}, 400, None, "previous_response_id"),
        ({"conversation": f"conv_{'0' * 32}"}, 404, "not_found", "conversation"),
        ({"conversation": 5}, 400, "invalid_value", "conversation"),
        ({"metadata": {"a": 5}}, 400, "invalid_value", "metadata.a"),
        ({"metadata": {str(n): "x" for n in range(17)}}, 400, "invalid_value", "metadata"),
        ({"text": {"format": {"type": "xml"}}}, 400, "invalid_value", "text.format.type"),
        ({"store": False}, 400, "invalid_value", "store"),
        ({"max_output_tokens": 0}, 400, "invalid_value", "max_output_tokens"),
        ({"truncation": "sometimes"}, 400, "invalid_value", "truncation"),
        ({"input": [{"type": "item_reference", "id": "msg_5"}]}, 400, None, "input[0].id"),
    ],
)
def test_what_cannot_be_asked(
    user: User, members: dict[str, Any], status: int, code: str | None, param: str | None
) -> None:
    body = {"input": "Hello.", "background": True, **members}
    error = assert_openai_error(user.openai("POST", "/responses", json=body), status)
    assert error["param"] == param
    assert code in (None, error["code"])


def test_nulls_and_what_nobody_knows_are_ignored(user: User, model: ModelServer) -> None:
    nulls = dict.fromkeys(("instructions", "tools", "tool_choice", "text", "metadata", "store"))
    made = create(user, include=[], **nulls, prompt_cache_key="x", service_tier="auto")
    assert (made["tools"], made["metadata"], made["store"]) == ([], {}, True)
    assert done(user, made)["status"] == "completed"


def test_what_no_text_can_hold_does_no_harm(user: User, model: ModelServer) -> None:
    made = create(user, "a\x00b \ud800", instructions="\x00", metadata={"a\x00": "\x00"})
    assert done(user, made)["status"] == "completed"
    items = user.openai("GET", f"/responses/{made['id']}/input_items").get_json()["data"]
    assert items[0]["content"][0]["text"] == "a\ufffdb \ufffd"


def test_items_of_all_kinds_reach_the_model(user: User, model: ModelServer) -> None:
    tool = {"type": "function", "name": "add", "parameters": {"type": "object"}, "strict": True}
    items = [
        {"role": "developer", "content": "Use tools."},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "1+1?"}]},
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {"type": "function_call", "call_id": "c1", "name": "add", "arguments": "{}"},
        {"type": "function_call", "call_id": "c2", "name": "add", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "2"},
        {
            "type": "function_call_output",
            "call_id": "c2",
            "output": [{"type": "input_text", "text": "3"}],
        },
    ]
    made = create(user, items, tools=[tool], parallel_tool_calls=False, top_p=0.5)
    assert done(user, made)["status"] == "completed"
    asked = model.requests[0].body
    assert [message["role"] for message in asked["messages"]] == [
        *("system", "user", "assistant", "tool", "tool"),
    ]
    assert [call["id"] for call in asked["messages"][2]["tool_calls"]] == ["c1", "c2"]
    assert asked["messages"][4]["content"] == "3"
    assert asked["tools"][0]["function"]["strict"] is True
    assert (asked["tool_choice"], asked["parallel_tool_calls"], asked["top_p"]) == (
        *("auto", False, 0.5),
    )
    path = f"/responses/{made['id']}/input_items"
    listed = user.openai("GET", path, query_string={"order": "asc", "limit": 3}).get_json()
    assert [item["type"] for item in listed["data"]] == ["message", "message", "reasoning"]
    assert listed["has_more"] is True
    after = {"order": "asc", "after": listed["last_id"]}
    rest = user.openai("GET", path, query_string=after).get_json()["data"]
    assert len(rest) == 4
    assert all(item["id"] for item in rest)


def test_calls_are_told_piece_by_piece(user: User, model: ModelServer) -> None:
    def call(index: int, arguments: str, **first: Any) -> dict[str, Any]:
        name = {"name": first["name"]} if first else {}
        about = {"id": first["id"], "type": "function"} if first else {}
        function = {**name, "arguments": arguments}
        return {"tool_calls": [{"index": index, **about, "function": function}]}

    deltas = [
        *(call(0, "", id="call_a", name="add"), call(0, '{"x":'), call(0, "1}")),
        *(call(1, "", id="call_b", name="stop"), call(1, "{}")),
    ]
    model.script(deltas=deltas, finish_reason="tool_calls")
    tools = [{"type": "function", "name": name} for name in ("add", "stop")]
    ended = done(user, made := create(user, tools=tools))
    assert ended["status"] == "completed"
    calls = [(one["call_id"], one["name"], one["arguments"]) for one in ended["output"]]
    assert calls == [("call_a", "add", '{"x":1}'), ("call_b", "stop", "{}")]
    events = stream(user, made)
    assert names(events).count("function_call_arguments.done") == 2
    # What it was asked with is what it answers with, in the next turn.
    output = {"type": "function_call_output", "call_id": "call_a", "output": "2"}
    model.script(text="Two.")
    done(user, create(user, [output], previous_response_id=made["id"], tools=tools))
    sent = model.requests[-1].body["messages"]
    assert [message["role"] for message in sent] == ["user", "assistant", "tool"]
    assert sent[1]["tool_calls"][0]["id"] == sent[2]["tool_call_id"] == "call_a"


def test_thoughts_are_items_of_their_own_and_not_sent_back(user: User, model: ModelServer) -> None:
    model.script(text="Four.", reasoning=3)
    ended = done(user, made := create(user, "2+2?"))
    assert [item["type"] for item in ended["output"]] == ["reasoning", "message"]
    assert text_of(ended) == "Four."
    assert "reasoning_text.delta" in names(stream(user, made))
    done(user, create(user, "And 3+3?", previous_response_id=made["id"]))
    assert "hmm" not in str(model.requests[-1].body["messages"])


def test_a_limit_that_was_reached_makes_it_incomplete(user: User, model: ModelServer) -> None:
    model.script(tokens=3, finish_reason="length")
    ended = done(user, made := create(user, max_output_tokens=16))
    assert (ended["status"], ended["incomplete_details"]) == (
        *("incomplete", {"reason": "max_output_tokens"}),
    )
    assert ended["output"][0]["status"] == "incomplete"
    assert model.requests[0].body["max_tokens"] == 16
    assert names(stream(user, made))[-1] == "incomplete"


def test_an_answer_may_have_to_be_of_a_form(user: User, model: ModelServer) -> None:
    schema = {"type": "object", "properties": {"z": {}, "a": {}}}
    form = {"type": "json_schema", "name": "answer", "schema": schema, "strict": True}
    made = create(user, text={"format": form})
    assert made["text"]["format"] == form
    done(user, made)
    sent = model.requests[0].body["response_format"]
    assert sent["json_schema"]["name"] == "answer"
    assert list(sent["json_schema"]["schema"]["properties"]) == ["z", "a"]


def test_a_chain_says_all_that_was_said(user: User, model: ModelServer) -> None:
    made = create(user, "One.", instructions="Be brief.")
    # It waits for the one before.
    second = create(user, "Two.", previous_response_id=made["id"])
    jobs.run(job_of(second))
    assert read(user, second)["status"] == "queued"
    done(user, made)
    assert done(user, second)["status"] == "completed"
    said = [message["content"] for message in model.requests[-1].body["messages"]]
    assert said == ["One.", "This is the scripted answer.", "Two."]
    third = done(user, create(user, "Three.", previous_response_id=second["id"]))
    assert third["previous_response_id"] == second["id"]
    assert len(model.requests[-1].body["messages"]) == 5


def test_two_that_go_on_from_the_same_do_not_wait_for_each_other(user: User) -> None:
    made = create(user)
    done(user, made)
    first, second = (create(user, previous_response_id=made["id"]) for _ in range(2))
    assert done(user, second)["status"] == "completed"
    assert done(user, first)["status"] == "completed"


def test_one_that_waits_can_be_cancelled_and_never_begins(user: User, model: ModelServer) -> None:
    made = create(user)
    path = f"/responses/{made['id']}/cancel"
    cancelled = user.openai("POST", path).get_json()
    assert (cancelled["status"], cancelled["output"]) == ("cancelled", [])
    assert user.openai("POST", path).get_json() == cancelled
    assert done(user, made) == cancelled
    assert model.requests == []
    assert names(stream(user, made)) == ["created", "queued"]


def test_one_that_has_ended_is_not_cancelled(user: User, model: ModelServer) -> None:
    ended = done(user, made := create(user))
    assert user.openai("POST", f"/responses/{made['id']}/cancel").get_json() == ended


def test_what_is_deleted_is_nowhere(user: User, model: ModelServer) -> None:
    waiting, ended = create(user, "A secret."), create(user, "Another secret.")
    done(user, ended)
    for made in (waiting, ended):
        path = f"/responses/{made['id']}"
        deleted = user.openai("DELETE", path).get_json()
        assert deleted == {"id": made["id"], "object": "response", "deleted": True}
        for method, below in (("GET", ""), ("POST", "/cancel"), ("GET", "/input_items")):
            assert_openai_error(user.openai(method, path + below), 404)
        assert_openai_error(user.openai("GET", path, query_string={"stream": "true"}), 404)
        assert_openai_error(user.openai("DELETE", path), 404)
        assert "secret" not in str(job(user, job_of(made)))
    assert job_row(job_of(waiting)).state == "cancelled"
    error = user.openai(
        "POST", "/responses", json={"input": "x", "previous_response_id": ended["id"]}
    )
    assert assert_openai_error(error, 400)["param"] == "previous_response_id"


def test_a_model_that_fails(user: User, model: ModelServer) -> None:
    model.script("context")
    ended = done(user, made := create(user))
    assert ended["status"] == "failed"
    assert ended["error"]["code"] == "invalid_prompt"
    events = stream(user, made)
    assert names(events)[-1] == "failed"
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert not any(event.get("error") for event in events)


def test_one_that_ended_without_a_worker_has_a_last_event_all_the_same(user: User) -> None:
    made = create(user)
    change_rows(
        "UPDATE jobs SET state = 'failed', finished_at = now(), version = version + 1,"
        ' error = \'{"code": "expired", "title": "x", "detail": "Too late."}\' WHERE id = :id',
        id=job_of(made),
    )
    events = stream(user, made)
    assert names(events) == ["created", "queued", "failed"]
    assert events[-1]["response"]["error"] == {"code": "server_error", "message": "Too late."}


def test_it_is_tried_again_as_a_response_of_its_own(user: User, model: ModelServer) -> None:
    model.script("context")
    done(user, made := create(user, "Again."))
    again = user.post(f"/jobs/{job_of(made)}/retry").get_json()
    jobs.run(again["id"])
    listed = user.openai("GET", f"/responses/resp_{uuid.UUID(again['id']).hex}").get_json()
    assert listed["status"] == "completed"


def test_tokens_are_counted_before_they_are_sent(user: User) -> None:
    def count(**body: Any) -> int:
        response = user.openai("POST", "/responses/input_tokens", json=body)
        assert response.get_json()["object"] == "response.input_tokens"
        found: int = response.get_json()["input_tokens"]
        return found

    assert 0 < count(input="Hello.") < count(input="Hello. " * 100)
    assert count(input="x", instructions="y " * 100) > count(input="x")


def test_they_are_not_among_conversations(user: User, model: ModelServer) -> None:
    done(user, create(user))
    assert user.get("/conversations").get_json() == []


def test_only_what_was_made_in_the_background_is_followed_and_cancelled(user: User) -> None:
    made = create(user)
    change_rows("UPDATE responses SET background = false WHERE id = :id", id=job_of(made))
    path = f"/responses/{made['id']}"
    error = user.openai("GET", path, query_string={"stream": "true"})
    assert assert_openai_error(error, 400)["param"] == "stream"
    assert_openai_error(user.openai("POST", f"{path}/cancel"), 400)


def test_each_event_is_there_before_it_is_seen(user: User, model: ModelServer) -> None:
    """What a broken-off attempt has committed stays under its numbers."""
    made = create(user)
    model.script("cut", text="One two three four.", after=2)
    model.script(text="One two three four.")
    jobs.run(job_of(made))
    broken_off = stream_so_far(user, made)
    assert read(user, made)["status"] == "in_progress"
    assert text_of(read(user, made)) == "One two"
    change_rows("UPDATE jobs SET run_after = now() WHERE id = :id", id=job_of(made))
    ended = done(user, made)
    assert (ended["status"], text_of(ended)) == ("completed", "One two three four.")
    events = stream(user, made)
    assert events[: len(broken_off)] == broken_off
    assert "".join(event["delta"] for event in events if "delta" in event) == text_of(ended)


@pytest.mark.parametrize("stored", [True, False])
@pytest.mark.parametrize("ending", [None, Unavailable("The database is away.")])
def test_a_stream_that_ends_before_its_response_stops_it(
    user: User, monkeypatch: pytest.MonkeyPatch, ending: Exception | None, stored: bool
) -> None:
    def broken_off(*args: Any) -> Iterator[News]:
        steps = follow(*args)
        yield next(steps)
        if ending is not None:
            raise ending

    monkeypatch.setattr(event_stream, "follow", broken_off)
    body = {"input": "Hello.", "stream": True, "store": stored}
    text = user.openai("POST", "/responses", json=body).text
    created = json.loads(text.split("data: ")[1].split("\n")[0])["response"]
    assert job_row(job_of(created)).state == "cancelled"
    found = user.openai("GET", f"/responses/{created['id']}")
    assert found.status_code == (200 if stored else 404)
