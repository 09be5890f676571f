"""A whole stack that lives as in production, with short leases and a scripted language model."""

import contextlib
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import psutil
import pytest
from sqlalchemy import Engine, create_engine, text

from assistant.adapters.chroma import ChromaStore
from assistant.config import read_settings
from assistant.local.ports import free_port
from assistant.local.stack import LocalStack
from assistant.models.collection import chroma_name
from tests.doubles.model_server import ModelServer
from tests.own_servers import room, spare_the_disk

PASSWORD = "correct horse battery"


@dataclass
class Live:
    """The running stack, a client that is signed in, and a look behind the scenes."""

    stack: LocalStack
    client: httpx.Client
    model: ModelServer
    engine: Engine
    store: ChromaStore

    def upload(self, name: str, content: bytes, **form: str) -> dict[str, Any]:
        """Upload a document, one more also of the same content, and return its job."""
        form = {"on_duplicate": "keep", **form}
        return accepted(self.client.post("/documents", files={"file": (name, content)}, data=form))

    def ask(self, content: str, **values: Any) -> dict[str, Any]:
        """Ask a question and return the job of its reply."""
        return accepted(self.client.post("/messages", json={"content": content, **values}))

    def get(self, path: str, **parameters: Any) -> Any:
        """Read something."""
        response = self.client.get(path, params=parameters)
        assert response.status_code == 200, response.text
        return response.json()

    def until(
        self, job: dict[str, Any], true: Callable[[dict[str, Any]], Any], seconds: float = 60
    ) -> dict[str, Any]:
        """Return the job as soon as this is true of it."""
        path, give_up = f"/jobs/{job['id']}", time.monotonic() + seconds
        while time.monotonic() < give_up:
            job = self.get(path)
            if true(job):
                return job
            time.sleep(0.02)
        raise AssertionError(f"waited {seconds} s in vain: {job}")

    def ended(self, job: dict[str, Any], seconds: float = 60) -> dict[str, Any]:
        """Return the job once it has ended."""
        return self.until(job, lambda job: job["finished_at"], seconds)

    def sql(self, statement: str, **values: Any) -> list[Any]:
        """Look into the database."""
        with self.engine.begin() as connection:
            connection.execute(text("SELECT set_config('assistant.owner', 'system', true)"))
            return list(connection.execute(text(statement), values).all())

    def process(self, name: str) -> psutil.Process:
        """Return the process that a line of the Procfile is at the moment."""
        supervisor = self.stack.require_supervisor()
        give_up = time.monotonic() + 30
        while time.monotonic() < give_up:
            # Of one that just died, the supervisor may not know yet.
            with contextlib.suppress(psutil.NoSuchProcess):
                if pid := supervisor.states()[name]["pid"]:
                    return psutil.Process(pid)
            time.sleep(0.05)
        raise AssertionError(f"{name} is not started again")

    def kill(self, process: psutil.Process) -> None:
        """Kill a process of the stack without warning."""
        process.kill()
        psutil.wait_procs([process], timeout=5)

    def vectors(self, document_id: str) -> tuple[int, int]:
        """Count a document's chunks in PostgreSQL, and all vectors of its collection."""
        [[chunks]] = self.sql("SELECT count(*) FROM chunks WHERE document_id = :id", id=document_id)
        [[collection, version]] = self.sql(
            "SELECT c.id, c.index_version FROM collections c JOIN documents d "
            "ON d.collection_id = c.id WHERE d.id = :id",
            id=document_id,
        )
        name = chroma_name(uuid.UUID(str(collection)), version)
        return chunks, self.store._call(name, lambda handle: handle.count()) or 0


def accepted(response: httpx.Response) -> dict[str, Any]:
    """Return the job of a 202."""
    assert response.status_code == 202, response.text
    return dict(response.json())


@pytest.fixture(scope="session")
def live_stack(
    tmp_path_factory: pytest.TempPathFactory, model_server: ModelServer
) -> Iterator[LocalStack]:
    """Start everything that the Procfile names, once."""
    with room(read_settings(), 1) as urls:
        settings = read_settings(
            **urls,
            data_dir=tmp_path_factory.mktemp("live"),
            port=free_port(),
            flower_port=free_port(),
            openai_base_url=model_server.url,
            openai_model="scripted-model",
            web_workers=1,
            lease_seconds=3,
            heartbeat_seconds=0.5,
            sweep_seconds=0.3,
            upkeep_seconds=0.5,
            checkpoint_seconds=0.2,
            retry_base_seconds=0.2,
            worker_stall_seconds=3,
        )
        with LocalStack(settings, quiet=True) as stack:
            spare_the_disk(stack)
            stack.migrate()
            stack.start_processes()
            stack.wait_until_ready()
            yield stack


@pytest.fixture(scope="session")
def live_store(live_stack: LocalStack) -> ChromaStore:
    """Return a client of the stack's Chroma."""
    return ChromaStore(live_stack.settings.chroma_url)


@pytest.fixture
def live(
    live_stack: LocalStack, live_store: ChromaStore, model_server: ModelServer
) -> Iterator[Live]:
    """Return the stack with a new user signed in, and the model server with a clean memory."""
    model_server.reset()
    engine = create_engine(live_stack.settings.database_url, pool_size=1)
    with httpx.Client(base_url=f"{live_stack.api_url}/api/v1", timeout=30) as client:
        name = f"user{uuid.uuid4().hex[:12]}"
        body = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
        assert client.post("/auth/register", json=body).status_code == 201
        signed_in = client.post("/auth/token", data={"username": name, "password": PASSWORD})
        client.headers["Authorization"] = f"Bearer {signed_in.json()['access_token']}"
        yield Live(live_stack, client, model_server, engine, live_store)
    engine.dispose()
    model_server.reset()
