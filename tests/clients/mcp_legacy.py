"""Use the MCP server with the official client of the protocol that begins with a handshake."""

import asyncio
import json
import sys
from datetime import timedelta

import httpx
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client


async def main(url: str, key: str) -> None:
    """Shake hands, list, search, read and ask; print what came."""
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        httpx.AsyncClient(headers=headers, timeout=60) as http,
        streamable_http_client(url, http_client=http) as (reader, writer, _),
        ClientSession(reader, writer, read_timeout_seconds=timedelta(seconds=60)) as client,
    ):
        begun = await client.initialize()
        tools = await client.list_tools()
        listed = await client.call_tool("list_documents", {})
        document_id = listed.structuredContent["documents"][0]["document_id"]
        found = await client.call_tool("search", {"query": "ferry"})
        part = await client.call_tool("read", {"document_id": document_id, "length": 9})
        asked = await client.call_tool("ask", {"question": "When does the ferry leave?"})
        wrong = await client.call_tool("read", {"document_id": "x"})
        seen = {
            "version": begun.protocolVersion,
            "tools": [tool.name for tool in tools.tools],
            "passages": found.structuredContent["passages"],
            "part": part.structuredContent["text"],
            "answer": asked.structuredContent,
            "is_error": wrong.isError,
        }
        print(json.dumps(seen))


asyncio.run(main(*sys.argv[1:]))
