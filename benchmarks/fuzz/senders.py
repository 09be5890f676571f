"""Owners who upload the files, and follow each job to its end."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx

from benchmarks.accept import sign_in
from benchmarks.drill.books import Books
from benchmarks.fuzz.made import Made
from benchmarks.stack import Whole

OWNERS = 4
# More than the deadline of a job would say that it was forgotten.
SECONDS = 3600.0
PAUSE_SECONDS = 0.5
OPEN = "SELECT count(*) FROM jobs WHERE finished_at IS NULL AND kind = 'documents.index'"
WAIT = 10


@dataclass
class Sent:
    """A file that was sent: the answer, and the job once it has ended."""

    made: Made
    status: int
    said: dict[str, Any]
    job: dict[str, Any] = field(default_factory=dict)

    @property
    def end(self) -> str:
        """Return in one word what became of it."""
        if not self.job:
            return str(self.status)
        error: dict[str, Any] = self.job["error"] or {}
        return str(error.get("code") or self.job["state"])


class Senders:
    """Several owners with a thread each, who stop when whoever runs them does."""

    def __init__(self, whole: Whole) -> None:
        self.statuses: Counter[int] = Counter()
        self.sent: list[Sent] = []
        self.open = 0
        self._whole = whole
        self._over = threading.Event()

    def run(self, files: list[Made], books: Books) -> None:
        """Send all files, and return when the last job has ended, also of their attachments."""
        with ThreadPoolExecutor(OWNERS) as pool:
            try:
                futures = [pool.submit(self._one, n, files[n::OWNERS]) for n in range(OWNERS)]
                for future in futures:
                    future.result()
                give_up = time.monotonic() + SECONDS
                while books.one(OPEN) and time.monotonic() < give_up:
                    time.sleep(PAUSE_SECONDS)
            finally:
                self._over.set()

    def _one(self, number: int, files: list[Made]) -> None:
        token = sign_in(self._whole.stack.settings.port, f"sender{number}")
        with self._whole.client() as client:
            client.headers["Authorization"] = f"Bearer {token}"
            mine = [self._send(client, made) for made in files if not self._over.is_set()]
            self._follow(client, mine)

    def _send(self, client: httpx.Client, made: Made) -> Sent:
        while True:
            answer = client.post("/documents", files={"file": (made.name, made.content)})
            self.statuses[answer.status_code] += 1
            if answer.status_code != 429 or self._over.is_set():
                break
            self._over.wait(float(answer.headers["Retry-After"]))
        said = answer.json() if answer.headers["Content-Type"].endswith("json") else {}
        sent = Sent(made, answer.status_code, said)
        self.sent.append(sent)
        self.open += answer.status_code == 202
        return sent

    def _follow(self, client: httpx.Client, mine: list[Sent]) -> None:
        give_up = time.monotonic() + SECONDS
        for sent in mine:
            while sent.status == 202 and not (sent.job or self._over.is_set()):
                job = self._ended(client, sent.said["id"])
                if job is not None or time.monotonic() > give_up:
                    sent.job = job or {"state": "without an end", "error": None}
                    self.open -= 1

    def _ended(self, client: httpx.Client, job_id: str) -> dict[str, Any] | None:
        answer = client.get(f"/jobs/{job_id}", params={"wait": WAIT})
        self.statuses[answer.status_code] += 1
        job: dict[str, Any] = answer.json()
        return job if job.get("finished_at") else None


def wrong(sent: list[Sent]) -> Iterator[str]:
    """Yield each file that ended otherwise than it should."""
    for one in sent:
        if one.end not in one.made.ends:
            said = one.job.get("error") or one.said.get("detail") or one.said
            yield f"{one.made.kind} ({len(one.made.content)} bytes): {one.end}, {said}"
