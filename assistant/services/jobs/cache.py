"""Copies of jobs in Redis, of which a newer one is never replaced by an older, and each expires."""

import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from operator import methodcaller
from typing import Any, NamedTuple, cast

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
local failed
for number, key in ipairs(KEYS) do
    local version, owner, body, until_, ended = unpack(ARGV, 5 * number - 4, 5 * number)
    local known = redis.call('HGET', key, 'version')
    if not known or tonumber(known) < tonumber(version) then
        local kept = redis.pcall('HSET', key, 'version', version, 'owner', owner, 'body', body,
            'ended', ended)
        if type(kept) == 'table' then
            -- There is no memory for it, but what is not true any more can go.
            redis.call('DEL', key)
            failed = kept
        else
            redis.call('PEXPIREAT', key, until_)
        end
    end
end
return failed or 1
"""

# What a reader wants of the hash, in this order.
COPY = ("owner", "body", "version", "ended")


def key_of(job_id: uuid.UUID | str) -> str:
    """Name the Redis hash of a job."""
    return f"job:{job_id}"


# How many copies are written at once.
AT_ONCE = 500

Said = Callable[[Redis], object]
# A key and what `_PUT` is to know of it.
Copy = tuple[Any, ...]


class Emptied(NamedTuple):
    """What is to be known of a job that ended before, and whose result was taken out."""

    id: uuid.UUID
    owner_id: uuid.UUID
    version: int


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
    if _ask(copy, said=said):
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


def hide(emptied: Sequence[Emptied]) -> bool:
    """Let Redis have nothing of these jobs, nor take an older copy; return whether it heard.

    Many go in one round trip. If it does not answer, some are told it later.
    """
    until = int((time.time() + settings.result_ttl_seconds) * 1000)
    heard = True
    for start in range(0, len(emptied), AT_ONCE):
        some = emptied[start : start + AT_ONCE]
        copies = [(key_of(job.id), job.version, str(job.owner_id), b"", until, 1) for job in some]
        events = [event_log.key_of(job.id) for job in some]
        if not _ask(*copies, said=[methodcaller("delete", *events)]):
            _unsaid.extend(copies)
            heard = False
    return heard


def _ask(*copies: Copy, said: Sequence[Said] = ()) -> bool:
    keys = [copy[0] for copy in copies]
    values = [value for copy in copies for value in copy[1:]]
    return cache.ask_all(methodcaller("eval", _PUT, len(keys), *keys, *values), *said) is not None


def _lifetime(job: Job) -> int:
    return settings.result_ttl_seconds if job.state in TERMINAL else OPEN_SECONDS


def read_copy(job_id: uuid.UUID) -> list[bytes | None] | None:
    """Return the `COPY` of a job that Redis has."""
    return cast("list[bytes | None] | None", cache.ask(lambda r: r.hmget(key_of(job_id), *COPY)))


def forget(job_ids: Sequence[uuid.UUID]) -> bool:
    """Remove all that Redis has of jobs; return whether it did."""
    names = [key for job_id in job_ids for key in (key_of(job_id), event_log.key_of(job_id))]
    return cache.ask(lambda client: client.delete(*names)) is not None
