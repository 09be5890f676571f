"""Live workers, Redis, PostgreSQL, Chroma and embedding model: the main job, and sudden deaths."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psutil
import pytest

from tests.doubles.model_server import Asked
from tests.live import Live

pytestmark = pytest.mark.slow

QUESTION = "On which days is the foghorn sounded?"


def long_document(words: int) -> bytes:
    """Return a text of which no two chunks are alike."""
    lines = (
        f"Entry {number}: the keeper of lamp {number * 7919 % 10_007} wrote about ship {number}, "
        f"its cargo of {number * 31 % 997} barrels and the weather of day {number % 365}.\n"
        for number in range(words)
    )
    return "".join(lines).encode()


def upload_long(live: Live) -> dict[str, Any]:
    """Upload a text of many small chunks, which are many batches but not much to embed."""
    small = {"name": "small chunks", "chunk_size": 250, "chunk_overlap": 0}
    made = live.client.post("/collections", json=small).raise_for_status().json()
    return live.upload("long.txt", long_document(1000), collection_id=made["id"])


def in_the_middle(job: dict[str, Any]) -> bool:
    """Return whether an index job has stored some of its chunks, and not all."""
    progress = job["progress"]
    return progress["stage"] == "embedding" and 0 < progress["done"] < progress["total"] - 128


def indexed_exactly_once(live: Live, job: dict[str, Any], attempts: list[str]) -> None:
    """Demand that a job succeeded, and left each chunk and each vector once."""
    assert job["state"] == "succeeded", job
    chunks, vectors = live.vectors(job["document_id"])
    assert chunks == vectors == job["result"]["chunks"] > 200
    rows = live.sql(
        "SELECT outcome FROM job_attempts WHERE job_id = :id ORDER BY attempt", id=job["id"]
    )
    assert [row.outcome for row in rows] == attempts
    [[distinct]] = live.sql(
        "SELECT count(DISTINCT start) FROM chunks WHERE document_id = :id", id=job["document_id"]
    )
    assert distinct == chunks


def test_a_handbook_is_uploaded_indexed_and_answers_with_evidence(
    live: Live, handbook: bytes
) -> None:
    began = time.perf_counter()
    job = live.ended(live.upload("handbook.pdf", handbook))
    indexed = time.perf_counter()
    assert job["state"] == "succeeded", job
    document_id = job["document_id"]
    assert live.get(f"/documents/{document_id}")["status"] == "ready"
    hits = live.client.post("/search", json={"query": QUESTION}).json()
    assert hits[0]["document_id"] == document_id
    searched = time.perf_counter()
    live.client.post("/search", json={"query": "lamp oil"}).raise_for_status()
    searched_again = time.perf_counter()
    reply = live.ended(live.ask(QUESTION, use_documents=True))
    answered = time.perf_counter()
    message = reply["result"]["assistant_message"]
    assert message["content"] == "The documents say so [1]."
    assert message["model"] == "scripted-model"
    [citation] = message["citations"]
    text = live.get(f"/documents/{document_id}/text", start=citation["start"], end=citation["end"])
    assert citation["quote"] == text["text"]
    assert "foghorn" in citation["quote"]
    again = time.perf_counter()
    live.ended(live.ask(QUESTION, use_documents=True))
    plain = time.perf_counter()
    live.ended(live.ask("Hello."))
    end = time.perf_counter()
    print(
        f"\nindex {indexed - began:.2f} s (cold), first search {searched - indexed:.2f} s, "
        f"second {(searched_again - searched) * 1000:.0f} ms, "
        f"first answer {answered - searched_again:.2f} s, "
        f"second {(plain - again) * 1000:.0f} ms, plain reply {(end - plain) * 1000:.0f} ms"
    )


def test_a_killed_indexing_child_costs_one_attempt(live: Live) -> None:
    job = upload_long(live)
    live.until(job, in_the_middle)
    began = time.perf_counter()
    for child in live.process("long_indexing").children():
        live.kill(child)
    job = live.ended(job, seconds=110)
    print(f"\nrecovered and indexed {time.perf_counter() - began:.1f} s after the kill")
    indexed_exactly_once(live, job, ["moved", "lease_lost", "succeeded"])


def test_a_killed_indexing_worker_costs_one_attempt(live: Live) -> None:
    job = upload_long(live)
    live.until(job, in_the_middle)
    began = time.perf_counter()
    worker = live.process("long_indexing")
    children = worker.children()
    live.kill(worker)
    job = live.ended(job, seconds=110)
    print(f"\nrecovered and indexed {time.perf_counter() - began:.1f} s after the kill")
    indexed_exactly_once(live, job, ["moved", "lease_lost", "succeeded"])
    assert not [child for child in children if child.is_running()]


def test_a_small_file_does_not_wait_for_a_large_one(live: Live) -> None:
    large = live.upload("long.txt", long_document(2000))
    small = live.ended(live.upload("small.txt", b"The lamp of the old harbour burns seal oil."))
    assert small["state"] == "succeeded"
    assert live.get(f"/jobs/{large['id']}")["finished_at"] is None
    done = live.ended(large, seconds=110)
    outcomes = [attempt["outcome"] for attempt in done["attempts"]]
    assert (done["state"], outcomes) == ("succeeded", ["moved", "succeeded"])


def test_a_reply_whose_worker_is_killed_is_written_once(live: Live) -> None:
    live.model.script("endless", interval=20)
    job = live.ask("Tell me a story.")
    live.model.wait_for(lambda asked: asked.tokens_sent > 20, seconds=20)
    live.kill(live.process("replies"))
    live.model.script("answer", text="Once upon a time.")
    job = live.ended(job)
    assert (job["state"], job["attempt"]) == ("succeeded", 2)
    message = job["result"]["assistant_message"]
    assert message["content"] == "Once upon a time."
    messages = live.get("/messages", conversation_id=job["conversation_id"])
    assert [message["role"] for message in messages] == ["user", "assistant"]


def test_cancelling_closes_the_stream_within_a_second(live: Live) -> None:
    live.model.script("endless", interval=20)
    job = live.ask("Tell me a long story.")
    live.model.wait_for(lambda asked: asked.tokens_sent > 5, seconds=30)
    asked_at = time.time()
    answer = live.client.post(f"/jobs/{job['id']}/cancel").json()
    assert answer["cancel_requested_at"] is not None

    def closed(asked: Asked) -> bool:
        return asked.closed_at is not None

    request = live.model.wait_for(closed)
    assert request.ended == "closed by client"
    assert request.closed_at is not None
    print(f"\nstream closed {(request.closed_at - asked_at) * 1000:.0f} ms after the cancel")
    assert request.closed_at - asked_at < 1
    job = live.ended(job)
    assert (job["state"], job["result"]) == ("cancelled", None)
    message = live.get(f"/messages/{job['message_id']}")
    assert message["content"].startswith("word0 word1 ")
    assert message["tokens_used"] > 0


def test_without_its_sweeper_a_lost_job_waits_until_there_is_one(live: Live) -> None:
    sweeper = live.process("sweeper")
    sweeper.suspend()
    try:
        live.model.script("endless", interval=20)
        job = live.ask("Tell me a story.")
        live.model.wait_for(lambda asked: asked.tokens_sent > 5, seconds=30)
        live.kill(live.process("replies"))
        [[expired]] = [[False]]
        give_up = time.monotonic() + 20
        while not expired and time.monotonic() < give_up:
            [[expired]] = live.sql(
                "SELECT lease_expires_at < now() FROM jobs WHERE id = :id", id=job["id"]
            )
        assert expired
        assert live.get(f"/jobs/{job['id']}")["state"] == "running"
    finally:
        live.kill(sweeper)
    job = live.ended(job)
    assert (job["state"], job["attempt"]) == ("succeeded", 2)
    assert live.process("sweeper").pid != sweeper.pid


def test_flower_lists_tasks_by_job_id_behind_its_password(live: Live) -> None:
    port, password = live.stack.settings.flower_port, live.stack.settings.flower_password
    assert password is not None
    flower = f"http://127.0.0.1:{port}"
    auth = ("admin", password.get_secret_value())
    for path in ("/", "/tasks", "/api/tasks", "/api/workers", "/metrics"):
        assert httpx.get(flower + path).status_code == 401, path
        assert httpx.get(flower + path, auth=("admin", "wrong")).status_code == 401, path
        assert httpx.get(flower + path, auth=auth).status_code == 200, path
    asked = []

    def seen() -> dict[str, Any] | None:
        # A worker that has just been started again sends events once Flower has noticed it.
        asked.append(live.ended(live.ask("Hello."))["id"])
        live.client.post("/search", json={"query": "a secret question"}).raise_for_status()
        tasks = httpx.get(f"{flower}/api/tasks", auth=auth).raise_for_status().json()
        searches = [task for task in tasks.values() if task["name"] == "search.run"]
        mine = [tasks[job_id] for job_id in asked if job_id in tasks]
        found = searches and any(task["state"] == "SUCCESS" for task in mine)
        return {task["uuid"]: task for task in mine + searches} if found else None

    give_up = time.monotonic() + 40
    while (tasks := seen()) is None and time.monotonic() < give_up:
        time.sleep(0.5)
    assert tasks is not None
    assert {task["name"] for task in tasks.values()} == {"messages.reply", "search.run"}
    assert "secret" not in str(tasks)
    assert all(
        task["args"] == "(hidden)" for task in tasks.values() if task["name"] == "search.run"
    )


def test_the_web_process_has_loaded_no_model(live: Live) -> None:
    web = live.process("web")
    maps = [mapped.path for process in [web, *web.children()] for mapped in process.memory_maps()]
    assert maps
    assert not [path for path in maps if "torch" in path or "chromadb" in path]
    assert psutil.pid_exists(web.pid)


def test_who_waits_for_a_busy_worker_is_served_as_soon_as_a_thread_is_free(live: Live) -> None:
    live.upload("handbook.txt", b"The foghorn is sounded on Fridays.")
    questions = [{"query": f"Is the foghorn sounded on day {number}?"} for number in range(40)]
    live.client.post("/search", json=questions[0]).raise_for_status()
    began = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        answers = pool.map(lambda body: live.client.post("/search", json=body), questions)
        assert {answer.status_code for answer in answers} == {200}
    # The worker has two threads. When it looked for the next only each second, it took 14.
    assert time.monotonic() - began < 8
