"""Official clients of others, each in an environment of its own, against a running stack."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.live import Live

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parents[2]
# Where `make clients` puts them.
CLIENTS = Path(os.environ.get("CLIENTS_DIR") or PROJECT / "var/clients")


def run(environment: str, script: str, *arguments: str) -> Any:
    """Run a program with the client that it is for; skip if that is not installed."""
    python = CLIENTS / environment / "bin/python"
    if not python.exists():
        pytest.skip(f"{environment} is not in {CLIENTS}: make clients")
    done = subprocess.run(
        [python, PROJECT / "tests/clients" / script, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def token(live: Live) -> str:
    return live.client.headers["Authorization"].removeprefix("Bearer ")


@pytest.mark.parametrize(
    ("environment", "script", "version"),
    [
        ("mcp-2.3.0", "mcp_modern.py", "2026-07-28"),
        ("mcp-1.28.1", "mcp_legacy.py", "2025-11-25"),
    ],
)
def test_mcp(live: Live, environment: str, script: str, version: str) -> None:
    live.ended(live.upload("ferry.txt", b"The ferry leaves at noon from the old pier."))
    live.model.script(text="The ferry leaves at noon [1].")
    seen = run(environment, script, f"{live.stack.api_url}/mcp", token(live))
    assert seen["version"] == version
    assert seen["tools"] == ["search", "read", "ask", "result", "list_documents"]
    assert "noon" in seen["passages"][0]["text"]
    assert seen["part"] == "The ferry"
    assert seen["answer"]["answer"] == "The ferry leaves at noon [1]."
    [citation] = seen["answer"]["citations"]
    assert citation["filename"] == "ferry.txt"
    assert "noon" in citation["quote"]
    assert seen["is_error"] is True


def test_langchain(live: Live) -> None:
    for _ in range(5):
        live.model.script(text="Good day.")
    seen = run(
        "langchain-openai-1.7.4",
        "langchain_client.py",
        f"{live.stack.api_url}/v1",
        token(live),
    )
    assert seen["whole"] == seen["later"] == seen["bound"] == "Good day."
    assert seen["usage"] == 3
    assert "".join(seen["pieces"]) == "Good day."
    assert seen["legacy"] == "Good day."
    assert seen["dimensions"] == [384, 384]
    [asked] = [asked for asked in live.model.requests if asked.body.get("tools")]
    assert asked.body["tools"][0]["function"]["name"] == "weather"
