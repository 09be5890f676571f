"""A worker that has just started: the first jobs find everything that they need."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from assistant.services.retrieval.search import SEARCH
from tests.live import Live

pytestmark = pytest.mark.slow

QUESTIONS = 8


def ready_since(live: Live, queue: str, moment: Any) -> bool:
    """Return whether the workers of a queue said after this moment that they are ready."""
    [[ready]] = live.sql(
        "SELECT coalesce(max(seen_at) > :moment, false) FROM heartbeats WHERE name = :name",
        moment=moment,
        name=f"worker:{queue}",
    )
    return bool(ready)


def at_once(live: Live) -> None:
    """Have the first questions wait for the worker."""


def once_ready(live: Live, queue: str = "replies") -> None:
    """Wait until the worker says that it is ready."""
    [[moment]] = live.sql("SELECT clock_timestamp()")
    give_up = time.monotonic() + 60
    while not ready_since(live, queue, moment):
        assert time.monotonic() < give_up, "the worker never says that it is ready"
        time.sleep(0.02)


@pytest.mark.parametrize("wait", [at_once, once_ready])
def test_the_first_questions_about_documents_cost_no_attempt(
    live: Live, wait: Callable[[Live], None]
) -> None:
    document = live.ended(live.upload("note.txt", b"The harbour opens at six in the morning."))
    assert document["state"] == "succeeded"
    live.kill(live.process("replies"))
    wait(live)
    # Frozen, it finds all of them at the same moment.
    worker = live.process("replies")
    worker.suspend()
    try:
        asked = [
            live.ask(f"When does harbour {number} open?", use_documents=True)
            for number in range(QUESTIONS)
        ]
    finally:
        worker.resume()
    for job in asked:
        ended = live.ended(job)
        assert ended["state"] == "succeeded", ended
        assert ended["result"]["assistant_message"]["citations"]
        # Of the short leases of these tests a busy machine may lose one, which is no failure.
        rows = live.sql("SELECT outcome, reason FROM job_attempts WHERE job_id = :id", id=job["id"])
        assert {row.outcome for row in rows} <= {"succeeded", "lease_lost"}, rows


def test_the_first_searches_are_all_answered(live: Live) -> None:
    document = live.ended(live.upload("note.txt", b"The harbour opens at six in the morning."))
    live.kill(live.process("search"))
    once_ready(live, "search")
    query = {"query": "When does it open?", "document_ids": [document["document_id"]]}
    with ThreadPoolExecutor(SEARCH.most) as pool:
        asked = range(SEARCH.most)
        answers = [pool.submit(live.client.post, "/search", json=query) for _ in asked]
        for answer in answers:
            response = answer.result(30)
            assert response.status_code == 200, response.text
            assert response.json()
