"""The main job, shown: a document goes in, evidence and answers come out."""

import tempfile
import time
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import Any

import click
import httpx

from assistant.config import EXTRACTIVE, Settings
from assistant.local.errors import LocalRunError, tail
from assistant.local.following import PATIENCE_SECONDS, answer, follow, listen
from assistant.local.ports import free_port
from assistant.local.signals import StopSignals
from assistant.local.stack import LocalStack

DOCUMENT = "handbook.pdf"
ANSWERED = "On which days is the foghorn sounded?"
UNANSWERED = "How do I renew my passport?"
BUNDLED = (
    "\nThe document answers by itself now, word for word; for a chat there is a tiny model that "
    "shows the plumbing."
)
NEXT = "\n`make run` keeps all of this serving"
BETTER = "; OPENAI_BASE_URL or OPENAI_API_KEY brings in a better model"
# Enough for the sentence that was asked for; a tiny model would go on and on.
MAX_TOKENS = 48
# What would otherwise give up before, unless somebody chose it.
PATIENT = {
    "model_timeout": 3000,
    "reply_deadline_seconds": 3600,
    "lease_seconds": 300,
    "worker_stall_seconds": 600,
    "access_token_expire_minutes": 24 * 60,
}


def run(settings: Settings) -> None:
    """Start the stack in a fresh folder on free ports, show the main job, stop everything."""
    began = time.monotonic()
    is_new = not settings.data_dir.exists()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="demo-", dir=settings.data_dir) as folder:
        own = _own(settings, Path(folder))
        with (
            StopSignals() as stopping,
            LocalStack(own, logs_to_files=True, stopping=stopping) as stack,
        ):
            click.echo("PostgreSQL, Redis, Chroma and a language model run, all real.")
            stack.migrate()
            stack.start_processes()
            stack.wait_until_ready()
            click.echo(f"The API answers at {stack.api_url} ({_since(began)}).")
            _show_on(stack)
    if is_new:
        with suppress(OSError):
            settings.data_dir.rmdir()
    click.echo(f"All stopped, nothing left running ({_since(began)}).")


def _own(settings: Settings, folder: Path) -> Settings:
    changes = {
        "data_dir": folder,
        # What is converted takes long to make, and stays.
        "model_dir": settings.models,
        "upload_dir": None,
        "port": free_port(),
        "flower_port": free_port(),
        **{name: value for name, value in PATIENT.items() if name not in settings.model_fields_set},
    }
    own = settings.model_copy(update=changes)
    own.model_fields_set.update(changes.keys() - {"upload_dir"})
    return own


def _since(began: float) -> str:
    return f"{time.monotonic() - began:.0f} s after the start"


def _show_on(stack: LocalStack) -> None:
    url = f"{stack.api_url}/api/v1"
    try:
        with httpx.Client(base_url=url, timeout=PATIENCE_SECONDS) as client:
            _show(client, bundled_model=stack.bundled_model)
    except httpx.HTTPError as error:
        log = tail(stack.folder.log / "web.log")
        raise LocalRunError(f"The API stopped answering: {error}. Try it again.{log}") from None


def _show(client: httpx.Client, *, bundled_model: bool) -> None:
    user = {"username": "demo", "password": "a password for the demo"}
    answer(client.post("/auth/register", json={**user, "email": "demo@example.org"}))
    token = answer(client.post("/auth/token", data=user))["access_token"]
    client.headers["Authorization"] = f"Bearer {token}"

    click.secho(f"\nUploading {DOCUMENT}", bold=True)
    content = files("assistant.local").joinpath(DOCUMENT).read_bytes()
    job = answer(client.post("/documents", files={"file": (DOCUMENT, content)}))
    result = follow(client, job)["result"]
    click.echo(f"Indexed {result['chunks']} chunks; its job was {job['id']}.")
    if bundled_model:
        click.echo(BUNDLED)
    for question in (ANSWERED, UNANSWERED):
        click.secho(f"\n{question}", bold=True)
        asked = {"content": question, "use_documents": True, "max_tokens": MAX_TOKENS}
        began = time.monotonic()
        job = listen(client, answer(client.post("/messages", json=asked)))
        _print_reply(job["result"]["assistant_message"], time.monotonic() - began)
    click.echo(f"{NEXT}{BETTER if bundled_model else ''}.")


def _print_reply(reply: dict[str, Any], seconds: float) -> None:
    """Show what a reply rests on, and then what was made of it."""
    for citation in reply["citations"]:
        place = f"{citation['filename']}, page {citation['page']}"
        quote = " ".join(citation["quote"].split())
        click.secho(f"  [{citation['marker']}] {place}: “{quote}”", fg="green")
    words = " ".join(reply["content"].split())
    cut = " …" if reply["finish_reason"] == "length" else ""
    if reply["model"] == EXTRACTIVE:
        click.echo(f"  {words}")
        click.secho(f"  as it stands there, without a model, in {seconds:.1f} s", fg="bright_black")
    elif reply["model"]:
        by = f"{reply['model']}, {reply['tokens_used']} tokens"
        click.echo(f"  {words}{cut}")
        click.secho(f"  answered by {by}", fg="bright_black")
    else:
        click.echo(f"  {words}")
        click.secho("  no passage was near enough, so no model was asked", fg="bright_black")
