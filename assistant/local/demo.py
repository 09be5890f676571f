"""The main job, shown: a document goes in, answers with evidence come out."""

import tempfile
import time
from importlib.resources import files
from pathlib import Path
from typing import Any

import click
import httpx

from assistant.config import Settings
from assistant.local.errors import LocalRunError
from assistant.local.ports import free_port
from assistant.local.signals import StopSignals
from assistant.local.stack import LocalStack

DOCUMENT = "handbook.pdf"
ANSWERED = "On which days is the foghorn sounded?"
UNANSWERED = "How do I renew my passport?"
BUNDLED = (
    "\nNow a tiny model that shows the plumbing answers; what counts is the evidence it quotes."
)
JOB_SECONDS = 180.0
POLL_SECONDS = 0.1
BAR_LENGTH = 30


def run(settings: Settings) -> None:
    """Start the stack in a fresh folder on free ports, show the main job, stop everything."""
    began = time.monotonic()
    is_new = not settings.data_dir.exists()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="demo-", dir=settings.data_dir) as folder:
        own = settings.model_copy(
            update={
                "data_dir": Path(folder),
                "upload_dir": None,
                "port": free_port(),
                "flower_port": free_port(),
            }
        )
        own.model_fields_set.update({"data_dir", "port", "flower_port"})
        with StopSignals() as stopping, LocalStack(own, quiet=True, stopping=stopping) as stack:
            click.echo("Started PostgreSQL, Redis, Chroma and a language model, all real.")
            stack.migrate()
            stack.start_processes()
            stack.wait_until_ready()
            click.echo(f"The API answers at {stack.api_url} ({_since(began)}).")
            with httpx.Client(base_url=f"{stack.api_url}/api/v1", timeout=30) as client:
                _show(client, bundled_model=stack.bundled_model)
    if is_new:
        settings.data_dir.rmdir()
    click.echo(f"\nAll stopped, nothing left behind ({_since(began)}).")


def _since(began: float) -> str:
    return f"{time.monotonic() - began:.0f} s after the start"


def _show(client: httpx.Client, *, bundled_model: bool) -> None:
    user = {"username": "demo", "password": "a password for the demo"}
    _answer(client.post("/auth/register", json={**user, "email": "demo@example.org"}))
    token = _answer(client.post("/auth/token", data=user))["access_token"]
    client.headers["Authorization"] = f"Bearer {token}"

    click.secho(f"\nUploading {DOCUMENT}", bold=True)
    content = files("assistant.local").joinpath(DOCUMENT).read_bytes()
    job = _answer(client.post("/documents", files={"file": (DOCUMENT, content)}))
    result = _follow(client, job)["result"]
    click.echo(f"Indexed {result['chunks']} chunks; its job was {job['id']}.")
    if bundled_model:
        click.echo(BUNDLED)
    for question in (ANSWERED, UNANSWERED):
        click.secho(f"\n{question}", bold=True)
        asked = {"content": question, "use_documents": True}
        job = _follow(client, _answer(client.post("/messages", json=asked)))
        _print_reply(job["result"]["assistant_message"])


def _print_reply(reply: dict[str, Any]) -> None:
    click.echo(reply["content"])
    for citation in reply["citations"]:
        place = f"{citation['filename']}, page {citation['page']}"
        quote = " ".join(citation["quote"].split())
        click.secho(f"  [{citation['marker']}] {place}: “{quote}”", fg="green")
    if reply["model"]:
        tokens = reply["tokens_used"]
        click.secho(f"  answered by {reply['model']}, {tokens} tokens", fg="bright_black")
    else:
        click.secho("  no passage was near enough, so no model was asked", fg="bright_black")


def _follow(client: httpx.Client, job: dict[str, Any]) -> dict[str, Any]:
    """Poll a job until it has ended, and show each step."""
    shown = None
    deadline = time.monotonic() + JOB_SECONDS
    while time.monotonic() < deadline:
        job = _answer(client.get(f"/jobs/{job['id']}"))
        progress = job["progress"]
        step = (progress["stage"], progress["done"])
        if step != shown:
            click.echo(f"  {job['state']:<10} {progress['stage']:<11}{_bar(progress)}")
            shown = step
        if job["state"] == "succeeded":
            return job
        if job["error"] and job["state"] == "failed":
            raise LocalRunError(f"The job failed: {job['error']['detail']}")
        time.sleep(POLL_SECONDS)  # polling is what is shown here
    raise LocalRunError(f"Job {job['id']} did not end within {JOB_SECONDS:.0f} s.")


def _bar(progress: dict[str, Any]) -> str:
    if not progress["total"]:
        return ""
    full = BAR_LENGTH * progress["done"] // progress["total"]
    return f"{'█' * full}{'░' * (BAR_LENGTH - full)} {progress['done']}/{progress['total']}"


def _answer(response: httpx.Response) -> Any:
    if response.is_error:
        raise LocalRunError(f"{response.request.url} answered {response.text}")
    return response.json()
