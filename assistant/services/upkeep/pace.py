"""Doing something less often than every round."""

import time


class Pace:
    """Lets something happen at once, and then at most every so many seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._last: float | None = None

    def due(self) -> bool:
        """Return whether it is time, and if so, count from now on."""
        now = time.monotonic()
        if self._last is not None and now < self._last + self._seconds:
            return False
        self._last = now
        return True
