"""A worker that is connected but takes nothing ends itself, to be started again.

Celery can come back from a broken connection to Redis and consume no more (its issues 8030 and
10205, among others). Nobody outside would notice: it answers pings, and its heartbeat goes on.
"""

import logging
import os
import threading
import time
from typing import Any

import redis
from celery.signals import task_received
from celery.worker import state

from assistant.adapters.cache import connect
from assistant.config import Settings
from assistant.services import jobs

logger = logging.getLogger(__name__)

EXIT_CODE = 70
# For work in hand to be given back, before the process ends at once.
LEAVING_SECONDS = 5.0


class Watchdog:
    """Looks whether messages wait while a slot is free and none is taken, and for how long."""

    def __init__(self, settings: Settings, queues: list[str], slots: int) -> None:
        self._patience = settings.worker_stall_seconds
        self._queues = queues
        self._slots = slots
        self._client = connect(settings.redis_url)
        self._received = 0
        self._idle_since: float | None = None
        task_received.connect(self._note, weak=False)

    def _note(self, **_: Any) -> None:
        self._received += 1

    def watch(self) -> None:
        """Look again and again, until the worker leaves or has to be ended."""
        while not jobs.draining.begun(self._patience / 10):
            try:
                stalled = self.stalled()
            except Exception:
                logger.exception("the watchdog failed")
                continue
            if stalled:
                self._leave()

    def stalled(self) -> bool:
        """Return whether nothing was taken for too long although something waits."""
        seen, self._received = self._received, 0
        if seen or len(state.reserved_requests) >= self._slots or not self._something_waits():
            self._idle_since = None
            return False
        if self._idle_since is None:
            self._idle_since = time.monotonic()
        return time.monotonic() - self._idle_since > self._patience

    def _something_waits(self) -> bool:
        try:
            # Celery's Redis transport keeps a queue as a list of the same name.
            return any(self._client.llen(queue) for queue in self._queues)
        except redis.RedisError:
            return False

    def _leave(self) -> None:
        logger.error(
            "this worker takes nothing from its queues: it ends, to be started again",
            extra={"queues": self._queues},
        )
        jobs.draining.begin()
        give_up = time.monotonic() + LEAVING_SECONDS
        while state.active_requests and time.monotonic() < give_up:
            threading.Event().wait(0.1)
        os._exit(EXIT_CODE)
