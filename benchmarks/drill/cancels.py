"""Replies that somebody cancels while they wait and while they run, whatever breaks meanwhile."""

import time
from dataclasses import dataclass
from typing import Any

import httpx

from assistant.services.jobs import event_log
from benchmarks.drill.drill import Drill
from benchmarks.drill.ending import Ending
from benchmarks.drill.promise import Promise
from benchmarks.drill.victims import until
from benchmarks.drill.wishes import Kind, Wish

PATIENCE = 60.0
# When all other lanes are done, it has its turn in any case.
START_SECONDS = 120.0
LASTING = 4.0
OPEN = ("queued", "running", "cancelled")
NOW = """
    SELECT j.state, j.attempt, j.event_number, m.content
    FROM jobs j JOIN messages m ON m.job_id = j.id WHERE j.id = :job
"""


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A job that was open when its cancellation was answered, and what was there just before."""

    job_id: str
    attempt: int
    text: str
    how: str


def while_queued(drill: Drill) -> bool:
    """Cancel a reply that waits for the one before it in its conversation."""
    first = drill.wishes.next(Kind.REPLY, LASTING)
    second = drill.wishes.next(
        Kind.REPLY, LASTING, owner=first.owner, conversation=first.conversation
    )
    for wish in (first, second):
        drill.clients.send(wish)
        if drill.accepted(wish) is None:
            return False
    return _cancel(drill, second, "queued")


def while_running(drill: Drill) -> bool:
    """Cancel a reply of which there is some text."""
    wish = drill.wishes.next(Kind.REPLY, LASTING)
    drill.clients.send(wish)
    job_id = drill.accepted(wish)
    if job_id is None:
        return False

    def has_text() -> bool:
        now = _now(drill, job_id)
        return now.state == "running" and bool(_text_of(now))

    return until(has_text, START_SECONDS) and _cancel(drill, wish, "running")


def _text_of(now: Any) -> str:
    """Return what the present attempt has written; until then an earlier one's text is there."""
    return now.content if now.event_number // event_log.ATTEMPT == now.attempt else ""


def _now(drill: Drill, job_id: str) -> Any:
    [row] = drill.stage.books.rows(NOW, job=job_id)
    return row


def _cancel(drill: Drill, wish: Wish, state: str) -> bool:
    """Cancel until that is answered; return whether it was in this state before, and still open."""
    job_id = drill.clients.jobs[wish.number]
    owner = drill.clients.owners[wish.owner]
    before = _now(drill, job_id)
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        try:
            answer = drill.clients.http.post(f"/jobs/{job_id}/cancel", headers=owner.headers)
        except httpx.HTTPError:
            answer = None
        if answer is not None and answer.status_code == 200:
            if (said := answer.json()["state"]) in OPEN:
                how = f"{said} when answered, {before.state} before"
                cancelled = Cancelled(job_id, before.attempt, _text_of(before), how)
                drill.cancelled[job_id] = cancelled
            return (
                said in OPEN
                and before.state == state
                and (bool(_text_of(before)) or state == "queued")
            )
        time.sleep(0.25)
    return False


def cancellations(drill: Drill, ending: Ending) -> Promise:
    """What was cancelled in time has ended so, with the text that it had."""
    broken, kept = [], 0
    for job_id, cancelled in drill.cancelled.items():
        job, messages = ending.jobs.get(job_id), ending.messages.get(job_id, [])
        if job is None or job.state != "cancelled" or not messages:
            broken.append(f"{job_id}: {job and job.state}, was {cancelled.how}")
        elif cancelled.text and job.attempt == cancelled.attempt:
            kept += 1
            if not messages[0].content.startswith(cancelled.text):
                broken.append(f"{job_id}: had {cancelled.text!r}, has {messages[0].content!r}")
    figure = f"{len(broken)} of {len(drill.cancelled)}; {kept} kept their partial text"
    return Promise("cancellations lost", figure, broken + ["no text was kept"] * (not kept))
