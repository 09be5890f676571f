"""Use the MCP server with the official client of the protocol without a handshake."""

import asyncio
import json
import sys

import httpx2
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client


async def main(url: str, key: str) -> None:
    """Discover, list, search, read and ask; print what came."""
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        tools = await client.list_tools()
        listed = await client.call_tool("list_documents", {})
        document_id = listed.structured_content["documents"][0]["document_id"]
        found = await client.call_tool("search", {"query": "ferry"})
        part = await client.call_tool("read", {"document_id": document_id, "length": 9})
        asked = await client.call_tool("ask", {"question": "When does the ferry leave?"})
        wrong = await client.call_tool("read", {"document_id": "x"})
        seen = {
            "version": client.protocol_version,
            "tools": [tool.name for tool in tools.tools],
            "passages": found.structured_content["passages"],
            "part": part.structured_content["text"],
            "answer": asked.structured_content,
            "is_error": wrong.is_error,
        }
        print(json.dumps(seen))


asyncio.run(main(*sys.argv[1:]))
