"""Use chat completions and embeddings through LangChain."""

import asyncio
import json
import sys

from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAI, OpenAIEmbeddings


@tool
def weather(city: str) -> str:
    """Say how the weather is."""
    return f"Sunny in {city}"


def main(url: str, key: str) -> None:
    """Ask, stream and embed; print what came."""
    known = {"base_url": url, "api_key": key, "model": "scripted-model"}
    chat = ChatOpenAI(**known)
    whole = chat.invoke("Hello")
    pieces = [piece.content for piece in chat.stream("Hello")]
    later = asyncio.run(chat.ainvoke("Hello"))
    bound = chat.bind_tools([weather]).invoke("Hello")
    legacy = OpenAI(**known).invoke("Once")
    embeddings = OpenAIEmbeddings(
        base_url=url, api_key=key, model="all-MiniLM-L6-v2", check_embedding_ctx_length=False
    )
    vectors = embeddings.embed_documents(["the ferry leaves", "tulips"])
    seen = {
        "whole": whole.content,
        "usage": whole.usage_metadata["total_tokens"],
        "pieces": pieces,
        "later": later.content,
        "bound": bound.content,
        "legacy": legacy,
        "dimensions": [len(vector) for vector in vectors],
    }
    print(json.dumps(seen))


main(*sys.argv[1:])
