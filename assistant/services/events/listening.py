"""One client that follows many jobs at once, and hears how every reply of its user ends."""

import json
import logging
import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from flask import current_app

from assistant.adapters.websocket import Closed
from assistant.errors import AssistantError, Conflict, NotFound, RateLimited
from assistant.models import JobKind
from assistant.services import jobs, messages
from assistant.services.events.following import Follower, steps
from assistant.services.events.hub import Feed, hub
from assistant.services.events.log import Event
from assistant.services.jobs.status import Body, read_copy

logger = logging.getLogger(__name__)

MOST_FOLLOWED = 50
# Nobody needs signs of life from here; it only bounds how long one wait is.
WAIT_SECONDS = 60.0
REMEMBERED = 1000


class Client(Protocol):
    """Who is told; a method raises `Closed` when there is nobody any more."""

    def tell(self, job_id: uuid.UUID, events: list[Event]) -> None:
        """Take what happened to a job."""
        ...

    def answer(self, job: Body, reply: Body | None) -> None:
        """Take a reply that has ended; it is None if it was deleted."""
        ...

    def refuse(self, error: AssistantError, job_id: uuid.UUID | None) -> None:
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
                    self._refuse(error, job_id)
                except Exception:
                    logger.exception("a follower failed")
                    self._client.drop("Something went wrong here.")

        threading.Thread(target=run, daemon=True).start()

    def _refuse(self, error: AssistantError, job_id: uuid.UUID | None) -> None:
        try:
            self._client.refuse(error, job_id)
        except Closed:
            return

    def _follow(self, job_id: uuid.UUID, after: int | None, feed: Feed) -> None:
        follower = Follower(self._owner_id, job_id, after)
        try:
            with hub().feed(job_id, feed):
                for events in steps(follower, feed, WAIT_SECONDS):
                    if events and not feed.closed:
                        self._client.tell(job_id, events)
        finally:
            with self._changing:
                if self._followed.get(job_id) is feed:
                    del self._followed[job_id]
                missed = job_id in self._for_later
                self._for_later.discard(job_id)
        if feed.overrun:
            self._client.drop("What was sent was not read in time. Come back with the cursor.")
        elif follower.done or missed:
            self._answer(job_id)

    def _hear_ends(self) -> None:
        with hub().feed(self._owner_id, self._ends) as feed:
            while not (feed.closed or feed.overrun):
                for event in feed.take(WAIT_SECONDS):
                    self._hear_end(uuid.UUID(event.data))
        if feed.overrun:
            self._client.drop("What was sent was not read in time.")

    def _hear_end(self, job_id: uuid.UUID) -> None:
        with self._accepting, self._changing:
            followed = job_id in self._followed
            if followed:
                self._for_later.add(job_id)
        if not followed:
            self._answer(job_id)

    def _answer(self, job_id: uuid.UUID) -> None:
        with self._changing:
            if job_id in self._answered:
                return
            self._answered.append(job_id)
        ended = self._read_end(job_id)
        if ended["kind"] != JobKind.REPLY:
            return
        reply = (ended["result"] or {}).get("assistant_message")
        self._client.answer(ended, reply or self._read_message(uuid.UUID(ended["message_id"])))

    def _read_end(self, job_id: uuid.UUID) -> Body:
        shown = jobs.read_status(self._owner_id, job_id, read_copy(job_id))
        if not shown.ended:
            # What Redis has is older than what was heard.
            shown = jobs.read_status(self._owner_id, job_id)
        body: Body = json.loads(shown.body)
        return body

    def _read_message(self, message_id: uuid.UUID) -> Body | None:
        try:
            return messages.body_of(messages.get(self._owner_id, message_id))
        except NotFound:
            return None
