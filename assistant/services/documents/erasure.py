"""Removing many things step by step: each is counted, and none is counted twice or forgotten."""

import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence

from sqlalchemy import ColumnElement, CursorResult, func, select
from sqlalchemy.orm import Session

from assistant.crashes import crash_point
from assistant.database import transaction
from assistant.errors import TransientError
from assistant.extensions import settings
from assistant.models import Document, Job, JobState
from assistant.services import jobs
from assistant.services.citing import quotes
from assistant.services.documents import analyses
from assistant.services.jobs import Run

PAUSE_SECONDS = 0.2
# How long a deletion works before it looks whether others wait.
TURN_SECONDS = 5.0
# To delete more documents takes longer than others should wait.
MANY = 100
# What the receipt of a deletion of documents counts.
COUNTED = ("citations", "replies", "documents", "chunks", "vectors_deleted", "vectors_remaining")
# What is kept beside the counts while it is at work begins so.
UNFINISHED = "vectors_of_"
Counts = dict[str, int]


class Erasure:
    """A job that removes many things step by step.

    Each step is one fenced transaction that also keeps the count, so that an attempt after a
    crash goes on where the last one stopped and its receipt tells of both. `acting_for` is whose
    rows the transactions see, since an administrator's job removes what is somebody else's.
    """

    def __init__(self, run: Run, acting_for: uuid.UUID | str, *counted: str) -> None:
        self._run = run
        self.acting_for = acting_for
        self._kept: Counts = run.job.result or {}
        self.counts = Counter(dict.fromkeys(counted, 0) | self._kept)
        self._turn_ends = time.monotonic() + TURN_SECONDS

    @property
    def receipt(self) -> Counts:
        """Return what was removed so far."""
        return _finished(self.counts)

    def check(self) -> None:
        """Raise `Stopped` if the work must be put down."""
        self._run.check()

    def step(self, stage: str, work: Callable[[Session], Counts]) -> Counts:
        """Remove something under the fence, and add up what `work` says it was."""
        done = self._add(stage, work)
        crash_point("worker.mid_erase")
        return done

    def _add(self, stage: str, work: Callable[[Session], Counts]) -> Counts:
        self._run.check()
        with transaction(self.acting_for) as session:
            self._run.fence(session)
            done = work(session)
            counts = self.counts + Counter(done)
            kept = {name: counts[name] for name in {**self.counts, **done}}
            job = self._run.fence(
                session, progress_stage=stage, progress_done=sum(kept.values()), result=kept
            )
            body = jobs.body_of(session, job)
        self.counts = Counter(kept)
        jobs.publish(job, body)
        return done

    def analyses(self, *which: ColumnElement[bool]) -> None:
        """Take what was said about documents out of every copy of the jobs that said it.

        Nobody says more any more, so once is enough: what comes after it is counted.
        """
        if "citations" in self._kept:
            return
        with transaction(self.acting_for) as session:
            erased = analyses.erase(session, *which)
        if not analyses.show(erased):
            raise quotes.redis_away()

    def move_if_long(self, *which: ColumnElement[bool]) -> None:
        """Go on where long work belongs if many documents fit; raises `Stopped`."""
        some = select(Document.id).where(*which).limit(MANY + 1).subquery()
        with transaction(self.acting_for) as session:
            many = (session.scalar(select(func.count()).select_from(some)) or 0) > MANY
        if many:
            jobs.move_if_short_lane(self._run)

    def quotes(self, owner_id: uuid.UUID, *which: ColumnElement[bool]) -> None:
        """Take what replies quote of these documents out of every copy of them, and count it.

        Counted is what cites them, whoever has emptied it, so once is enough: an attempt that finds
        the counts has nothing left to do.
        """
        if "citations" not in self._kept:
            counts = quotes.erase(owner_id, *which, check=self._run.check)
            self._add("quotes", lambda session: counts)

    def note(self, found: Counts) -> None:
        """Write down how much there is of something before any of it goes; twice is fine.

        So whenever a process is killed, the next attempt counts all the same.
        """
        more = {
            name: count - self.counts[name]
            for name, count in ((f"{UNFINISHED}{name}", count) for name, count in found.items())
            if count > self.counts[name]
        }
        if more:
            self._add("vectors", lambda session: more)

    def noted(self, *names: str) -> int:
        """Return how much was noted of these, and note no more of it with the next step."""
        return sum(self.counts.pop(f"{UNFINISHED}{name}", 0) for name in names)

    def settle(self, beginning: str, name: str) -> None:
        """Count what was noted under names with this beginning, now that it is gone."""
        start = f"{UNFINISHED}{beginning}"
        names = [each.removeprefix(UNFINISHED) for each in self.counts if each.startswith(start)]
        if names:
            gone = self.noted(*names)
            self.step("vectors", lambda session: {name: gone})

    def take_turns(self) -> None:
        """Let others who wait for this worker go first, every few seconds; raises `Stopped`."""
        if time.monotonic() > self._turn_ends:
            jobs.take_turns(self._run, everywhere=True)
            self._turn_ends = time.monotonic() + TURN_SECONDS

    def wait_until_quiet(self, *which: ColumnElement[bool]) -> None:
        """Cancel the jobs that fit and wait until none runs: it could write after the removal."""
        give_up = time.monotonic() + settings.lease_seconds + settings.sweep_seconds
        others = (Job.id != self._run.job.id, *which)
        still_open = select(func.count()).select_from(Job).where(Job.is_open, *others)
        while True:
            with transaction(self.acting_for) as session:
                cancelled = jobs.cancel_all(session, *others)
                left = session.scalar(still_open)
            jobs.follow_up(cancelled)
            if not left:
                return
            self._run.check()
            if time.monotonic() > give_up:
                raise TransientError(
                    f"{left} jobs were cancelled and still run.",
                    code="jobs_running",
                    retry_after=settings.lease_seconds,
                )
            time.sleep(PAUSE_SECONDS)


def rows_gone(result: object) -> int:
    """Return how many rows a DELETE removed."""
    assert isinstance(result, CursorResult)
    return result.rowcount


def _finished(counts: Counts) -> Counts:
    return {name: count for name, count in counts.items() if not name.startswith(UNFINISHED)}


def receipts_of(session: Session, done: Sequence[Job]) -> dict[uuid.UUID, jobs.Body]:
    """Return the receipts that are whole; before that the row keeps the count so far.

    A worker of an earlier release may have gone on with a deletion, and left in the receipt what it
    did not know.
    """
    return {job.id: _finished(job.result or {}) for job in done if job.state == JobState.SUCCEEDED}
