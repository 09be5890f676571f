"""Tasks of the MCP server outlive the processes that work on them."""

from typing import Any

import pytest

from tests.live import Live
from tests.services.factories import wait_for

pytestmark = pytest.mark.slow

META = "io.modelcontextprotocol"


def send(live: Live, method: str, **params: Any) -> dict[str, Any]:
    """Send a request of the protocol without a handshake, as a client that follows tasks."""
    meta = {
        f"{META}/protocolVersion": "2026-07-28",
        f"{META}/clientCapabilities": {"extensions": {f"{META}/tasks": {}}},
    }
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": meta}}
    headers = {
        "MCP-Protocol-Version": "2026-07-28",
        "Mcp-Method": method,
        "Mcp-Name": params.get("name") or params["taskId"],
    }
    response = live.client.post(f"{live.stack.api_url}/mcp", json=message, headers=headers)
    assert response.status_code == 200, response.text
    return dict(response.json()["result"])


def ask(live: Live) -> str:
    live.ended(live.upload("ferry.txt", b"The ferry leaves at noon from the old pier."))
    task = send(live, "tools/call", name="ask", arguments={"question": "When does it leave?"})
    assert task["status"] == "working"
    return str(task["taskId"])


def test_a_task_survives_the_worker_that_had_it(live: Live) -> None:
    live.model.script("hang_stream", after=2)
    live.model.script(text="The ferry leaves at noon [1].")
    task_id = ask(live)
    live.model.wait_for(lambda asked: asked.tokens_sent)
    live.kill(live.process("replies"))
    done = wait_for(
        lambda: (task := send(live, "tasks/get", taskId=task_id))["status"] != "working" and task,
        60,
    )
    assert done["status"] == "completed"
    answer = done["result"]["structuredContent"]
    assert answer["answer"] == "The ferry leaves at noon [1]."
    assert answer["citations"][0]["filename"] == "ferry.txt"


def test_a_task_that_is_cancelled_stops_the_model(live: Live) -> None:
    live.model.script("endless", interval=20)
    task_id = ask(live)
    asked = live.model.wait_for(lambda asked: asked.tokens_sent)
    assert send(live, "tasks/cancel", taskId=task_id)["resultType"] == "complete"
    wait_for(lambda: asked.ended)
    assert asked.ended == "closed by client"
    wait_for(lambda: send(live, "tasks/get", taskId=task_id)["status"] == "cancelled")
