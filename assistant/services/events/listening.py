"""Tell one client of the many jobs that it follows, and of the end of every reply of its user."""

import logging
import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Protocol

from flask import current_app

from assistant.adapters.websocket import Closed
from assistant.errors import AssistantError, Conflict, NotFound, RateLimited, Unavailable
from assistant.services.events import reply_endings
from assistant.services.events.catch_up_slots import turn
from assistant.services.events.feeds import Feed
from assistant.services.events.following import Follower, steps
from assistant.services.events.hub import hub
from assistant.services.jobs import Body
from assistant.services.jobs.event_log import LAST, Event

logger = logging.getLogger(__name__)

MOST_FOLLOWED = 50
# Nobody needs signs of life from here; it only bounds how long one wait is.
WAIT_SECONDS = 60.0
REMEMBERED = 1000
# How soon a server that was away is asked again for what the client is still to hear.
RETRY_SECONDS = 2.0
# So many ends are looked for after some may have been missed; a client that misses more of them
# sees so in the list of jobs.
MOST_MISSED = 100


class Client(Protocol):
    """Who is told; a method raises `Closed` when there is nobody any more."""

    def tell(self, job_id: uuid.UUID, events: list[Event]) -> None:
        """Take what happened to a job."""
        ...

    def answer(self, job: Body, reply: Body | None) -> None:
        """Take a reply that has ended; it is None if it was deleted."""
        ...

    def refuse(self, error: AssistantError, job_id: uuid.UUID) -> None:
        """Hear that a job cannot be followed, or not any further."""
        ...

    def drop(self, why: str) -> None:
        """Be sent away."""
        ...


class Listener:
    """What one client listens to; each job that it follows costs a greenlet."""

    def __init__(self, owner_id: uuid.UUID, client: Client) -> None:
        self._app = current_app._get_current_object()  # type: ignore[attr-defined]  # a proxy
        self._owner_id = owner_id
        self._client = client
        self._followed: dict[uuid.UUID, Feed] = {}
        self._ends = Feed()
        self._changing = threading.Lock()
        self._accepting = threading.Lock()
        # Ends that were heard while the job was followed: the follower tells them, in order.
        self._for_later: set[uuid.UUID] = set()
        self._answered: deque[uuid.UUID] = deque(maxlen=REMEMBERED)
        self._owed: dict[uuid.UUID, None] = {}
        self._began_at: datetime | None = None
        self._spawn(self._hear_ends, None)

    @contextmanager
    def accepting(self) -> Iterator[None]:
        """Hold back the ends of replies while a job is accepted, so that nothing overtakes it."""
        if len(self._followed) >= MOST_FOLLOWED:
            raise RateLimited(f"At most {MOST_FOLLOWED} jobs are followed here. Let one end first.")
        with self._accepting:
            yield

    def follow(self, job_id: uuid.UUID, after: int | None = None) -> None:
        """Tell from now on what happens to a job, from behind the event `after`."""
        if job_id in self._followed:
            raise Conflict("This job is followed here already.")
        if len(self._followed) >= MOST_FOLLOWED:
            raise RateLimited(f"At most {MOST_FOLLOWED} jobs are followed here. Unfollow one.")
        feed = self._followed[job_id] = Feed()
        self._spawn(lambda: self._follow(job_id, after, feed), job_id)

    def unfollow(self, job_id: uuid.UUID) -> None:
        """Tell no more of a job."""
        feed = self._followed.pop(job_id, None)
        if feed is not None:
            feed.nudge(close=True)

    def close(self) -> None:
        """Let everything end."""
        for feed in (self._ends, *tuple(self._followed.values())):
            feed.nudge(close=True)

    def _spawn(self, work: Callable[[], None], job_id: uuid.UUID | None) -> None:
        def run() -> None:
            with self._app.app_context():
                try:
                    work()
                except Closed:
                    return
                except AssistantError as error:
                    if job_id is None:
                        self._client.drop(error.detail)
                    else:
                        self._refuse(error, job_id)
                except Exception:
                    logger.exception("a follower failed")
                    self._client.drop("Something went wrong here.")

        threading.Thread(target=run, daemon=True).start()

    def _refuse(self, error: AssistantError, job_id: uuid.UUID) -> None:
        with suppress(Closed):
            self._client.refuse(error, job_id)

    def _follow(self, job_id: uuid.UUID, after: int | None, feed: Feed) -> None:
        follower = Follower(self._owner_id, job_id, after)
        try:
            with hub().feed(job_id, self._owner_id, feed):
                for events in steps(follower, feed, WAIT_SECONDS):
                    if events and not feed.closed:
                        self._client.tell(job_id, events)
        finally:
            with self._changing:
                if self._followed.get(job_id) is feed:
                    del self._followed[job_id]
                missed = job_id in self._for_later
                self._for_later.discard(job_id)
            if follower.done or missed:
                self._ends.put(Event(LAST, "ended", str(job_id)))
        if feed.overrun:
            self._client.drop("What was sent was not read in time. Come back with the cursor.")

    def _hear_ends(self) -> None:
        feed = self._ends
        # From now on, by the clock that writes down when a job ended.
        feed.look = True
        with hub().ends(self._owner_id, feed):
            while not (feed.closed or feed.overrun):
                if feed.look:
                    self._look()
                for job_id in tuple(self._owed):
                    self._hear_end(job_id)
                behind = feed.look or self._owed
                for event in feed.take(RETRY_SECONDS if behind else WAIT_SECONDS):
                    self._owed[uuid.UUID(event.data)] = None
        if feed.overrun:
            self._client.drop("What was sent was not read in time.")

    def _look(self) -> None:
        """Find replies that have ended without a word since the client came."""
        self._ends.look = False
        try:
            with turn():
                if self._began_at is None:
                    self._began_at = reply_endings.clock(self._owner_id)
                    return
                missed = reply_endings.replies_ended(self._owner_id, self._began_at, MOST_MISSED)
        except Unavailable:
            self._ends.look = True
        else:
            self._owed |= dict.fromkeys(missed)

    def _hear_end(self, job_id: uuid.UUID) -> None:
        with self._accepting, self._changing:
            followed = job_id in self._followed
            if followed:
                self._for_later.add(job_id)
        if followed or self._answer(job_id):
            del self._owed[job_id]

    def _answer(self, job_id: uuid.UUID) -> bool:
        """Tell how a reply has ended; return whether that is done with."""
        if job_id in self._answered:
            return True
        try:
            ended = reply_endings.read(self._owner_id, job_id)
            if ended is not None:
                self._client.answer(*ended)
        except Unavailable:
            return False
        except NotFound:
            # It was deleted meanwhile, and with it what could be told.
            pass
        self._answered.append(job_id)
        return True
