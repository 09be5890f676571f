"""No library that is used here reports anything to anybody, whatever the environment asks for."""

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from assistant.adapters import UNREPORTED
from assistant.adapters.embedding import locate
from tests.doubles.embeddings_server import EmbeddingsServer
from tests.doubles.model_server import ModelServer

# Uses every library as workers do, and writes down whatever leaves this process.
LISTENED = """
import json, sys

def hear(event, given):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.sendmsg"):
        where = given[:2] if event == "socket.getaddrinfo" else given[1]
        heard.append([event, [str(part) for part in where] if isinstance(where, tuple) else where])

heard = []
sys.addaudithook(hear)

import asyncio, os
import uvloop
# Its own loops open sockets of which nobody hears.
uvloop.new_event_loop = asyncio.new_event_loop
import numpy as np
from assistant.adapters.provided import Adapters
from assistant.config import read_settings
from assistant.ports import ChatRequest

local, endpoint = json.loads(sys.argv[1]), json.loads(sys.argv[2])
adapters = Adapters(read_settings(**local))
adapters.make_all()
model = adapters.embedding_model
chunks = adapters.splitter(size=200, overlap=0, model=model).split("A word and another. " * 50)
vectors = model.embed(["one text", "another text"])
store = adapters.vector_store
store.upsert("unreported", ["a", "b"], vectors)
found = store.query("unreported", vectors[0], 1)
store.drop("unreported")
request = ChatRequest([("user", "Hello?")], "scripted-model", 0.0, 8, 20.0)
said = "".join(adapters.chat_model.stream(request))
far = Adapters(read_settings(**endpoint)).embedding_model.embed(["one text"])

from assistant.adapters.embedding import SentenceTransformerModel
torch = SentenceTransformerModel(local["embedding_model"], bfloat16=False).embed(["one text"])
spied = [name for name in ("posthog", "openvino_telemetry") if sys.modules.get(name)]
done = [len(chunks) > 1, found[0].id, bool(said), far.shape[0], torch.shape[0]]
variables = {name: os.environ.get(name) for name in json.loads(sys.argv[3])}
print(json.dumps({"heard": heard, "done": done, "spied": spied, "environment": variables}))
"""
SPY = "from pathlib import Path\nPath(__file__).with_suffix('.told').touch()\n"
# As where another program on the machine reports.
LOUD = {
    "LANGSMITH_TRACING": "true",
    "LANGCHAIN_TRACING_V2": "true",
    "LANGSMITH_API_KEY": "lsv2_x",
    "LANGSMITH_ENDPOINT": "https://traces.invalid",
    "ANONYMIZED_TELEMETRY": "True",
    "HF_HUB_DISABLE_TELEMETRY": "0",
    "CHROMA_OTEL_COLLECTION_ENDPOINT": "http://traces.invalid:4317",
}


@pytest.mark.skipif(locate("all-MiniLM-L6-v2") is None, reason="needs the bundled model")
def test_nothing_goes_anywhere_but_to_our_servers(
    chroma_url: str, model_server: ModelServer, tmp_path: Path
) -> None:
    spies = {name: tmp_path / "path" / name for name in ("posthog", "openvino_telemetry")}
    for spy in spies.values():
        spy.mkdir(parents=True)
        (spy / "__init__.py").write_text(SPY)
    path = os.pathsep.join(filter(None, [str(tmp_path / "path"), os.environ.get("PYTHONPATH")]))
    local = {
        "embedding_model": "all-MiniLM-L6-v2",
        "chroma_url": chroma_url,
        "openai_base_url": model_server.url,
        "openai_model": "scripted-model",
        "data_dir": str(tmp_path),
    }
    with EmbeddingsServer() as server:
        endpoint = {**local, "embedding_base_url": server.url}
        done = subprocess.run(
            [sys.executable, "-c", LISTENED, *map(json.dumps, (local, endpoint, list(UNREPORTED)))],
            capture_output=True,
            text=True,
            timeout=280,
            env={**os.environ, **LOUD, "PYTHONPATH": path},
        )
        ours = {urlsplit(url).port for url in (chroma_url, model_server.url, server.url)}
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["done"] == [True, "a", True, 1, 1]
    hosts = {str(where[0]) for _, where in said["heard"]}
    ports = {int(where[1]) for _, where in said["heard"]}
    assert hosts == {"127.0.0.1"}
    assert ports == ours, "what is listened to is what goes out"
    assert said["spied"] == []
    assert [spy for spy in spies.values() if (spy / "__init__.told").exists()] == []
    assert said["environment"] == UNREPORTED
