"""Check from time to time that the caller of a long-lived connection is still signed in."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

from assistant.errors import Unavailable

# A session that has ended is noticed after at most this, and the time until the next look.
CHECK_SECONDS = 20.0

T = TypeVar("T")


class Presence(Generic[T]):
    """One client, about whom `ask` raises `InvalidCredentials` once the session has ended."""

    def __init__(self, ask: Callable[[], T]) -> None:
        self._ask = ask
        self._asked_at = time.monotonic()

    def demand(self) -> T:
        """Ask now."""
        self._asked_at = time.monotonic()
        return self._ask()

    def look(self) -> None:
        """Ask if the last time was a while ago."""
        if time.monotonic() - self._asked_at > CHECK_SECONDS:
            # While nobody can say whether the session is alive, it goes on.
            with suppress(Unavailable):
                self.demand()
