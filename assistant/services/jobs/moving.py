"""Long work leaves the queue for short work, and goes on in one of its own with what it has.

So whoever has something small to do never waits for somebody's large file. A move ends an attempt
and counts nothing; the job keeps its row, deadline and place in its sequence.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from flask import current_app
from sqlalchemy import text

from assistant.database import SYSTEM, transaction
from assistant.errors import Unavailable
from assistant.models import Job, JobState
from assistant.services.jobs import heartbeats
from assistant.services.jobs.endings import Ending, Reason
from assistant.services.jobs.line import BULK, LONG, others_wait
from assistant.services.jobs.runs import Run, Stopping

logger = logging.getLogger(__name__)

# What takes longer than this is long.
SHORT_SECONDS = 5.0
# Where other owners wait, what takes longer than this makes way already, unless it would have to
# wait in the other queue itself: nobody's file of two seconds goes behind one of two minutes.
LOOK_SECONDS = 0.5
IS_FREE = text(
    "SELECT NOT EXISTS (SELECT FROM open_jobs WHERE queue = :queue AND standing <> 'ended')"
)

TAKES_LONG = Reason(
    "takes_long",
    "Takes long",
    "The work turned out to be long, and goes on in the queue for long work.",
)


def moved(job: Job) -> Ending:
    """Return how the attempt ends of a job that moves to the queue for long work."""
    queue = LONG.get(job.queue)
    return Ending(JobState.QUEUED, "moved", TAKES_LONG, stage="queued", pause=0.0, queue=queue)


def move_if_short_lane(run: Run) -> None:
    """Put work down that is known to be long, unless it runs where long work belongs.

    Where nobody serves the queue for long work, everything stays where it is. Raises `Stopped`.
    """
    if _can_move(run):
        run.stop(Stopping.MOVED)
    run.check()


def make_way(run: Run) -> None:
    """Put work in bulk down if somebody waits for its queue; it goes on after them.

    Raises `Stopped`. It costs a query, so ask every few seconds.
    """
    with transaction(SYSTEM) as session:
        others = others_wait(session, run.job.queue)
    if others and run.job.priority >= BULK:
        run.stop(Stopping.OVERTAKEN)
    run.check()


def take_turns(run: Run, *, everywhere: bool = False) -> None:
    """Put long work down if another owner waits for its queue; it goes on after them.

    Raises `Stopped`. It is for work that keeps what it has done. It costs a query, so ask every few
    seconds. With `everywhere` it does so also where it stays since nobody serves the queue for long
    work.
    """
    if run.job.queue not in LONG.values() and not (everywhere and run.job.queue in LONG):
        return
    with transaction(SYSTEM) as session:
        others = others_wait(session, run.job.queue, but_not=run.owner_id)
    if others:
        run.stop(Stopping.OVERTAKEN)
    run.check()


@contextmanager
def moving_in_time(run: Run) -> Iterator[None]:
    """Stop what is done inside as soon as it has turned out to be long and can move."""
    if run.job.queue not in LONG:
        yield
        return
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # a proxy
    ended = threading.Event()

    def look() -> None:
        # Again and again: who serves the other queue may only be starting.
        began = time.monotonic()
        with app.app_context():
            while not ended.wait(min(LOOK_SECONDS, SHORT_SECONDS)):
                is_long = time.monotonic() - began > SHORT_SECONDS
                if (is_long or _is_in_the_way(run)) and _can_move(run):
                    run.stop(Stopping.MOVED)
                    return

    threading.Thread(target=look, name="moving", daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def _is_in_the_way(run: Run) -> bool:
    """Return whether another owner waits behind this work, and it need not wait where it can go."""
    queue = run.job.queue
    try:
        with transaction(SYSTEM) as session:
            others = others_wait(session, queue, but_not=run.owner_id)
            return others and bool(session.scalar(IS_FREE, {"queue": LONG[queue]}))
    except Unavailable:
        return False
    except Exception:
        logger.exception("not seen whether others wait", extra={"job_id": run.job.id})
        return False


def _can_move(run: Run) -> bool:
    queue = LONG.get(run.job.queue)
    if queue is None:
        return False
    try:
        return heartbeats.is_served(queue)
    except Unavailable:
        logger.warning("not moved: the database is away", extra={"job_id": run.job.id})
        return False
    except Exception:
        logger.exception("not moved", extra={"job_id": run.job.id})
        return False
