"""How many are before a job in its queue: counted in a short line, estimated in a long one."""

import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from assistant.database import SYSTEM, transaction
from assistant.models import Job
from assistant.services.jobs.line import lanes_of, look_along_indexes

# For how long a process believes what it knows of the whole line, and how much of its time it
# spends on reading it at most. It is read at once for all jobs of a queue, so that a thousand who
# ask cost no more than one.
LINE_SECONDS = 1.0
READING_SHARE = 0.03
# Where more wait, nobody counts them one by one.
LONG_LINE = 1000


class Place(NamedTuple):
    """A job's place in the line of its queue, counted from one; in a long line it is `about` so."""

    number: int
    about: bool = False


@dataclass(frozen=True, slots=True)
class _Line:
    """All that wait for a queue, when that was read, and how long it took.

    A short line has the place of each; of a long one is known how many of each owner wait.
    """

    sent: int = 0
    places: dict[uuid.UUID, int] = field(default_factory=dict)
    lengths: Counter[uuid.UUID] | None = None
    read_at: float = -1e9
    took: float = 0.0


_lines: dict[str, _Line] = {}


def place_of(job: Job) -> Place:
    """Return the place of a job that nothing but others keeps from running."""
    line, now = _lines.get(job.queue, _Line()), time.monotonic()
    age = now - line.read_at
    # One that is not in a short line came after it was read. It is read anew for them, but not so
    # often that nothing else is done.
    missing = line.lengths is None and job.id not in line.places and age > 10 * line.took
    with transaction(SYSTEM) as session:
        look_along_indexes(session)
        if missing or age > max(LINE_SECONDS, line.took / READING_SHARE):
            line = _lines[job.queue] = _read(session, job.queue, now)
        if line.lengths is not None and job.id not in line.places:
            return _estimate(session, job, line, line.lengths)
    return Place(line.places.get(job.id, len(line.places) + 1))


def _read(session: Session, queue: str, began: float) -> _Line:
    where = {**lanes_of(queue), "most": LONG_LINE}
    places = {row.id: row.place for row in session.execute(_SENT, where)}
    sent, lengths = len(places), None
    if session.scalar(_IS_LONG, where):
        lengths = Counter({row.owner_id: row.jobs for row in session.execute(_LENGTHS, where)})
    else:
        places |= {row.id: sent + row.place for row in session.execute(_WAITING, where)}
    return _Line(sent, places, lengths, began, time.monotonic() - began)


def _estimate(session: Session, job: Job, line: _Line, lengths: Counter[uuid.UUID]) -> Place:
    """Tell a job's place from how many of its owner's are before it, since owners take turns."""
    about = {"queue": job.queue, "owner_id": job.owner_id, "priority": job.priority, "id": job.id}
    before: int = session.scalar(_BEFORE, about) or 0
    others = sum(
        min(length, before + 1) for owner, length in lengths.items() if owner != job.owner_id
    )
    number = line.sent + before + others + 1
    # Told to two digits, it is not taken for counted.
    return Place(int(float(f"{number:.1e}")), about=True)


_SENT = text("""
SELECT id, row_number() OVER (ORDER BY dispatched_at, id) AS place FROM jobs
WHERE id = ANY(ARRAY(SELECT id FROM open_jobs WHERE queue = :queue AND standing = 'sent'))
""")
_WAITING = text("SELECT id, place FROM waiting_line(:queue, :other, 0, 32767, :most)")
_IS_LONG = text("""
SELECT count(*) >= :most FROM (
    SELECT FROM open_jobs WHERE queue = :queue AND standing = 'ready' LIMIT :most) AS waiting
""")
_LENGTHS = text("""
SELECT owner_id, count(*) AS jobs FROM open_jobs
WHERE queue = :queue AND standing = 'ready' GROUP BY owner_id
""")
_BEFORE = text("""
SELECT count(*) FROM open_jobs
WHERE queue = :queue AND standing = 'ready' AND owner_id = :owner_id
  AND (priority, arrived) < (:priority, CAST(:id AS uuid))
""")
