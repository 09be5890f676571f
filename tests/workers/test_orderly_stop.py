"""Live workers that are told to leave: what they have goes back to the queue at once."""

import time
from typing import Any

import psutil
import pytest

from tests.live import Live
from tests.workers.test_live import in_the_middle, indexed_exactly_once, long_document

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

# supervisord and Docker kill a little later than this.
SECONDS_TO_LEAVE = 10


def tell_to_leave(worker: psutil.Process) -> float:
    """Send SIGTERM to a worker; return how many seconds it took to be gone with its children."""
    processes, began = [worker, *worker.children()], time.perf_counter()
    worker.terminate()
    _, left = psutil.wait_procs(processes, timeout=SECONDS_TO_LEAVE)
    assert not left
    return time.perf_counter() - began


def attempts_of(live: Live, job: dict[str, Any]) -> list[str]:
    rows = live.sql(
        "SELECT outcome FROM job_attempts WHERE job_id = :id ORDER BY attempt", id=job["id"]
    )
    return [row.outcome for row in rows]


def demand_nothing_was_counted(live: Live, job: dict[str, Any]) -> None:
    [counted] = live.sql("SELECT failures, lease_losses FROM jobs WHERE id = :id", id=job["id"])
    assert tuple(counted) == (0, 0)


def test_a_worker_that_leaves_gives_its_reply_back(live: Live) -> None:
    live.model.script("endless", interval=20)
    job = live.ask("Tell me a story.")
    live.model.wait_for(lambda asked: asked.tokens_sent > 20, seconds=20)
    live.model.script("answer", text="Once upon a time.")
    seconds = tell_to_leave(live.process("replies"))
    assert attempts_of(live, job)[0] == "released"
    job = live.ended(job)
    print(f"\nthe worker left in {seconds:.1f} s")
    assert (job["state"], job["attempt"]) == ("succeeded", 2)
    assert job["result"]["assistant_message"]["content"] == "Once upon a time."
    assert attempts_of(live, job) == ["released", "succeeded"]
    demand_nothing_was_counted(live, job)


def test_a_worker_that_leaves_gives_its_document_back_between_two_batches(live: Live) -> None:
    job = live.upload("long.txt", long_document(2000))
    live.until(job, in_the_middle)
    seconds = tell_to_leave(live.process("indexing"))
    assert attempts_of(live, job)[0] == "released"
    job = live.ended(job)
    print(f"\nthe worker left in {seconds:.1f} s")
    indexed_exactly_once(live, job, ["released", "succeeded"])
    demand_nothing_was_counted(live, job)
