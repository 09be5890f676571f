"""Live workers that are told to leave: what they have goes back to the queue at once."""

import time
from typing import Any

import psutil
import pytest

from assistant.adapters.documents.fork_server import NICENESS
from tests.adapters.files import slow_pdf
from tests.live import Live
from tests.parsers import parser_of
from tests.workers.test_live import in_the_middle, indexed_exactly_once, upload_long

pytestmark = pytest.mark.slow

# supervisord and Docker kill a little later than this.
SECONDS_TO_LEAVE = 10


def tell_to_leave(worker: psutil.Process) -> float:
    """Send SIGTERM to a worker; return how many seconds it took to be gone with its children."""
    processes, began = [worker, *worker.children(recursive=True)], time.perf_counter()
    worker.terminate()
    _, left = psutil.wait_procs(processes, timeout=SECONDS_TO_LEAVE)
    assert not left
    return time.perf_counter() - began


def reads_a_file(worker: psutil.Process) -> psutil.Process:
    """Return the process in which a worker has a file read, once it is in the middle of it."""
    give_up = time.monotonic() + 30
    while time.monotonic() < give_up:
        if (process := parser_of(worker)) is not None:
            return process
        time.sleep(0.02)
    raise AssertionError("no file is read")


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
    job = upload_long(live)
    live.until(job, in_the_middle)
    seconds = tell_to_leave(live.process("long_indexing"))
    assert attempts_of(live, job)[:2] == ["moved", "released"]
    job = live.ended(job)
    print(f"\nthe worker left in {seconds:.1f} s")
    indexed_exactly_once(live, job, ["moved", "released", "succeeded"])
    demand_nothing_was_counted(live, job)


def test_a_worker_that_leaves_does_not_wait_for_a_server_that_hangs(live: Live) -> None:
    chroma = live.process("chroma")
    chroma.suspend()
    try:
        job = live.upload("note.txt", b"The harbour opens at six.")
        # From here on it waits for Chroma, much longer than for anything else.
        live.until(job, lambda job: job["progress"]["stage"] == "indexing")
        seconds = tell_to_leave(live.process("indexing"))
        assert attempts_of(live, job)[0] == "released"
    finally:
        chroma.resume()
    job = live.ended(job)
    print(f"\nthe worker left in {seconds:.1f} s")
    assert job["state"] == "succeeded"
    assert live.vectors(job["document_id"]) == (1, 1)
    demand_nothing_was_counted(live, job)


def test_a_worker_that_leaves_does_not_wait_for_redis(live: Live) -> None:
    live.model.script("endless", interval=20)
    job = live.ask("Tell me a story.")
    live.model.wait_for(lambda asked: asked.tokens_sent > 20, seconds=20)
    live.model.script("answer", text="Once upon a time.")
    worker, valkey = live.process("replies"), live.process("valkey")
    valkey.suspend()
    try:
        seconds = tell_to_leave(worker)
        assert attempts_of(live, job)[0] == "released"
    finally:
        valkey.resume()
    print(f"\nthe worker left in {seconds:.1f} s")
    assert live.ended(job)["state"] == "succeeded"
    demand_nothing_was_counted(live, job)


def test_a_worker_that_leaves_gives_back_a_document_that_is_being_read(live: Live) -> None:
    job = live.upload("slow.pdf", slow_pdf())
    reading = reads_a_file(live.process("indexing"))
    seconds = tell_to_leave(live.process("indexing"))
    assert not reading.is_running()
    [released, *_] = attempts_of(live, job)
    assert released == "released"
    demand_nothing_was_counted(live, job)
    print(f"\nthe worker left in {seconds:.1f} s")
    # Else it would keep the next worker busy until its time is over.
    asked_at = time.perf_counter()
    live.client.post(f"/jobs/{job['id']}/cancel").raise_for_status()
    assert live.ended(job)["state"] == "cancelled"
    print(f"cancelled after {time.perf_counter() - asked_at:.1f} s")


def test_cancelling_stops_a_document_that_is_being_read(live: Live) -> None:
    job = live.upload("slow.pdf", slow_pdf())
    reading = reads_a_file(live.process("indexing"))
    # Whoever reads a small file beside it comes first.
    assert reading.nice() == NICENESS
    asked_at = time.perf_counter()
    live.client.post(f"/jobs/{job['id']}/cancel").raise_for_status()
    job = live.ended(job)
    seconds = time.perf_counter() - asked_at
    assert job["state"] == "cancelled"
    assert not reading.is_running()
    print(f"\ncancelled after {seconds:.2f} s")
    assert seconds < 2
    demand_nothing_was_counted(live, job)
