"""What is known of sessions and keys, kept in Redis while PostgreSQL would say the same."""

from collections.abc import Callable
from operator import methodcaller
from typing import cast

from assistant.extensions import cache
from assistant.services.jobs import SharedRead

# For how long Redis may say that one is good before PostgreSQL is asked again.
CACHE_SECONDS = 30
REVOKED = b"revoked"


def known(name: str, read: Callable[[], bytes], job: SharedRead | None) -> bytes:
    """Return what is known under a name, or `read` it and keep that.

    The `job` that is asked for is read in the same round trip to Redis.
    """
    if job is not None:
        copy = job.get(name)
    else:
        copy = cast("bytes | None", cache.ask(methodcaller("get", name)))
    if copy is None:
        copy = read()
        cache.ask(methodcaller("set", name, copy, ex=CACHE_SECONDS, nx=True))
    return copy


def overwrite(name: str, copy: bytes) -> None:
    """Let this count at once: it outlives every copy that says otherwise."""
    cache.ask(methodcaller("set", name, copy, ex=2 * CACHE_SECONDS))
