"""Requests counted in windows of a minute: in Redis, or in this process while Redis is away."""

import hashlib
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple, cast

from redis import Redis
from redis.exceptions import NoScriptError, ResponseError

from assistant.adapters.cache import Cache

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 60
# So many are counted in a process at most; then those go that were first.
MOST_COUNTED = 10_000


class Limit(NamedTuple):
    """How many requests somebody may make in a window."""

    policy: str
    who: str
    quota: int

    @property
    def key(self) -> str:
        """Return the name of the count."""
        return f"requests:{self.policy}:{self.who}"


class Window(NamedTuple):
    """What is left of a limit, and in how many seconds there is all of it again."""

    limit: Limit
    left: int
    seconds: float


class Counted(NamedTuple):
    """A request that was counted under all of its limits, or under none if one was reached."""

    windows: Sequence[Window]
    refused: bool


# A window begins with the first request in it. A count without an end, which somebody else must
# have made, gets one, so that nobody is kept out for ever.
_COUNT = """
local found, full = {}, 0
for i, key in ipairs(KEYS) do
    found[i] = tonumber(redis.call('GET', key) or 0)
    if found[i] >= tonumber(ARGV[i + 1]) then full = 1 end
end
local answer = {full}
for i, key in ipairs(KEYS) do
    if full == 0 then found[i] = redis.call('INCR', key) end
    if found[i] > 0 and redis.call('PTTL', key) < 0 then
        redis.call('PEXPIRE', key, ARGV[1])
    end
    answer[2 * i] = found[i]
    answer[2 * i + 1] = redis.call('PTTL', key)
end
return answer
"""
_DIGEST = hashlib.sha1(_COUNT.encode(), usedforsecurity=False).hexdigest()


class RequestWindows:
    """Counts requests under several limits at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Of each count its number and end, by the monotonic clock, in the order of their beginning.
        self._here: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def count(self, cache: Cache, limits: Sequence[Limit]) -> Counted:
        """Count a request, unless one of the limits is reached."""
        answer = cache.ask(lambda client: _ask(client, limits))
        return self._count_here(limits) if answer is None else _read(limits, answer)

    def _count_here(self, limits: Sequence[Limit]) -> Counted:
        now = time.monotonic()
        with self._lock:
            before = [self._at(limit.key, now) for limit in limits]
            pairs = list(zip(limits, before, strict=True))
            refused = any(number >= limit.quota for limit, (number, _) in pairs)
            for limit, (number, end) in pairs:
                if not refused:
                    self._here[limit.key] = (number + 1, end)
            while len(self._here) > MOST_COUNTED:
                self._here.popitem(last=False)
        return Counted(
            [
                Window(limit, max(limit.quota - number - (not refused), 0), end - now)
                for limit, (number, end) in pairs
            ],
            refused,
        )

    def _at(self, key: str, now: float) -> tuple[int, float]:
        number, end = self._here.get(key, (0, 0.0))
        if now < end:
            return number, end
        self._here.pop(key, None)
        return 0, now + WINDOW_SECONDS


def _ask(client: Redis, limits: Sequence[Limit]) -> list[int] | None:
    """Return what Redis has counted; None if it answers and takes no writes, such as when full."""
    keys = [limit.key for limit in limits]
    given = [*keys, str(WINDOW_SECONDS * 1000), *(str(limit.quota) for limit in limits)]
    try:
        return _run(client, len(keys), given)
    except ResponseError as error:
        logger.warning("requests are counted in this process: %s", error)
        return None


def _run(client: Redis, keys: int, given: Sequence[str]) -> list[int]:
    try:
        answer = client.evalsha(_DIGEST, keys, *given)
    except NoScriptError:
        # Redis was started anew; it keeps the script from now on.
        answer = client.eval(_COUNT, keys, *given)
    return cast("list[int]", answer)


def _read(limits: Sequence[Limit], answer: list[int]) -> Counted:
    numbers, rests = answer[1::2], answer[2::2]
    windows = [
        # Of a count that there is not, the whole window is left.
        Window(limit, max(limit.quota - number, 0), rest / 1000 if rest >= 0 else WINDOW_SECONDS)
        for limit, number, rest in zip(limits, numbers, rests, strict=True)
    ]
    return Counted(windows, bool(answer[0]))
