"""Read live events from Redis once per web process, and hand them to all who follow there."""

import logging
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import redis
from flask import Flask, current_app
from sqlalchemy import select

from assistant.adapters.cache import connect
from assistant.database import SYSTEM, transaction
from assistant.errors import AssistantError, Unavailable
from assistant.extensions import settings
from assistant.models import Job
from assistant.services.events.channels import Channels, Heard
from assistant.services.events.feeds import Feed, Feeds
from assistant.services.jobs.event_log import LAST, Event

logger = logging.getLogger(__name__)

# Nobody alone may take all the places there are.
MOST_OF_ONE_OWNER = 3000
RECONNECT_SECONDS = 1.0
# How often PostgreSQL is asked whether a followed job has ended without anybody hearing of it.
CHECK_SECONDS = 2.0
# After so long without a word Redis is asked for one; a connection can be dead and not show it.
LISTEN_SECONDS = 5.0
# Handing out leaves half of the processor's time to other requests. With thousands of followers
# events then come a little later, and several of them in one write.
LONGEST_REST_SECONDS = 0.1
# So long after Redis came back, other processes may still leave it alone, and say nothing there.
SILENT_SECONDS = 10.0


class Hub:
    """The feeds of this process: by job, and by owner for the ends of all jobs of that owner."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._jobs, self._owners = Feeds(), Feeds()
        self._channels = Channels()
        self._of_owner: Counter[uuid.UUID] = Counter()
        self._restored_at = -SILENT_SECONDS
        for work in (self._listen, self._check):
            threading.Thread(target=work, name=f"events{work.__name__}", daemon=True).start()

    @contextmanager
    def feed(self, job_id: uuid.UUID, owner_id: uuid.UUID, feed: Feed) -> Iterator[None]:
        """Collect what happens to a job from now on; raises `Unavailable` if too many follow."""
        with self.end(job_id, owner_id, feed), self._channels.hear(job_id):
            yield

    @contextmanager
    def end(self, job_id: uuid.UUID, owner_id: uuid.UUID, feed: Feed) -> Iterator[None]:
        """Nudge a feed when a job has ended; raises `Unavailable` as `feed` does."""
        if self._of_owner[owner_id] >= MOST_OF_ONE_OWNER:
            raise Unavailable("You follow too many jobs at once. Let one end first.", retry_after=5)
        self._demand_a_place()
        self._of_owner[owner_id] += 1
        try:
            with self._jobs.collect(job_id, feed):
                yield
        finally:
            self._of_owner[owner_id] -= 1
            if not self._of_owner[owner_id]:
                del self._of_owner[owner_id]

    @contextmanager
    def ends(self, owner_id: uuid.UUID, feed: Feed) -> Iterator[None]:
        """Collect which jobs of an owner end from now on; raises `Unavailable` as `feed` does."""
        self._demand_a_place()
        with self._owners.collect(owner_id, feed):
            yield

    def _demand_a_place(self) -> None:
        if len(self._jobs) + len(self._owners) >= settings.max_followers:
            raise Unavailable("Too many follow jobs here. Try again, or poll.", retry_after=5)

    def close(self) -> None:
        """Send all followers away; they come back with their cursors, to another process."""
        self._jobs.close()
        self._owners.close()

    def _listen(self) -> None:
        with self._app.app_context():
            client = connect(settings.redis_url, read_timeout=LISTEN_SECONDS * 2)
            lost = False
            while True:
                try:
                    with self._channels.open(client):
                        if lost:
                            self._restored_at = time.monotonic()
                        lost = False
                        self._jobs.nudge()
                        self._owners.nudge()
                        self._hear()
                except Exception as error:
                    # Whatever it was, listening anew may work, and nobody else hears them.
                    unknown = not isinstance(error, redis.RedisError)
                    if unknown or not lost:
                        name = type(error).__name__
                        logger.warning("live events are not heard: %s", name, exc_info=unknown)
                    lost = True
                    # A server that is away is asked again after a pause.
                    time.sleep(RECONNECT_SECONDS)

    def _hear(self) -> NoReturn:
        """Hand out what is called out, until the connection turns out to be dead."""
        asked = False
        while True:
            heard = self._channels.read(LISTEN_SECONDS)
            if heard is not None:
                asked = False
                began = time.thread_time()
                self._hand_out(heard)
                # What comes meanwhile is handed out together.
                time.sleep(min(time.thread_time() - began, LONGEST_REST_SECONDS))
            elif asked:
                raise redis.TimeoutError("Redis has not said a word")
            else:
                asked = True
                self._channels.ask_for_a_word()

    def _hand_out(self, heard: list[Heard]) -> None:
        came: dict[uuid.UUID, list[Event]] = {}
        for job_id, event, _ in heard:
            if event is not None:
                came.setdefault(job_id, []).append(event)
        for job_id, events in came.items():
            for feed in self._jobs.of(job_id):
                feed.put(*events)
            # Many followers must not keep other requests waiting.
            time.sleep(0)
        for job_id, event, owner_id in heard:
            if event is None:
                self._jobs.nudge([job_id])
            if owner_id is not None:
                for feed in self._owners.of(owner_id):
                    feed.put(Event(LAST, "ended", str(job_id)))

    def _check(self) -> None:
        with self._app.app_context():
            while True:
                time.sleep(CHECK_SECONDS)
                try:
                    if time.monotonic() - self._restored_at < SILENT_SECONDS:
                        self._owners.nudge()
                    self._find_ended()
                except AssistantError:
                    # The next look may succeed; whoever follows hears of it then.
                    continue
                except Exception:
                    logger.exception("looking after followed jobs failed")

    def _find_ended(self) -> None:
        """Nudge whoever follows a job that has ended or is gone."""
        followed = self._jobs.followed()
        if followed:
            still_open = select(Job.id).where(Job.id.in_(followed), Job.is_open)
            with transaction(SYSTEM) as session:
                followed -= set(session.scalars(still_open))
            self._jobs.nudge(followed)


_hub: Hub | None = None
_hub_lock = threading.Lock()


def hub() -> Hub:
    """Return the hub of this process; it starts with the first follower, after any fork."""
    global _hub
    with _hub_lock:
        if _hub is None:
            _hub = Hub(current_app._get_current_object())  # type: ignore[attr-defined]  # a proxy
        return _hub


def close() -> None:
    """Send away whoever follows in this process, if anybody does."""
    if _hub is not None:
        _hub.close()
