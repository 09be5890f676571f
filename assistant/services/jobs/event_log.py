"""Keep the events of each job in Redis for who follows later, and publish them to who follows."""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from redis import Redis

from assistant.extensions import cache

ENDS = "jobs:ended"
PREFIX = "events:"
ATTEMPT = 1 << 32
OTHERS = 1 << 31
LAST = ATTEMPT - 1
# Longer than any reply that is still followed; what is older is made up for by a snapshot.
MOST_KEPT = 10_000
KEPT_SECONDS = 3600
READ_AT_ONCE = 2000

# A number that is not greater than all before it is refused: whoever was overtaken is not heard.
_APPEND = """
local added = redis.pcall('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], ARGV[2] .. '-0',
    'kind', ARGV[3], 'data', ARGV[4])
if type(added) == 'table' and added.err then return 0 end
redis.call('EXPIRE', KEYS[1], ARGV[5])
if ARGV[6] then
    redis.call('PUBLISH', ARGV[6], ARGV[7])
else
    redis.call('PUBLISH', KEYS[1], ARGV[2] .. ' ' .. ARGV[3] .. ' ' .. ARGV[4])
end
return 1
"""


@dataclass(frozen=True)
class Event:
    """Something that happened to a job; `data` is JSON in one line."""

    number: int
    kind: str
    data: str = field(repr=False)

    @property
    def attempt(self) -> int:
        """Return which attempt it belongs to."""
        return self.number // ATTEMPT

    @property
    def position(self) -> int:
        """Return its place within the attempt."""
        return self.number % ATTEMPT

    @property
    def is_text(self) -> bool:
        """Return whether it says something of a reply's text, or of what was thought before it."""
        return self.kind in ("delta", "reasoning", "snapshot")

    @cached_property
    def frame(self) -> bytes:
        """Return it as a server-sent event; made once for all who follow in this process."""
        return f"id: {self.number}\nevent: {self.kind}\ndata: {self.data}\n\n".encode()


def event(attempt: int, position: int, kind: str, data: dict[str, Any] | str) -> Event:
    """Make an event of an attempt."""
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    return Event(attempt * ATTEMPT + position, kind, text)


def snapshot(text: str, reasoning: str = "") -> dict[str, Any]:
    """Return what replaces all that was said; without `reasoning`, nothing was thought."""
    return {"text": text, "reasoning": reasoning} if reasoning else {"text": text}


def append(job_id: uuid.UUID, what: Event) -> None:
    """Write an event and call it out; best effort, since followers look into PostgreSQL too."""
    cache.ask(appending(job_id, what))


def appending(
    job_id: uuid.UUID, what: Event, ended_for: uuid.UUID | None = None
) -> Callable[[Redis], object]:
    """Return what `append` asks of Redis, to be asked together with something else.

    With `ended_for`, the owner, it is the last one: then everybody is called who follows the job,
    waits for its end or listens for that owner.
    """
    end = () if ended_for is None else (ENDS, f"{job_id} {ended_for}")
    arguments = (MOST_KEPT, what.number, what.kind, what.data, KEPT_SECONDS, *end)
    return lambda client: client.eval(_APPEND, 1, key_of(job_id), *arguments)


def read(job_id: uuid.UUID, after: int = -1) -> list[Event]:
    """Return the events that are kept behind a number, oldest first."""
    found: list[Event] = []
    while True:
        start = f"({after}-0" if after >= 0 else "-"
        entries = cache.ask(
            lambda client, start=start: client.xrange(key_of(job_id), start, "+", READ_AT_ONCE)  # type: ignore[misc]
        )
        for entry_id, values in entries or ():
            number = int(entry_id.split(b"-")[0])
            found.append(Event(number, values[b"kind"].decode(), values[b"data"].decode()))
        if not entries or len(entries) < READ_AT_ONCE:
            return found
        after = found[-1].number


def forget(job_id: uuid.UUID) -> bool:
    """Remove the events of a job, of which something was deleted; return whether Redis did.

    Who follows it sees what PostgreSQL says instead.
    """
    return cache.ask(lambda client: client.delete(key_of(job_id))) is not None


def event_of(message: bytes) -> Event:
    """Return the event that is called out in a job's channel."""
    number, kind, data = message.decode().split(" ", 2)
    return Event(int(number), kind, data)


def key_of(job_id: uuid.UUID) -> str:
    """Name the Redis stream of a job, and the channel in which its events are called out."""
    return f"{PREFIX}{job_id}"


def job_of(name: bytes) -> uuid.UUID:
    """Return the job whose channel has this name."""
    return uuid.UUID(name[len(PREFIX) :].decode())
