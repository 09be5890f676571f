"""The whole stack with a scripted model server, for what is measured or tried from outside."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from assistant.config import read_settings
from assistant.local.ports import free_port
from assistant.local.stack import LocalStack
from benchmarks.accept import serving, sign_in


@dataclass(frozen=True)
class Whole:
    """A running stack, the URL of its model server, and a user's access token."""

    stack: LocalStack
    model_url: str
    token: str

    def client(self, base_url: str | None = None) -> httpx.Client:
        """Make a client that is signed in; one serves many threads and requests."""
        return httpx.Client(
            base_url=base_url or f"{self.stack.api_url}/api/v1",
            headers={"Authorization": f"Bearer {self.token}"},
            # More than what a request may wait for.
            timeout=90,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=100),
            trust_env=False,
        )


def scripted(words: str, tag: str = "Well?") -> str:
    """Return a question that tells the scripted model how to answer."""
    return f"[[script:{words}]] {tag}"


@contextmanager
def model_server() -> Iterator[str]:
    """Run the scripted model server in a process of its own, and yield its URL."""
    port = free_port()
    command = [sys.executable, "-m", "tests.doubles.model_server", "--port", str(port)]
    with serving(command, port, "/v1/models", dict(os.environ)):
        yield f"http://127.0.0.1:{port}/v1"


@contextmanager
def whole_stack(**settings: Any) -> Iterator[Whole]:
    """Run what the Procfile names until the `with` ends; but not Flower, which nobody looks at."""
    with tempfile.TemporaryDirectory() as folder, model_server() as url:
        chosen = {
            "data_dir": Path(folder),
            # What takes long to make is made once.
            "model_dir": read_settings().models,
            "port": free_port(),
            "flower_port": free_port(),
            "openai_base_url": url,
            "openai_model": "scripted-model",
            "reply_concurrency": 16,
            **settings,
        }
        with LocalStack(read_settings(**chosen), quiet=True, without=["flower"]) as stack:
            stack.migrate()
            stack.start_processes()
            stack.wait_until_ready()
            whole = Whole(stack, url, sign_in(stack.settings.port))
            _warm_up(whole)
            yield whole


def _warm_up(whole: Whole) -> None:
    """Return when each worker has loaded its embedding model, which takes seconds of all cores."""
    with whole.client() as client:
        file = {"file": ("lamp.txt", b"The lamp of the old harbour burns seal oil.")}
        wait = {"Prefer": "wait=60"}
        client.post("/documents", files=file, headers=wait).raise_for_status()
        question = {"content": "What does the lamp burn?", "use_documents": True}
        client.post("/messages", json=question, headers=wait).raise_for_status()
        client.post("/search", json={"query": "lamp"}).raise_for_status()
