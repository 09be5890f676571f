"""Places of the same bytes that come, change and go at the same time."""

import contextlib
import io
import random
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask

from assistant.errors import Conflict, NotFound
from assistant.extensions import adapters
from assistant.services import job_kinds, jobs
from assistant.services.documents import changes, collections, deletion, documents
from tests.services.factories import sql

CONTENTS = [f"The lamp of harbour {n} burns seal oil since {n} years.".encode() for n in range(2)]
USERS, WORKERS, STEPS = 4, 2, 12
INDEXING = "id FROM (SELECT * FROM jobs WHERE kind = 'documents.index') AS indexing"
# What comes too late for a document or a job, which somebody else has changed.
LATE = (Conflict, NotFound)


class Play:
    """What some clients of one owner and some workers do, each in a thread of its own."""

    def __init__(self, app: Flask, owner: uuid.UUID, seed: int) -> None:
        self._app = app
        self._owner = owner
        self._random = random.Random(seed)
        self._shelves = [None, collections.create(owner, f"shelf {owner}").id]
        self._over = threading.Event()

    def client(self) -> None:
        """Upload, replace, move, cancel and delete at random."""
        with self._app.app_context():
            for _ in range(STEPS):
                with contextlib.suppress(LATE):
                    self._step()

    def _step(self) -> None:
        choice = self._random.random()
        content = io.BytesIO(self._random.choice(CONTENTS))
        if choice < 0.5:
            documents.create(self._owner, content, "a.txt", self._random.choice(self._shelves))
        elif (document_id := self._any("id FROM documents")) is None:
            return
        elif choice < 0.65:
            changes.replace(self._owner, document_id, content, "a.txt")
        elif choice < 0.75:
            shelf = self._shelves[1]
            changes.update(self._owner, document_id, collection_id=shelf)
        elif choice < 0.85 and (job_id := self._any(INDEXING)) is not None:
            jobs.cancel(self._owner, job_id)
            job_kinds.retry(self._owner, job_id)
        else:
            deletion.delete(self._owner, document_id)

    def _any(self, what: str) -> uuid.UUID | None:
        rows = sql(f"SELECT {what} WHERE owner_id = :owner", owner=self._owner)
        return self._random.choice(rows)[0] if rows else None

    def worker(self) -> None:
        """Do what is open until all clients have ended and nothing is open."""
        with self._app.app_context():
            while (found := self._open_jobs()) or not self._over.is_set():
                for job_id in found:
                    jobs.run(str(job_id))
                self._over.wait(0.01)

    def _open_jobs(self) -> list[uuid.UUID]:
        rows = sql(
            "SELECT id FROM jobs WHERE owner_id = :owner AND state = 'queued' ORDER BY id",
            owner=self._owner,
        )
        return [row[0] for row in rows]

    def run(self) -> None:
        """Let all of them play to the end; what any of them raises is raised."""
        with ThreadPoolExecutor(USERS + WORKERS) as pool:
            workers = [pool.submit(self.worker) for _ in range(WORKERS)]
            clients = [pool.submit(self.client) for _ in range(USERS)]
            try:
                for each in clients:
                    each.result()
            finally:
                self._over.set()
            for each in workers:
                each.result()


def states(owner: uuid.UUID) -> dict[str, Any]:
    """Return the codes of errors by job, leaving out what comes of cancelling and replacing."""
    rows = sql("SELECT id, error ->> 'code' FROM jobs WHERE owner_id = :owner", owner=owner)
    usual = (None, "overtaken", "document_deleted", "index_replaced")
    return {str(job_id): code for job_id, code in rows if code not in usual}


@pytest.mark.parametrize("seed", [1, 2])
def test_whoever_does_what_at_the_same_time_all_places_are_whole(
    app: Flask, owner: uuid.UUID, seed: int
) -> None:
    Play(app, owner, seed).run()
    assert states(owner) == {}
    rows = sql(
        "SELECT d.id, d.status, d.storage_key, d.sha256, f.sha256, d.replacement ->> 'storage_key'"
        " FROM documents d LEFT JOIN files f ON f.id = d.file_id WHERE d.owner_id = :owner",
        owner=owner,
    )
    for _, status, key, content, file, _ in rows:
        assert status in ("ready", "cancelled")
        assert content == file
        assert adapters.files.path(key).read_bytes() in CONTENTS
    # Each file's row is named by somebody, and each name on disk too.
    assert (
        sql(
            "SELECT f.id FROM files f WHERE f.owner_id = :owner"
            " AND NOT EXISTS (SELECT FROM documents WHERE file_id = f.id)"
            " AND NOT EXISTS (SELECT FROM document_texts WHERE file_id = f.id)",
            owner=owner,
        )
        == []
    )
    # What a text was read from stays as long as the text.
    texts = sql("SELECT storage_key FROM document_texts WHERE owner_id = :owner", owner=owner)
    named = {key for row in rows for key in (row[2], row[5]) if key}
    named |= {key for (key,) in texts if key}
    folder = adapters.files.path(str(owner))
    assert {f"{owner}/{path.name}" for path in folder.glob("*")} == named
