"""One reader of live events per process, for however many follow there."""

import logging
import threading
import time
import uuid
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import redis
from flask import Flask, current_app
from sqlalchemy import select

from assistant.adapters.cache import connect
from assistant.database import SYSTEM, transaction
from assistant.errors import AssistantError, Unavailable
from assistant.extensions import settings
from assistant.models import Job
from assistant.models.job import TERMINAL
from assistant.services.events.log import CHANNEL, Event, event_of, parse

logger = logging.getLogger(__name__)

# Who reads so slowly that this many events wait is sent away, and may come back with the cursor.
MOST_WAITING = 2000
RECONNECT_SECONDS = 1.0
# How often PostgreSQL is asked whether a followed job has ended without anybody hearing of it.
CHECK_SECONDS = 2.0
LISTEN_SECONDS = 5.0


class Feed:
    """What one follower has not taken yet."""

    def __init__(self) -> None:
        self.overrun = False
        self.closed = False
        # Something was, or may have been, missed: look into the log and into PostgreSQL.
        self.look = False
        self._events: deque[Event] = deque()
        self._wake = threading.Event()

    def put(self, event: Event) -> None:
        """Hand over an event."""
        if len(self._events) >= MOST_WAITING:
            self.overrun = True
        else:
            self._events.append(event)
        self._wake.set()

    def nudge(self, *, close: bool = False) -> None:
        """Make the follower look for itself, or leave."""
        self.look = True
        self.closed = self.closed or close
        self._wake.set()

    def take(self, seconds: float) -> list[Event]:
        """Return what has come, as soon as there is something or after so many seconds."""
        if not self._events:
            self._wake.wait(seconds)
        self._wake.clear()
        return [self._events.popleft() for _ in range(len(self._events))]


class Hub:
    """The feeds of this process, by job, or by owner for the ends of all jobs of that owner."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._feeds: dict[uuid.UUID, set[Feed]] = {}
        self._lock = threading.Lock()
        self._count = 0
        self._closed = False
        for work in (self._listen, self._check):
            threading.Thread(target=work, name=f"events{work.__name__}", daemon=True).start()

    @contextmanager
    def feed(self, about: uuid.UUID, feed: Feed | None = None) -> Iterator[Feed]:
        """Collect what happens to a job from now on; raises `Unavailable` if too many follow.

        Of an owner it collects which jobs have ended.
        """
        if self._count >= settings.max_followers:
            raise Unavailable("Too many follow jobs here. Try again, or poll.", retry_after=5)
        feed = feed or Feed()
        with self._lock:
            self._feeds.setdefault(about, set()).add(feed)
            self._count += 1
            feed.closed = feed.closed or self._closed
        try:
            yield feed
        finally:
            with self._lock:
                self._count -= 1
                self._feeds[about].discard(feed)
                if not self._feeds[about]:
                    del self._feeds[about]

    def close(self) -> None:
        """Send all followers away; they come back with their cursors, to another process."""
        with self._lock:
            self._closed = True
        self._nudge(*self._followed(), close=True)

    def _followed(self) -> list[uuid.UUID]:
        with self._lock:
            return list(self._feeds)

    def _nudge(self, *followed: uuid.UUID, close: bool = False) -> None:
        for about in followed:
            for feed in tuple(self._feeds.get(about, ())):
                feed.nudge(close=close)

    def _listen(self) -> None:
        with self._app.app_context():
            client = connect(settings.redis_url, read_timeout=LISTEN_SECONDS * 2)
            lost = False
            while True:
                try:
                    with client.pubsub(ignore_subscribe_messages=True) as pubsub:  # type: ignore[no-untyped-call]  # redis has no type here
                        pubsub.subscribe(CHANNEL)
                        lost = False
                        self._nudge(*self._followed())
                        while True:
                            message = pubsub.get_message(timeout=LISTEN_SECONDS)
                            if message is not None:
                                self._hand_out(message["data"])
                except (redis.RedisError, ValueError) as error:
                    if not lost:
                        logger.warning("live events are not heard: %s", type(error).__name__)
                    lost = True
                    # A server that is away is asked again after a pause.
                    time.sleep(RECONNECT_SECONDS)

    def _hand_out(self, message: bytes) -> None:
        about, rest = parse(message)
        feeds = self._feeds.get(about)
        if feeds:
            event = event_of(rest)
            for feed in tuple(feeds):
                feed.put(event)

    def _check(self) -> None:
        with self._app.app_context():
            while True:
                time.sleep(CHECK_SECONDS)
                followed = self._followed()
                if not followed:
                    continue
                try:
                    with transaction(SYSTEM) as session:
                        ended = select(Job.id).where(Job.id.in_(followed), Job.state.in_(TERMINAL))
                        self._nudge(*session.scalars(ended))
                except AssistantError:
                    # The next look may succeed; whoever follows hears of it then.
                    continue
                except Exception:
                    logger.exception("looking after followed jobs failed")


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
