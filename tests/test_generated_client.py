"""Clients made from the OpenAPI document do the main job, with no HTTP by hand."""

import importlib
import io
import os
import pkgutil
import shutil
import subprocess
import sys
import time
import uuid
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from assistant.local.stack import LocalStack
from tests.doubles.model_server import ModelServer
from tests.node_tools import CLIENTS, installed, needs_npm, run

NAME = "assistant_client"
PASSWORD = "correct horse battery"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(live_stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generate the client; what the generator has to say about the document is an error."""
    folder = tmp_path_factory.mktemp("generated")
    # Pictures are bytes; the generator knows that of one type only.
    config = folder / "config.yml"
    pictures = [f"  {kind}: application/octet-stream" for kind in ("image/png", "image/svg+xml")]
    config.write_text("\n".join(["content_type_overrides:", *pictures, ""]))
    command = [
        *(sys.executable, "-m", "openapi_python_client", "generate", "--fail-on-warning"),
        *("--url", f"{live_stack.api_url}/openapi.json"),
        *("--meta", "none", "--output-path", str(folder / NAME)),
        *("--config", str(config)),
    ]
    # The generator calls ruff, which lies beside Python.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert said.splitlines() == [f"Generating {folder / NAME}"]
    return folder


@pytest.fixture
def generated(made: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import every module of the client, so that none is broken."""
    monkeypatch.syspath_prepend(str(made))
    client = importlib.import_module(NAME)
    for module in pkgutil.walk_packages(client.__path__, f"{NAME}."):
        importlib.import_module(module.name)
    return client


def ended(job: Any, client: Any) -> Any:
    """Return the job once it has ended."""
    from assistant_client.api.jobs import get_job

    give_up = time.monotonic() + 60
    while job.finished_at is None:
        assert time.monotonic() < give_up, job
        time.sleep(0.1)
        job = get_job.sync(job.id, client=client)
    assert job.state == "succeeded", job
    return job


def test_a_generated_client_uploads_asks_and_reads_the_evidence(
    live_stack: LocalStack, generated: ModuleType, handbook: bytes
) -> None:
    from assistant_client.api.auth import create_token, register
    from assistant_client.api.documents import create_document, get_document, get_text
    from assistant_client.api.messages import create_message
    from assistant_client.models import CreateTokenBody, Question, Registration, Upload
    from assistant_client.types import File

    anybody = generated.Client(live_stack.api_url)
    name = f"user{uuid.uuid4().hex[:12]}"
    registration = Registration(username=name, email=f"{name}@example.org", password=PASSWORD)
    user = register.sync(client=anybody, body=registration)
    assert user.username == name
    tokens = create_token.sync(client=anybody, body=CreateTokenBody(name, PASSWORD))
    client = generated.AuthenticatedClient(live_stack.api_url, tokens.access_token)

    file = File(io.BytesIO(handbook), "handbook.pdf", "application/pdf")
    indexed = ended(create_document.sync(client=client, body=Upload(file)), client)
    document = get_document.sync(indexed.document_id, client=client)
    assert (document.status, document.filename) == ("ready", "handbook.pdf")
    assert indexed.result.chunks == document.chunk_count > 0

    question = Question("How old must children be to climb the tower?", use_documents=True)
    answered = ended(create_message.sync(client=client, body=question), client)
    assert answered.result.user_message.content == question.content
    reply = answered.result.assistant_message
    assert "[1]" in reply.content
    [citation, *_] = reply.citations
    assert (citation.marker, citation.filename) == (1, "handbook.pdf")
    assert citation.document_id == document.id
    assert citation.page >= 1
    slice_ = get_text.sync(document.id, client=client, start=citation.start, end=citation.end)
    assert citation.quote == slice_.text != ""


def test_it_passes_strict_type_checks_and_goes_through_the_main_flow(
    live_stack: LocalStack, model_server: ModelServer, made: Path
) -> None:
    model_server.reset()
    shutil.copy(CLIENTS / "flow.py", made)
    flow = [sys.executable, "flow.py", live_stack.api_url, f"user{uuid.uuid4().hex[:12]}"]
    # One module is the same whatever the document, and as the generator's makers have it.
    (made / "mypy.ini").write_text(f"[mypy-{NAME}.client]\nignore_errors = True\n")
    types = [sys.executable, "-m", "mypy", "--config-file", "mypy.ini", "--strict"]
    for command in ([*types, "flow.py", NAME], flow):
        done = subprocess.run(command, cwd=made, capture_output=True, text=True, timeout=200)
        assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == "done\n"


@needs_npm
def test_types_for_typescript_are_strict_and_go_through_the_main_flow(
    live_stack: LocalStack, model_server: ModelServer, tmp_path: Path
) -> None:
    model_server.reset()
    for name in ("flow.ts", "tsconfig.json", "package.json"):
        shutil.copy(CLIENTS / name, tmp_path)
    (tmp_path / "node_modules").symlink_to(installed() / "node_modules")
    document = f"{live_stack.api_url}/openapi.json"
    run(["openapi-typescript", document, "-o", "assistant.d.ts"], tmp_path)
    run(["tsc", "-p", "."], tmp_path)
    name = f"user{uuid.uuid4().hex[:12]}"
    assert run(["node", "flow.js", live_stack.api_url, name], tmp_path) == "done\n"


def test_a_generated_client_reads_errors_as_problems(
    live_stack: LocalStack, generated: ModuleType
) -> None:
    from assistant_client.api.auth import create_token
    from assistant_client.api.jobs import get_job
    from assistant_client.models import CreateTokenBody, Problem

    anybody = generated.Client(live_stack.api_url)
    problem = create_token.sync(client=anybody, body=CreateTokenBody("nobody", PASSWORD))
    assert isinstance(problem, Problem)
    assert problem.status == 401
    stranger = generated.AuthenticatedClient(live_stack.api_url, "no token")
    assert get_job.sync(uuid.uuid4(), client=stranger).status == 401
