"""The MCP server: both eras of its protocol, its tools, and tasks that are jobs."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from assistant.api.mcp import tools
from assistant.extensions import settings
from assistant.services import jobs
from assistant.services.retrieval import search
from assistant.services.retrieval.search import Answer
from tests.api.keys import with_key
from tests.conftest import User
from tests.factories import assert_problem, upload

META = "io.modelcontextprotocol"
MODERN = "2026-07-28"
WITH_TASKS = {"extensions": {f"{META}/tasks": {}}}
TOOLS = ["search", "read", "ask", "result", "list_documents"]


def send(user: User, message: Any, **headers: str) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {**user.headers, "Accept": "application/json, text/event-stream", **named}
    return user.client.post("/mcp", json=message, headers=sent)


def modern(
    user: User, method: str, capabilities: Any = None, /, headers: Any = None, **params: Any
) -> TestResponse:
    meta = {f"{META}/protocolVersion": MODERN, f"{META}/clientCapabilities": capabilities or {}}
    message = {
        "jsonrpc": "2.0",
        "id": 7,
        "method": method,
        "params": {**params, "_meta": meta},
    }
    known = {"MCP_Protocol_Version": MODERN, "Mcp_Method": method}
    if "name" in params or "taskId" in params:
        known["Mcp_Name"] = params.get("name") or params["taskId"]
    sent = {name: value for name, value in {**known, **(headers or {})}.items() if value}
    return send(user, message, **sent)


def legacy(user: User, method: str, /, **params: Any) -> TestResponse:
    message = {"jsonrpc": "2.0", "id": "a", "method": method, "params": params}
    return send(user, message, MCP_Protocol_Version="2025-11-25")


def result_of(response: TestResponse) -> Any:
    assert response.status_code == 200, response.text
    assert response.mimetype == "application/json"
    body = response.get_json()
    assert body.keys() == {"jsonrpc", "id", "result"}, body
    return body["result"]


def error_of(response: TestResponse, status: int, code: int) -> Any:
    assert response.status_code == status, response.text
    error = response.get_json()["error"]
    assert error["code"] == code
    assert error["message"]
    return error


def tool(user: User, name: str, capabilities: Any = None, /, **arguments: Any) -> Any:
    return result_of(modern(user, "tools/call", capabilities, name=name, arguments=arguments))


def said(result: Any) -> Any:
    assert not result["isError"], result
    assert json.loads(result["content"][0]["text"]) == result["structuredContent"]
    return result["structuredContent"]


def indexed(user: User, text: str) -> str:
    accepted = upload(user, text)
    jobs.run(accepted["id"])
    return str(accepted["document_id"])


def test_the_newer_era_discovers_and_lists(user: User) -> None:
    found = result_of(modern(user, "server/discover"))
    assert found["resultType"] == "complete"
    assert found["supportedVersions"][0] == MODERN
    assert "2025-11-25" in found["supportedVersions"]
    assert found["capabilities"]["tools"] is not None
    assert found["capabilities"]["extensions"] == {f"{META}/tasks": {}}
    assert found["_meta"][f"{META}/serverInfo"]["name"] == "assistant"
    listed = result_of(modern(user, "tools/list"))
    assert listed["resultType"] == "complete"
    assert {"ttlMs", "cacheScope"} <= listed.keys()
    assert [one["name"] for one in listed["tools"]] == TOOLS
    for one in listed["tools"]:
        assert one["inputSchema"]["type"] == "object"
        assert one["description"]


def test_the_era_before_begins_with_a_handshake(user: User) -> None:
    begun = result_of(
        send(
            user,
            {
                "jsonrpc": "2.0",
                "id": 0,
                "method": "initialize",
                "params": {
                    "protocolVersion": "2025-11-25",
                    "capabilities": {},
                    "clientInfo": {"name": "x", "version": "1"},
                },
            },
        )
    )
    assert begun["protocolVersion"] == "2025-11-25"
    assert begun["serverInfo"]["name"] == "assistant"
    initialized = send(user, {"jsonrpc": "2.0", "method": "notifications/initialized"})
    assert (initialized.status_code, initialized.data) == (202, b"")
    assert result_of(legacy(user, "ping")) == {}
    listed = result_of(legacy(user, "tools/list"))
    assert [one["name"] for one in listed["tools"]] == TOOLS
    assert "resultType" not in listed
    assert listed["tools"][2]["execution"] == {"taskSupport": "optional"}
    error_of(legacy(user, "no/such"), 200, -32601)
    older = legacy(user, "initialize", protocolVersion="2024-11-05", capabilities={})
    assert result_of(older)["protocolVersion"] == "2025-11-25"


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"MCP_Protocol_Version": None}, 400, -32020),
        ({"MCP_Protocol_Version": "2025-11-25"}, 400, -32020),
        ({"Mcp_Method": None}, 400, -32020),
        ({"Mcp_Method": "tools/list"}, 400, -32020),
        ({"Mcp_Name": None}, 400, -32020),
        ({"Mcp_Name": "ask"}, 400, -32020),
        ({"Mcp_Name": "=?base64?%%?="}, 400, -32020),
        ({"Mcp_Name": "=?base64?bGlzdF9kb2N1bWVudHM=?="}, 200, None),
    ],
)
def test_headers_repeat_what_the_body_says(
    user: User, headers: dict[str, Any], status: int, code: int | None
) -> None:
    response = modern(user, "tools/call", headers=headers, name="list_documents", arguments={})
    assert response.status_code == status, response.text
    if code is not None:
        error = error_of(response, status, code)
        assert error
        assert response.get_json()["id"] == 7


def test_what_is_no_request(user: User) -> None:
    for message in (
        [],
        "x",
        {},
        {"jsonrpc": "2.0"},
        {"jsonrpc": "2.0", "id": 1, "method": 5},
        {"jsonrpc": "2.0", "id": None, "method": "ping"},
        {"jsonrpc": "2.0", "id": True, "method": "ping"},
        {"jsonrpc": "2.0", "id": 1, "method": "ping", "params": []},
    ):
        error_of(send(user, message), 400, -32600)
    broken = user.client.post(
        "/mcp", data=b"{", content_type="application/json", headers=user.headers
    )
    error_of(broken, 400, -32700)
    text = user.client.post("/mcp", data=b"{}", content_type="text/plain", headers=user.headers)
    error_of(text, 415, -32600)
    assert send(user, {"jsonrpc": "2.0", "id": 1, "result": {}}).status_code == 202
    for method in ("GET", "DELETE"):
        assert user.client.open("/mcp", method=method, headers=user.headers).status_code == 405
    error_of(modern(user, "no/such"), 404, -32601)
    error_of(modern(user, "initialize"), 404, -32601)
    error_of(modern(user, "tools/call", name="rm", arguments={}), 200, -32602)
    error_of(modern(user, "tools/call", name="ask", arguments=[]), 200, -32602)


def test_a_version_that_nobody_speaks(user: User) -> None:
    meta = {f"{META}/protocolVersion": "1900-01-01", f"{META}/clientCapabilities": {}}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": meta}}
    error = error_of(send(user, message, MCP_Protocol_Version="1900-01-01"), 400, -32022)
    assert error["data"]["requested"] == "1900-01-01"
    assert MODERN in error["data"]["supported"]
    old = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    error_of(send(user, old, MCP_Protocol_Version="1900-01-01"), 400, -32022)
    error_of(send(user, old, MCP_Protocol_Version=MODERN), 400, -32602)
    del meta[f"{META}/clientCapabilities"]
    meta[f"{META}/protocolVersion"] = MODERN
    error_of(send(user, message, MCP_Protocol_Version=MODERN), 400, -32602)


def test_who_may_call(user: User, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    response = app.test_client().post("/mcp", json={})
    assert_problem(response, 401)
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    for origin in ("https://evil.example", "null", "http://localhost"):
        foreign = send(user, {"jsonrpc": "2.0", "id": 1, "method": "ping"}, Origin=origin)
        error_of(foreign, 403, -32600)
    named = app.extensions["settings"].model_copy(
        update={"allowed_origins": ["https://chat.example"]}
    )
    monkeypatch.setitem(app.extensions, "settings", named)
    ours = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    assert send(user, ours, Origin="https://chat.example").status_code == 200
    reader = with_key(user, "read")
    assert result_of(modern(reader, "tools/list"))
    refused = tool(reader, "ask", question="Why?")
    assert refused["isError"]
    assert "scope" in refused["content"][0]["text"]


def test_documents_are_listed_and_read(user: User, other_user: User, handbook: bytes) -> None:
    first = indexed(user, "One. Two. Three.")
    job = user.upload("handbook.pdf", handbook).get_json()
    jobs.run(job["id"])
    listed = said(tool(user, "list_documents"))["documents"]
    assert [one["document_id"] for one in listed] == [job["document_id"], first]
    assert listed[0]["pages"] > 1
    assert listed[0]["status"] == "ready"
    page = said(tool(user, "list_documents", limit=1))
    rest = said(tool(user, "list_documents", limit=1, after=page["next"]["after"]))
    assert [one["document_id"] for one in rest["documents"]] == [first]
    assert said(tool(user, "list_documents", name="HANDBOOK"))["documents"] == listed[:1]

    part = said(tool(user, "read", document_id=first, start=5, length=4))
    assert (part["text"], part["start"], part["end"], part["total"]) == ("Two.", 5, 9, 16)
    assert "page" not in part
    second = said(tool(user, "read", document_id=job["document_id"], page=2, length=50))
    assert (second["page"], second["last_page"]) == (2, 2)
    whole = said(tool(user, "read", document_id=job["document_id"], length=50_000))
    assert whole["text"][second["start"] : second["end"]] == second["text"]
    assert (whole["page"], whole["last_page"]) == (1, whole["pages"])
    behind = said(tool(user, "read", document_id=first, start=10_000))
    assert (behind["text"], behind["start"]) == ("", 16)

    for arguments in (
        {"document_id": job["document_id"], "page": 999},
        {"document_id": first, "page": 1},
        {"document_id": str(uuid.uuid4())},
        {"document_id": "x"},
        {"document_id": first, "length": 0},
        {"document_id": first, "other": 1},
        {},
    ):
        assert tool(user, "read", **arguments)["isError"], arguments
    assert tool(other_user, "read", document_id=first)["isError"]
    assert said(tool(other_user, "list_documents"))["documents"] == []


def test_a_search_is_passed_on(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    hit = {"document_id": "d", "filename": "f", "page": 1, "text": "t", "score": 0.5, "dense": 1}
    asked: list[Any] = []

    def answer(*given: Any) -> Answer:
        asked.append(given)
        return Answer(json.dumps([hit]).encode())

    monkeypatch.setattr(search, "ask", answer)
    [found] = said(tool(user, "search", query="ferry", limit=3))["passages"]
    assert found["text"] == "t"
    assert "dense" not in found
    [(scope, query, limit)] = asked
    assert (str(scope.owner_id), query, limit) == (user.id, "ferry", 3)


def question(user: User, capabilities: Any = None, **more: Any) -> Any:
    return tool(user, "ask", capabilities, question="When does the ferry leave?", **more)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "WAIT_SECONDS", 0.05)


def test_a_question_that_takes_long_gives_a_job(user: User, hasty: None) -> None:
    document_id = indexed(user, "The ferry leaves at noon from the old pier.")
    first = said(question(user, document_ids=[document_id]))
    assert first["state"] == "working"
    assert said(tool(user, "result", job_id=first["job_id"])) == first
    jobs.run(first["job_id"])
    answer = said(tool(user, "result", job_id=first["job_id"]))
    assert answer["job_id"] == first["job_id"]
    [citation] = answer["citations"]
    assert citation["document_id"] == document_id
    assert "noon" in citation["quote"]
    assert answer["answer"]
    assert answer["unproved"] == [] or isinstance(answer["unproved"][0], str)
    again = said(question(user, conversation_id=answer["conversation_id"]))
    assert again["job_id"] != first["job_id"]


def test_a_job_of_another_kind_or_user_is_no_question(
    user: User, other_user: User, hasty: None
) -> None:
    job = upload(user, "x")
    assert tool(user, "result", job_id=job["id"])["isError"]
    asked = said(question(user))
    assert tool(other_user, "result", job_id=asked["job_id"])["isError"]
    response = modern(other_user, "tasks/get", WITH_TASKS, taskId=asked["job_id"])
    error_of(response, 200, -32602)
    error_of(modern(user, "tasks/get", WITH_TASKS, taskId="x"), 200, -32602)


def test_a_task_is_a_job(user: User) -> None:
    document_id = indexed(user, "The ferry leaves at noon from the old pier.")
    made = question(user, WITH_TASKS, document_ids=[document_id])
    assert (made["resultType"], made["status"]) == ("task", "working")
    assert {"createdAt", "lastUpdatedAt", "ttlMs", "pollIntervalMs"} <= made.keys()
    task_id = made["taskId"]
    assert user.get(f"/jobs/{task_id}").get_json()["state"] in ("queued", "running")
    get = {"taskId": task_id}
    open_ = result_of(modern(user, "tasks/get", WITH_TASKS, **get))
    assert (open_["resultType"], open_["status"]) == ("complete", "working")
    assert result_of(modern(user, "tasks/update", WITH_TASKS, **get, inputResponses={}))
    error = error_of(modern(user, "tasks/get", **get), 400, -32021)
    assert error["data"]["requiredCapabilities"] == WITH_TASKS
    jobs.run(task_id)
    done = result_of(modern(user, "tasks/get", WITH_TASKS, **get))
    assert done["status"] == "completed"
    assert said(done["result"])["citations"]
    # It stays what it is.
    assert result_of(modern(user, "tasks/cancel", WITH_TASKS, **get))["resultType"] == "complete"
    assert result_of(modern(user, "tasks/get", WITH_TASKS, **get))["status"] == "completed"


def test_a_task_is_cancelled(user: User) -> None:
    task_id = question(user, WITH_TASKS)["taskId"]
    assert result_of(modern(user, "tasks/cancel", WITH_TASKS, taskId=task_id))
    task = result_of(modern(user, "tasks/get", WITH_TASKS, taskId=task_id))
    assert task["status"] == "cancelled"
    assert "result" not in task
    assert user.get(f"/jobs/{task_id}").get_json()["state"] == "cancelled"


def test_a_task_whose_job_failed_has_a_result_that_says_so(user: User) -> None:
    task_id = question(user, WITH_TASKS, document_ids=[])["taskId"]
    user.post(f"/jobs/{task_id}/cancel")
    other = question(user, WITH_TASKS, document_ids=[str(uuid.uuid4())])
    # What is wrong at once is no task.
    assert other["isError"]
    assert other["resultType"] == "complete"


def test_tasks_of_the_era_before(user: User, hasty: None) -> None:
    asked = {"name": "ask", "arguments": {"question": "When?"}, "task": {"ttl": 1000}}
    made = result_of(legacy(user, "tools/call", **asked))["task"]
    assert made["status"] == "working"
    assert {"createdAt", "lastUpdatedAt", "ttl", "pollInterval"} <= made.keys()
    task = {"taskId": made["taskId"]}
    assert result_of(legacy(user, "tasks/get", **task))["status"] == "working"
    jobs.run(made["taskId"])
    assert result_of(legacy(user, "tasks/get", **task))["status"] == "completed"
    result = result_of(legacy(user, "tasks/result", **task))
    assert result["_meta"][f"{META}/related-task"] == task
    error_of(legacy(user, "tasks/cancel", **task), 200, -32602)
    open_ = result_of(legacy(user, "tools/call", **asked))["task"]["taskId"]
    assert result_of(legacy(user, "tasks/cancel", taskId=open_))["status"] == "cancelled"


def test_a_task_lives_as_long_as_its_job(user: User) -> None:
    days = settings.job_retention_days
    assert question(user, WITH_TASKS)["ttlMs"] == days * 24 * 3600 * 1000


def test_a_call_that_is_waited_for_gets_its_answer(
    user: User, together: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "WAIT_SECONDS", 20.0)
    real = tools.ask

    def ask_and_do(given: Any) -> Any:
        job = real(given)
        jobs.run(str(job.id))
        return job

    monkeypatch.setattr(tools, "ask", ask_and_do)
    assert said(question(user))["answer"]
