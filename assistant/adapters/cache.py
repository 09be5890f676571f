"""Redis, as a thing that may be away at any time."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)

T = TypeVar("T")

CONNECT_TIMEOUT = 0.25
READ_TIMEOUT = 0.5
PAUSE_SECONDS = 2.0


def connect(url: str, *, read_timeout: float = READ_TIMEOUT) -> "redis.Redis":
    """Make a client that fails quickly and never tries again by itself.

    `read_timeout` has to exceed the longest blocking command that the client is used for.
    """
    return redis.Redis.from_url(
        url,
        socket_connect_timeout=CONNECT_TIMEOUT,
        socket_timeout=read_timeout,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=0,
    )


class Cache:
    """Asks Redis, and after a failure leaves it alone for a moment.

    Nothing in it is the only copy of anything: callers go to PostgreSQL when `ask` returns None.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = connect(url)
        self._silent_until = 0.0

    def ask(self, work: Callable[["redis.Redis"], T]) -> T | None:
        """Return what `work` reads, or None if Redis does not answer."""
        if not self.worth_asking():
            return None
        try:
            answer = work(self._client)
        except redis.RedisError as error:
            self.leave_alone(error)
            return None
        self.has_answered()
        return answer

    def ask_all(self, *works: Callable[["redis.Redis"], object]) -> list[object] | None:
        """Do several things in one round trip; return what each got, or None as `ask` does."""

        def together(client: "redis.Redis") -> list[object]:
            with client.pipeline(transaction=False) as pipeline:
                for work in works:
                    work(pipeline)
                return list(pipeline.execute())

        return self.ask(together)

    @property
    def is_away(self) -> bool:
        """Return whether Redis did not answer lately."""
        return self._silent_until != 0.0

    def worth_asking(self) -> bool:
        """Return whether Redis may answer; after a failure, one asks while the others go on."""
        if self._silent_until == 0.0:
            return True
        now = time.monotonic()
        if now < self._silent_until:
            return False
        self._silent_until = now + PAUSE_SECONDS
        return True

    def has_answered(self) -> None:
        """Note that Redis is there."""
        self._silent_until = 0.0

    def leave_alone(self, error: Exception) -> None:
        """Note that Redis did not answer; also for those who ask it in their own way."""
        self._silent_until = time.monotonic() + PAUSE_SECONDS
        logger.warning("redis is away: %s", type(error).__name__)
