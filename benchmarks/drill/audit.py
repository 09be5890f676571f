"""Every write to jobs, replies and chunks, noted by PostgreSQL itself while the drill runs.

Each process of the application says who it is when it connects (see application.py), and what the
model says names the call, so that it shows which attempt a write belongs to: whoever has claimed
an attempt writes for it, and nobody writes what an earlier attempt was told or has begun. To ask
a job to stop is everybody's right, and what an analysis says goes when its document goes.
"""

import re
from collections import defaultdict
from typing import Any

from benchmarks.drill.books import Books

TABLE = """
CREATE TABLE drill_audit (
    number bigserial PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp(),
    txid bigint NOT NULL DEFAULT txid_current(),
    process text NOT NULL DEFAULT current_setting('application_name'),
    what text NOT NULL, job_id uuid NOT NULL, attempt int NOT NULL, state text NOT NULL,
    before text, token text)
"""
ON_JOBS = """
CREATE FUNCTION drill_audit_job() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO drill_audit (what, job_id, attempt, state, before)
    VALUES ('job', NEW.id, NEW.attempt, NEW.state, OLD.state);
    RETURN NULL;
END $$;
CREATE TRIGGER drill_audit AFTER UPDATE ON jobs FOR EACH ROW WHEN (
    (OLD.state = 'running' AND OLD.cancel_requested_at IS NOT DISTINCT FROM NEW.cancel_requested_at)
    OR OLD.state <> NEW.state OR OLD.attempt <> NEW.attempt
    OR (OLD.finished_at IS NOT NULL AND (
        (OLD.finished_at, OLD.error) IS DISTINCT FROM (NEW.finished_at, NEW.error)
        OR (OLD.result IS DISTINCT FROM NEW.result
            AND NOT (NEW.result IS NULL AND OLD.kind = 'documents.analyze')))))
    EXECUTE FUNCTION drill_audit_job()
"""
ON_MESSAGES = """
CREATE FUNCTION drill_audit_message() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO drill_audit (what, job_id, attempt, state, token)
    SELECT 'message', id, attempt, state,
        substring(NEW.content from '^Answer [0-9]+ of call [0-9]+:')
    FROM jobs WHERE id = NEW.job_id;
    RETURN NULL;
END $$;
CREATE TRIGGER drill_audit AFTER UPDATE ON messages FOR EACH ROW
    WHEN (NEW.job_id IS NOT NULL AND OLD.content IS DISTINCT FROM NEW.content)
    EXECUTE FUNCTION drill_audit_message()
"""
ON_DOCUMENTS = """
CREATE FUNCTION drill_audit_document() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO drill_audit (what, job_id, attempt, state, token)
    SELECT DISTINCT TG_TABLE_NAME, j.id, j.attempt, j.state, n.document_id || ':' || n.generation
    FROM inserted n JOIN documents d ON d.id = n.document_id JOIN jobs j ON j.id = d.job_id;
    RETURN NULL;
END $$;
"""
ON_EACH = """
CREATE TRIGGER drill_audit AFTER INSERT ON {table} REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION drill_audit_document()
"""
ALL = "SELECT * FROM drill_audit ORDER BY number"
WORKERS = re.compile(r"(old-)?(replies|(long_)?indexing|quarantine)-")
TERMINAL = ("succeeded", "failed", "cancelled")


def install(books: Books, *, documents: bool = True) -> None:
    """Have PostgreSQL note writes from now on.

    Those to `documents` tell whose they are only as long as nobody replaces or moves any.
    """
    each = [ON_EACH.format(table=table) for table in ("chunks", "document_texts")]
    of_documents = [ON_DOCUMENTS, *each] if documents else []
    for statement in (TABLE, ON_JOBS, ON_MESSAGES, *of_documents):
        books.do(statement)


class Audit:
    """What was written, and what of it by somebody who had no right to."""

    def __init__(self, books: Books) -> None:
        self.rows = books.rows(ALL)
        self.broken: list[str] = []
        # Who claimed an attempt is who wrote that the job runs.
        self._claimed_by = {
            (row.job_id, row.attempt): row.process
            for row in self.rows
            if row.what == "job" and (row.before, row.state) == ("queued", "running")
        }
        self._ends = {(r.txid, r.job_id) for r in self.rows if r.before == "running"}
        for row in self.rows:
            self._check(row)
        self._check_tokens()

    @property
    def figure(self) -> str:
        """Return how much was checked."""
        processes = {row.process for row in self.rows if WORKERS.match(row.process)}
        return (
            f"{len(self.broken)} of {len(self.rows)} writes, by {len(processes)} worker processes"
        )

    def _check(self, row: Any) -> None:
        """Demand that a worker writes only to what it has claimed and what has not ended."""
        which = f"{row.what} of {row.job_id} attempt {row.attempt} at {row.at:%H:%M:%S.%f}"
        if row.what == "job" and row.before in TERMINAL:
            self.broken.append(f"{which}: {row.before} became {row.state} or changed")
        if not WORKERS.match(row.process):
            return
        owner = self._claimed_by.get((row.job_id, row.attempt))
        if (row.what != "job" or row.before == "running") and owner != row.process:
            self.broken.append(f"{which} was written by {row.process}, claimed by {owner}")
        # After the end, only what ends the attempt may write beside it, in the same transaction.
        over = row.what != "job" and row.state != "running"
        if over and (row.txid, row.job_id) not in self._ends:
            self.broken.append(f"{which} was written when it was {row.state}")

    def _check_tokens(self) -> None:
        """Demand that each call and each generation belongs to one attempt, and the reverse."""
        attempts, tokens = defaultdict(set), defaultdict(set)
        for row in self.rows:
            if row.token is not None:
                attempts[row.job_id, row.token].add(row.attempt)
                tokens[row.job_id, row.attempt].add(row.token)
        self.broken += [
            f"{token!r} of {job} was written in attempts {sorted(found)}"
            for (job, token), found in attempts.items()
            if len(found) > 1
        ]
        self.broken += [
            f"attempt {attempt} of {job} wrote {sorted(found)}"
            for (job, attempt), found in tokens.items()
            if len(found) > 1
        ]
