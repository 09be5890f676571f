"""The main job, shown: a document goes in, answers with evidence come out."""

import json
import tempfile
import time
from collections.abc import Iterator
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
        job = _listen(client, _answer(client.post("/messages", json=asked)))
        _print_evidence(job["result"]["assistant_message"])


def _print_evidence(reply: dict[str, Any]) -> None:
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
            _print_step(job["state"], progress)
            shown = step
        if job["finished_at"]:
            return _succeeded(job)
        time.sleep(POLL_SECONDS)  # polling is what is shown here
    raise _too_slow(job)


def _listen(client: httpx.Client, job: dict[str, Any]) -> dict[str, Any]:
    """Follow a reply live until its job has ended, and show its text as it is written."""
    deadline = time.monotonic() + JOB_SECONDS
    begun = False
    with client.stream("GET", f"/jobs/{job['id']}/events") as response:
        if response.is_error:
            response.read()
            _answer(response)
        for event, data in _events(response.iter_lines()):
            if event == "progress" and not begun:
                _print_step("running", data)
            elif event in ("delta", "snapshot"):
                starts_over = begun and event == "snapshot"
                click.echo(("\n" if starts_over else "") + data["text"], nl=False)
                begun = begun or bool(data["text"])
            elif event == "done":
                click.echo()
                return _succeeded(data)
            if time.monotonic() > deadline:
                raise _too_slow(job)
    raise LocalRunError(f"The events of job {job['id']} ended before it did.")


def _events(lines: Iterator[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each server-sent event with what it says; a comment, which shows life, is empty."""
    event, data = "", "{}"
    for line in lines:
        name, _, value = line.partition(": ")
        if name == "event":
            event = value
        elif name == "data":
            data = value
        elif not line or line.startswith(":"):
            yield event, json.loads(data)
            event, data = "", "{}"


def _succeeded(job: dict[str, Any]) -> dict[str, Any]:
    if job["state"] == "succeeded":
        return job
    why = job["error"]["detail"] if job["error"] else "nobody wanted it any more"
    raise LocalRunError(f"The job ended as {job['state']}: {why}")


def _too_slow(job: dict[str, Any]) -> LocalRunError:
    return LocalRunError(f"Job {job['id']} did not end within {JOB_SECONDS:.0f} s.")


def _print_step(state: str, progress: dict[str, Any]) -> None:
    click.echo(f"  {state:<10} {progress['stage']:<11}{_bar(progress)}")


def _bar(progress: dict[str, Any]) -> str:
    if not progress["total"]:
        return ""
    full = BAR_LENGTH * progress["done"] // progress["total"]
    return f"{'█' * full}{'░' * (BAR_LENGTH - full)} {progress['done']}/{progress['total']}"


def _answer(response: httpx.Response) -> Any:
    if response.is_error:
        raise LocalRunError(f"{response.request.url} answered {response.text}")
    return response.json()
