"""Asks again and again whether something is so, up to a limit, and says what it waits for."""

import time
from collections.abc import Callable

REPORT_SECONDS = 5.0
PAUSE_SECONDS = 0.05


def wait(
    waiting_for: Callable[[], str | None], *, seconds: float, say: Callable[[str], None]
) -> None:
    """Return when `waiting_for` has nothing more to name; raise `TimeoutError` with its last words.

    `say` gets them now and then.
    """
    started = reported = time.monotonic()
    while (reason := waiting_for()) is not None:
        now = time.monotonic()
        if now - started > seconds:
            raise TimeoutError(f"after {seconds:.0f} seconds: {reason}")
        if now - reported > REPORT_SECONDS:
            reported = now
            say(f"Waiting for {reason}")
        time.sleep(PAUSE_SECONDS)
