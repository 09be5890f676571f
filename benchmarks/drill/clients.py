"""Clients of several owners, who repeat a request under the same key until it is answered."""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import httpx

from benchmarks.drill.ledger import Ledger, Try
from benchmarks.drill.owners import Owner, signed_in
from benchmarks.drill.stage import Stage
from benchmarks.drill.wishes import ANEW, OWNERS, Kind, Wish, Wishes

PATIENCE = 150.0
PAUSE = 0.25
# What an answer of 4xx says that may pass: a twin in flight, a limit.
PASSING = (408, 409, 425, 429)
# What is told of something that was deleted, with its user or without.
GONE = (401, 404)
READY = """
    SELECT d.id, kept.id AS kept FROM documents d
    JOIN documents kept ON kept.owner_id = d.owner_id AND kept.filename = 'lamp.txt'
    WHERE d.status = 'ready' AND d.deleted_at IS NULL AND d.id <> kept.id
        AND d.collection_id = kept.collection_id ORDER BY d.id
"""


class Clients:
    """Sends wishes from a pool of threads, and remembers which jobs were accepted."""

    def __init__(self, stage: Stage, ledger: Ledger, wishes: Wishes) -> None:
        self.stage = stage
        self.ledger = ledger
        self.wishes = wishes
        self.jobs: dict[int, str] = {}
        self.refused: dict[int, str] = {}
        self.extra: set[str] = set()
        # What users have asked for who are to be deleted, and their jobs with them.
        self.parting: set[str] = set()
        self.in_flight = 0
        self.closed = threading.Event()
        self.owners: list[Owner] = []
        self.doomed: set[str] = set()
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(64, thread_name_prefix="client")
        self._sent: list[Future[None]] = []
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=64)
        self.http = httpx.Client(
            base_url=f"{stage.application.url}/api/v1", timeout=30, limits=limits, trust_env=False
        )

    def settle_in(self, leavers: int) -> None:
        """Register all owners, with their conversations and a document each to ask about."""
        for number in range(OWNERS + leavers):
            owner, job_id = signed_in(self.http, number)
            self.owners.append(owner)
            (self.extra if number < OWNERS else self.parting).add(job_id)
        while self.stage.books.one("SELECT count(*) FROM jobs WHERE finished_at IS NULL"):
            time.sleep(PAUSE)

    def send(self, wish: Wish) -> None:
        """Send a wish from another thread."""
        self._sent.append(self._pool.submit(self._insist, wish))

    def burst(self, count: int, seconds: float) -> None:
        """Send questions whose replies last that long, all at once."""
        for _ in range(count):
            self.send(self.wishes.next(Kind.REPLY, seconds))

    def unanswered(self) -> int:
        """Count the wishes that were neither accepted nor given up."""
        return sum(not future.done() for future in self._sent)

    def finish(self) -> None:
        """Give up what is not answered, and raise what went wrong in the clients themselves."""
        self.close()
        for future in self._sent:
            if not future.cancelled():
                future.result()

    def close(self) -> None:
        """Send nothing any more."""
        self.closed.set()
        self._pool.shutdown(cancel_futures=True)

    def twins(self, count: int) -> tuple[Wish, list[str]]:
        """Send one question under one key from many clients at once; return what they got."""
        wish = self.wishes.next(Kind.REPLY, 0.5)
        barrier = threading.Barrier(count)

        def twin() -> str:
            barrier.wait()
            self._insist(wish)
            return self.jobs.get(wish.number, "")

        with ThreadPoolExecutor(count) as pool:
            futures = [pool.submit(twin) for _ in range(count)]
            return wish, [future.result() for future in futures]

    def _insist(self, wish: Wish) -> None:
        """Send a request until it is answered for good."""
        doomed = {Kind.COLLECTION: f"/collections/{wish.collection}", Kind.USER: "/users/me"}
        target = doomed.get(wish.kind, "")
        if wish.kind is Kind.DELETION:
            wish, target = self._doom(wish)
            if not target:
                return
        give_up, unsure, status, answer = time.monotonic() + PATIENCE, False, 0, None
        while time.monotonic() < give_up and not self.closed.is_set():
            answer = self._try(wish, target)
            status = 0 if answer is None else answer.status_code
            if answer is not None and status == 202:
                self._accepted(wish, answer.json()["id"])
                return
            if target and unsure and status in (*GONE, 409):
                # The try before it was accepted; nobody was told so.
                return
            if status in GONE and not target and (wish.leaves or wish.collection):
                # It comes too late.
                return
            if 400 <= status < 500 and status not in PASSING:
                break
            unsure = True
            # As a client does that was told when to come back, or was told nothing.
            time.sleep(min(float((answer and answer.headers.get("Retry-After")) or PAUSE), 2.0))
        self.refused[wish.number] = f"{status} {answer.text[:200] if answer is not None else ''}"

    def _accepted(self, wish: Wish, job_id: str) -> None:
        with self._lock:
            if wish.leaves and wish.kind is not Kind.USER:
                self.parting.add(job_id)
                return
            known = self.jobs.setdefault(wish.number, job_id)
            if known != job_id:
                self.extra.add(job_id)

    def _try(self, wish: Wish, target: str) -> httpx.Response | None:
        began, clock = time.time(), time.perf_counter()
        with self._lock:
            self.in_flight += 1
        answer, words = None, ""
        try:
            answer = self._request(wish, target)
            words = "" if answer.status_code == 202 else answer.text[:300]
        except httpx.HTTPError as error:
            words = f"{type(error).__name__}: {error}"
        with self._lock:
            self.in_flight -= 1
        self.ledger.tried(
            Try(
                f"{wish.kind} by who leaves" if wish.leaves else wish.kind,
                began,
                time.perf_counter() - clock,
                0 if answer is None else answer.status_code,
                None if answer is None else answer.headers.get("Retry-After"),
                words,
            )
        )
        return answer

    def _request(self, wish: Wish, target: str) -> httpx.Response:
        owner = self.owners[wish.owner]
        headers = {**owner.headers, "Idempotency-Key": wish.key}
        if target:
            return self.http.delete(target, headers=headers)
        if wish.kind is Kind.UPLOAD:
            files = {"file": (wish.filename, wish.document(), "text/plain")}
            data = {"collection_id": wish.collection} if wish.collection else None
            return self.http.post("/documents", files=files, data=data, headers=headers)
        body: dict[str, Any] = {
            "content": f"Question {wish.tag}: what does the lamp of the old harbour burn?",
        }
        if wish.conversation != ANEW:
            body["conversation_id"] = owner.conversations[wish.conversation]
        if wish.kind is Kind.GROUNDED:
            body["document_ids"] = [owner.document]
        return self.http.post("/messages", json=body, headers=headers)

    def _doom(self, wish: Wish) -> tuple[Wish, str]:
        """Choose a document to delete: one that is ready and not needed; its owner asks."""
        ready = self.stage.books.rows(READY)
        kept = [owner.document for owner in self.owners[:OWNERS]]
        with self._lock:
            left = [
                row for row in ready if str(row.id) not in self.doomed and str(row.kept) in kept
            ]
            if not left:
                return wish, ""
            self.doomed.add(str(left[0].id))
        wish = replace(wish, owner=kept.index(str(left[0].kept)))
        self.wishes.by_number[wish.number] = wish
        return wish, f"/documents/{left[0].id}"
