"""Copies of jobs in Redis, of which a newer one is never replaced by an older, and each expires."""

import uuid
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, cast

from redis import Redis

from assistant.extensions import cache, settings
from assistant.models import Job
from assistant.models.job import TERMINAL
from assistant.services.jobs import event_log

# A copy that may still change misleads for this long at most: a worker may die between its commit
# and its call to Redis, Redis may hear of a change late or forget the next one, and what a queued
# job waits for changes without it.
OPEN_SECONDS = 1

_PUT = """
local known = redis.call('HGET', KEYS[1], 'version')
if known and tonumber(known) >= tonumber(ARGV[1]) then return 0 end
local kept = redis.pcall('HSET', KEYS[1], 'version', ARGV[1], 'owner', ARGV[2], 'body', ARGV[3],
    'ended', ARGV[5])
if type(kept) == 'table' then
    -- There is no memory for it, but what is not true any more can go.
    redis.call('DEL', KEYS[1])
    return kept
end
redis.call('PEXPIREAT', KEYS[1], ARGV[4])
return 1
"""

# What a reader wants of the hash, in this order.
COPY = ("owner", "body", "version", "ended")


def key_of(job_id: uuid.UUID | str) -> str:
    """Name the Redis hash of a job."""
    return f"job:{job_id}"


Said = Callable[[Redis], object]
# The arguments of `_PUT`.
Copy = tuple[Any, ...]


def copy_of(job: Job, shown: bytes, true_at: float, *, whole: bool) -> Copy:
    """Make the copy of a job that was so at a moment.

    Why a queued job waits has to be found out first; till then it is not `whole`, and its copy
    only hides older ones.
    """
    # A moment and no duration: one that Redis hears late, after an outage, is no news any more.
    until = int((true_at + _lifetime(job)) * 1000)
    body, ended = shown if whole else b"", int(job.state in TERMINAL)
    return (key_of(job.id), job.version, str(job.owner_id), body, until, ended)


# Ends of jobs that Redis did not hear of; an older copy there could still say something else.
_unsaid: deque[Copy] = deque(maxlen=1000)


def put(copy: Copy, said: Sequence[Said] = (), *, until_heard: bool = False) -> None:
    """Write a copy unless something newer is there, and what is said of it, in one round trip.

    With `until_heard` it is written later if Redis does not answer.
    """
    if _ask(copy, *said):
        say_again()
    elif until_heard:
        _unsaid.append(copy)


def say_again() -> None:
    """Write to Redis what it did not hear while it was away."""
    # Several threads may do so at once.
    with suppress(IndexError):
        while _unsaid:
            copy = _unsaid.popleft()
            if not _ask(copy):
                _unsaid.append(copy)
                return


def _ask(copy: Copy, *said: Said) -> bool:
    return cache.ask_all(lambda client: client.eval(_PUT, 1, *copy), *said) is not None


def _lifetime(job: Job) -> int:
    return settings.result_ttl_seconds if job.state in TERMINAL else OPEN_SECONDS


def read_copy(job_id: uuid.UUID) -> list[bytes | None] | None:
    """Return the `COPY` of a job that Redis has."""
    return cast("list[bytes | None] | None", cache.ask(lambda r: r.hmget(key_of(job_id), *COPY)))


def forget(job_ids: Sequence[uuid.UUID]) -> bool:
    """Remove all that Redis has of jobs; return whether it did."""
    names = [key for job_id in job_ids for key in (key_of(job_id), event_log.key_of(job_id))]
    return cache.ask(lambda client: client.delete(*names)) is not None
