"""Subscribe in Redis to the events of each job that is followed here, and to the ends of all jobs.

A process hears only of its own followers' jobs. With one channel for everything, each event of
each reply would cost every web process, however many there are.
"""

import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

import redis
from redis import Connection, Redis

from assistant.services.jobs.event_log import ENDS, Event, event_of, job_of, key_of

# So long a follower waits until Redis says that it will be told.
CONFIRM_SECONDS = 1.0
MOST_AT_ONCE = 1000


class Heard(NamedTuple):
    """An event of a job, the end of a job, or, with neither, that something may be missing."""

    job_id: uuid.UUID
    event: Event | None = None
    ended_for: uuid.UUID | None = None


class Channel:
    """One job's channel."""

    def __init__(self) -> None:
        self.followers = 0
        self.confirmed = threading.Event()
        # Somebody goes on without knowing from when on it is told.
        self.late = False


class Channels:
    """The channels that this process listens to, over one connection at a time."""

    def __init__(self) -> None:
        self._channels: dict[str, Channel] = {}
        # Answers to SUBSCRIBE that are still to come: only the last is about the latest request.
        self._asked: Counter[str] = Counter()
        self._connection: Connection | None = None
        self._changing = threading.Lock()

    @contextmanager
    def open(self, client: Redis) -> Iterator[None]:
        """Listen over a connection of this client; raises `redis.RedisError`."""
        connection = client.connection_pool.get_connection()
        try:
            with self._changing:
                names = tuple(self._channels)
            _send(connection, "SUBSCRIBE", ENDS, *names)
            for _ in (ENDS, *names):
                # Events that come between are in the log, where everybody looks after this.
                while _read(connection)[0] != b"subscribe":
                    continue
            self._begin(connection, names)
            yield
        finally:
            with self._changing:
                self._connection = None
            connection.disconnect()  # type: ignore[no-untyped-call]  # redis has no type here
            client.connection_pool.release(connection)

    def _begin(self, connection: Connection, names: tuple[str, ...]) -> None:
        with self._changing:
            self._connection = connection
            self._asked.clear()
            for name, channel in self._channels.items():
                if name in names:
                    channel.confirmed.set()
                else:
                    channel.late = True
                    self._subscribe(name)
            for name in set(names) - self._channels.keys():
                self._send("UNSUBSCRIBE", name)

    @contextmanager
    def hear(self, job_id: uuid.UUID) -> Iterator[None]:
        """Be told what happens to a job, from now on; while Redis is away, once it is back."""
        name = key_of(job_id)
        with self._changing:
            channel = self._channels.setdefault(name, Channel())
            channel.followers += 1
            if channel.followers == 1:
                self._subscribe(name)
            listening = self._connection is not None
        try:
            if listening and not channel.confirmed.wait(CONFIRM_SECONDS):
                channel.late = True
            yield
        finally:
            with self._changing:
                channel.followers -= 1
                if not channel.followers:
                    del self._channels[name]
                    self._send("UNSUBSCRIBE", name)

    def ask_for_a_word(self) -> None:
        """Make Redis say something, since a connection can be dead and not show it."""
        with self._changing:
            self._send("PING")

    def _subscribe(self, name: str) -> None:
        self._asked[name] += 1
        self._send("SUBSCRIBE", name)

    def _send(self, *command: str) -> None:
        # A broken one would connect again by itself, and listen to this channel alone. Whoever
        # reads finds out, and opens another for all of them.
        if self._connection is not None and self._connection.is_connected:
            with suppress(redis.RedisError):
                _send(self._connection, *command)

    def read(self, seconds: float) -> list[Heard] | None:
        """Return what was called out, or None if there was no word for so long.

        Only for who has opened them; raises `redis.RedisError` once the connection is lost.
        """
        connection = self._connection
        assert connection is not None
        heard: list[Heard] = []
        silent = True
        while len(heard) < MOST_AT_ONCE:
            try:
                answer = _read(connection, seconds if silent else 0)
            except redis.TimeoutError:
                return None if silent else heard
            silent = False
            heard += self._heard(*answer)
        return heard

    def _heard(self, kind: bytes, name: bytes = b"", data: bytes = b"") -> Iterator[Heard]:
        if kind == b"message":
            yield _ended(data) if name == ENDS.encode() else Heard(job_of(name), event_of(data))
        elif kind == b"subscribe":
            channel = self._confirmed(name.decode())
            if channel is not None and channel.late:
                channel.late = False
                yield Heard(job_of(name))

    def _confirmed(self, name: str) -> Channel | None:
        """Take an answer to SUBSCRIBE; return the channel if it is the one that counts."""
        with self._changing:
            self._asked[name] -= 1
            if self._asked[name] > 0:
                return None
            del self._asked[name]
            channel = self._channels.get(name)
        if channel is not None:
            channel.confirmed.set()
        return channel


def _send(connection: Connection, *command: str) -> None:
    connection.send_command(*command, check_health=False)  # type: ignore[no-untyped-call]  # as above


def _read(connection: Connection, seconds: float = CONFIRM_SECONDS) -> list[bytes]:
    answer = connection.read_response(timeout=seconds, disconnect_on_error=False, push_request=True)
    return answer if isinstance(answer, list) else [answer]


def _ended(data: bytes) -> Heard:
    job_id, owner_id = data.decode().split(" ")
    return Heard(uuid.UUID(job_id), ended_for=uuid.UUID(owner_id))
