"""What is there after the last fault, once everything that can end has ended."""

import re
import time
from collections import defaultdict
from itertools import pairwise
from typing import Any

from benchmarks.drill.backstage import Backstage
from benchmarks.drill.drill import Drill
from benchmarks.drill.victims import until
from benchmarks.drill.wishes import Wish

LIMIT_SECONDS = 60.0
UPKEEP_SECONDS = 60.0
QUESTION = re.compile(r"Question #(\d+)#")
FILENAME = re.compile(r"drill-(\d+)\.txt")

JOBS = """
    SELECT j.id, j.kind, j.state, j.attempt, j.failures, j.lease_losses, j.error, j.message_id,
        j.document_id, j.created_at, j.started_at, j.finished_at, j.sequence_key, j.sequence_number,
        q.content AS question, d.filename
    FROM jobs j
    LEFT JOIN messages m ON m.job_id = j.id LEFT JOIN messages q ON q.id = m.parent_id
    LEFT JOIN documents d ON d.id = j.document_id ORDER BY j.id
"""
ATTEMPTS = """
    SELECT job_id, attempt, worker, queue, started_at, finished_at, outcome, reason
    FROM job_attempts ORDER BY job_id, attempt
"""
MESSAGES = "SELECT id, job_id, status, content FROM messages WHERE role = 'assistant'"
DOCUMENTS = """
    SELECT d.id, d.status, d.chunk_count, d.collection_id, count(c.ordinal) AS chunks,
        count(c.ordinal) FILTER (WHERE c.generation = d.generation) AS current,
        count(DISTINCT c.ordinal) AS numbers
    FROM documents d LEFT JOIN chunks c ON c.document_id = d.id GROUP BY d.id
"""
VECTORS = """
    SELECT c.id, c.index_version, coalesce(array_agg(k.document_id || ':' || k.generation || ':'
        || k.ordinal) FILTER (WHERE k.document_id IS NOT NULL), '{}') AS ids
    FROM collections c LEFT JOIN documents d ON d.collection_id = c.id
    LEFT JOIN chunks k ON k.document_id = d.id AND k.generation = d.generation GROUP BY c.id
"""
OPEN = "SELECT count(*) FROM jobs WHERE finished_at IS NULL"


class Rows:
    """All rows, as they are at last."""

    def __init__(self, stage: Backstage) -> None:
        self.stage = stage
        books = stage.books
        self.vectors = self._vectors()
        self.documents = books.rows(DOCUMENTS)
        self.jobs = {str(job.id): job for job in books.rows(JOBS)}
        self.attempts: dict[str, list[Any]] = defaultdict(list)
        for attempt in books.rows(ATTEMPTS):
            self.attempts[str(attempt.job_id)].append(attempt)
        self.messages: dict[str, list[Any]] = defaultdict(list)
        for message in books.rows(MESSAGES):
            self.messages[str(message.job_id)].append(message)

    def _vectors(self) -> dict[str, tuple[set[str], set[str]]]:
        """Compare Chroma with PostgreSQL until they agree, or upkeep has had its time.

        To ask Chroma for all may take a minute, and what is read anew meanwhile has changed:
        only what differed is compared again.
        """
        differences: dict[str, tuple[set[str], set[str]]] = {}

        def agree() -> bool:
            again = set(differences)
            differences.clear()
            for row in self.stage.books.rows(VECTORS):
                if again and str(row.id) not in again:
                    continue
                have, want = self.stage.vectors(row.id, row.index_version), set(row.ids)
                if have != want:
                    differences[str(row.id)] = (want - have, have - want)
            return not differences

        until(agree, UPKEEP_SECONDS)
        return differences


class Ending(Rows):
    """All rows of the drill, and which of them came from which wish."""

    def __init__(self, drill: Drill, seconds: float, unanswered: int) -> None:
        super().__init__(drill.stage)
        self.drill = drill
        self.seconds = seconds
        self.unanswered = unanswered
        self.jobs_of: dict[int, list[str]] = defaultdict(list)
        for job in self.jobs.values():
            wish = self.wish_of(job)
            if wish is not None:
                self.jobs_of[wish.number].append(str(job.id))
        self.pairs = self._pairs()

    def wish_of(self, job: Any) -> Wish | None:
        """Return the wish that a job came from."""
        found = None
        if job.kind == "messages.reply":
            found = QUESTION.search(job.question or "")
        elif job.kind == "documents.index":
            found = FILENAME.fullmatch(job.filename or "")
        return self.drill.wishes.by_number[int(found[1])] if found else None

    def _pairs(self) -> list[tuple[Any, Any]]:
        by_conversation = defaultdict(list)
        for job in self.jobs.values():
            if job.kind == "messages.reply":
                by_conversation[job.sequence_key].append(job)
        return [
            pair
            for jobs in by_conversation.values()
            for pair in pairwise(sorted(jobs, key=lambda job: job.sequence_number))
        ]


def wait_for_the_end(drill: Drill) -> Ending:
    """Return what is there once all wishes were answered and all jobs ended, or time is over."""
    began, clients = time.monotonic(), drill.clients
    until(lambda: not clients.unanswered() and drill.stage.books.one(OPEN) == 0, LIMIT_SECONDS)
    seconds, unanswered = time.monotonic() - began, clients.unanswered()
    clients.finish()
    return Ending(drill, seconds, unanswered)
