"""Fill a database with jobs, ended and waiting, and hold the statistics of an unlucky moment."""

import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
from sqlalchemy import make_url

from assistant.local.stack import LocalStack
from benchmarks.stack import scripted

# Nothing looks at these tables by itself any more, so what is known of them stays as it is.
HELD = ("jobs", "open_jobs", "job_attempts", "messages", "conversations")

_OWNER = """
INSERT INTO users (id, username, email, password_hash, role, is_active)
VALUES (%(id)s, %(name)s, %(name)s || '@example.org', '-', 'user', true)
"""
# As `ask_question` writes them. One in ten stands in a conversation in which others wait, too.
_WAITING = """
WITH made AS MATERIALIZED (
    SELECT number, gen_random_uuid() AS question, gen_random_uuid() AS reply,
        gen_random_uuid() AS job,
        CASE WHEN number %% 10 = 0 THEN %(long)s::uuid ELSE gen_random_uuid() END AS conversation
    FROM generate_series(1, %(count)s) AS number
), talks AS (
    INSERT INTO conversations (id, owner_id, title, last_position)
    SELECT DISTINCT conversation, %(owner)s::uuid, 'Planted', 2 * %(count)s + 2 FROM made
), said AS (
    INSERT INTO messages (id, owner_id, conversation_id, position, role, status, content,
        citations, options)
    SELECT question, %(owner)s::uuid, conversation, 2 * number + 1, 'user', 'succeeded',
        %(content)s, '[]', '{}' FROM made
), promised AS (
    INSERT INTO messages (id, owner_id, conversation_id, parent_id, position, role, status,
        content, citations, options, job_id)
    SELECT reply, %(owner)s::uuid, conversation, question, 2 * number + 2, 'assistant', 'queued',
        '', '[]', '{}', job FROM made
)
INSERT INTO jobs (id, owner_id, kind, queue, priority, arguments, payload_version, state, version,
    attempt, failures, max_failures, lease_losses, quarantine_losses, deadline_at, dispatches,
    progress_stage, progress_done, event_number, conversation_id, message_id, sequence_key,
    sequence_number)
SELECT job, %(owner)s::uuid, 'messages.reply', 'replies', 5, '{"first_stage": "generating"}', 1,
    'queued', 1, 0, 0, 6, 0, 0, now() + interval '1 day', 0, 'queued', 0, 0, conversation, reply,
    conversation, 2 * number + 2
FROM made ORDER BY number
"""
_ENDED = """
INSERT INTO jobs (id, owner_id, kind, queue, priority, arguments, payload_version, state, version,
    attempt, failures, max_failures, lease_losses, quarantine_losses, deadline_at, dispatches,
    progress_stage, progress_done, event_number, sequence_key, sequence_number, result, created_at,
    started_at, finished_at)
SELECT gen_random_uuid(), %(owner)s::uuid, 'messages.reply', 'replies', 5, '{}', 1, 'succeeded', 4,
    1, 0, 6, 0, 0, now(), 1, 'done', 1, 1, gen_random_uuid(), number,
    jsonb_build_object('words', repeat('w', 600)),
    at - interval '3 s', at - interval '2 s', at
FROM (SELECT number, now() - number * interval '20 s' AS at
      FROM generate_series(%(first)s, %(last)s) AS number) AS past
"""
AT_ONCE = 20_000


class Planted:
    """The database of a stack, as somebody who may do anything sees it."""

    def __init__(self, stack: LocalStack, seed: int) -> None:
        self.chance, self._stack, self._seed = random.Random(seed), stack, seed
        url = make_url(stack.settings.database_url)
        password = (stack.folder.secrets / "postgres_admin_password").read_text().strip()
        place: dict[str, Any] = {"host": url.host, "port": url.port, "dbname": url.database}
        self._connection = psycopg2.connect(user="postgres", password=password, **place)
        self._connection.autocommit = True
        self._role = url.username
        self.do("SET assistant.owner = 'system'")
        self.do("SET synchronous_commit = off")

    @contextmanager
    def another(self) -> Iterator["Planted"]:
        """Open one more connection until the `with` ends."""
        other = Planted(self._stack, self._seed)
        try:
            yield other
        finally:
            other._connection.close()

    def do(self, statement: str, **values: Any) -> Any:
        """Run a statement; return the first value of its answer, if it has one."""
        with self._connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchone()[0] if cursor.description else None  # type: ignore[index]

    def owners(self, count: int) -> list[str]:
        """Add so many users who never sign in."""
        made = []
        for _ in range(count):
            one = str(uuid.UUID(int=self.chance.getrandbits(128), version=4))
            self.do(_OWNER, id=one, name=f"planted-{one}")
            made.append(one)
        return made

    def ended(self, count: int, owner: str) -> None:
        """Add so many jobs that have succeeded, twenty seconds apart."""
        for first in range(1, count + 1, AT_ONCE):
            self.do(_ENDED, owner=owner, first=first, last=min(first + AT_ONCE - 1, count))

    def hold_statistics(self) -> None:
        """Take statistics of now, and let nobody take any from now on."""
        for table in filter(self._exists, HELD):
            self.do(f"ANALYZE {table}")
            self.do(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
        if self._exists("open_jobs"):
            # Who does not own a table cannot vacuum it either.
            self.do("ALTER TABLE open_jobs OWNER TO postgres")
            self.do(f'GRANT ALL ON open_jobs TO "{self._role}"')

    def _exists(self, table: str) -> bool:
        return self.do("SELECT to_regclass(%(table)s) IS NOT NULL", table=table) is True

    @contextmanager
    def waiting(self, count: int, owners: list[str], words: str) -> Iterator[None]:
        """Let so many jobs wait, shared by these owners, until the `with` ends."""
        for owner in owners:
            self.do(
                _WAITING,
                owner=owner,
                count=count // len(owners),
                long=str(uuid.UUID(int=self.chance.getrandbits(128), version=4)),
                content=scripted(words),
            )
        try:
            yield
        finally:
            self.do("DELETE FROM jobs WHERE state = 'queued'")
