"""Following a job over HTTP to its end, for a person who watches, however long it takes."""

import json
import time
from collections.abc import Iterator
from typing import Any

import click
import httpx

from assistant.local.errors import LocalRunError

# A slow machine is no reason to give up; one on which nothing has moved for so long is.
PATIENCE_SECONDS = 600.0
POLL_SECONDS = 0.1
REPORT_SECONDS = 5.0
BAR_LENGTH = 30


def follow(client: httpx.Client, job: dict[str, Any]) -> dict[str, Any]:
    """Poll a job until it has ended, and show each step."""
    shown = None
    patience = _Patience(job)
    while True:
        job = answer(client.get(f"/jobs/{job['id']}"))
        progress = job["progress"]
        step = (progress["stage"], progress["done"])
        if step != shown:
            _print_step(job["state"], progress)
            shown = step
        if job["finished_at"]:
            return _succeeded(job)
        patience.look((job["state"], job["attempt"], *step), f"{job['state']}, {step[0]}")
        time.sleep(POLL_SECONDS)  # polling is what is shown here


def listen(client: httpx.Client, job: dict[str, Any]) -> dict[str, Any]:
    """Follow a reply live until its job has ended, and show how far it is."""
    patience, text, stage, after, thoughts = _Patience(job), "", job["state"], 0, 0
    while True:
        address, query = f"/jobs/{job['id']}/events", {"after": after} if after else {}
        # The server ends a stream after some minutes, and expects its reader to come back.
        with client.stream("GET", address, params=query) as response:
            if response.is_error:
                response.read()
                answer(response)
            for number, event, data in _events(response.iter_lines()):
                after = number or after
                if event == "progress" and data["stage"] != stage:
                    stage = data["stage"]
                    _print_step("running", data)
                elif event == "reasoning":
                    thoughts += 1
                elif event in ("delta", "snapshot"):
                    text = data["text"] if event == "snapshot" else text + data["text"]
                elif event == "done":
                    return _succeeded(data)
                patience.look((stage, text, thoughts), f"{len(text.split())} words written")
        patience.look((stage, text, thoughts), f"{len(text.split())} words written")
        time.sleep(POLL_SECONDS)


def answer(response: httpx.Response) -> Any:
    """Return what the API answered; raise `LocalRunError` if that is an error."""
    if response.is_error:
        raise LocalRunError(f"{response.request.url} answered {response.text}")
    return response.json()


class _Patience:
    """Waits for a job for as long as something moves, and now and then says that it waits."""

    def __init__(self, job: dict[str, Any]) -> None:
        self._job = job
        self._seen: object = None
        self._moved_at = self._said_at = time.monotonic()

    def look(self, seen: object, words: str) -> None:
        """Note how far the job is; raise `LocalRunError` if that has long been the same."""
        now = time.monotonic()
        if seen != self._seen:
            self._seen, self._moved_at = seen, now
        elif now - self._moved_at > PATIENCE_SECONDS:
            raise LocalRunError(
                f"Nothing of job {self._job['id']} has moved for {PATIENCE_SECONDS:.0f} s "
                f"({words}). See whether this machine has memory left, and try it again."
            )
        if now - self._said_at > REPORT_SECONDS:
            self._said_at = now
            click.secho(f"  … {words}", fg="bright_black")


def _events(lines: Iterator[str]) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Yield each server-sent event with its id; a comment, which shows life, has none."""
    number, event, data = 0, "", "{}"
    for line in lines:
        name, _, value = line.partition(": ")
        if name == "id":
            number = int(value)
        elif name == "event":
            event = value
        elif name == "data":
            data = value
        elif not line or line.startswith(":"):
            yield number, event, json.loads(data)
            number, event, data = 0, "", "{}"


def _succeeded(job: dict[str, Any]) -> dict[str, Any]:
    if job["state"] == "succeeded":
        return job
    why = job["error"]["detail"] if job["error"] else "nobody wanted it any more"
    raise LocalRunError(f"The job ended as {job['state']}: {why}")


def _print_step(state: str, progress: dict[str, Any]) -> None:
    click.echo(f"  {state:<10} {progress['stage']:<11}{_bar(progress)}")


def _bar(progress: dict[str, Any]) -> str:
    if not progress["total"]:
        return ""
    full = BAR_LENGTH * progress["done"] // progress["total"]
    return f"{'█' * full}{'░' * (BAR_LENGTH - full)} {progress['done']}/{progress['total']}"
