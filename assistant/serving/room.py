"""How many connections a web process keeps open, and which of them it closes for new ones."""

from typing import Protocol


class Closable(Protocol):
    """A connection that can be ended from outside."""

    def hang_up(self) -> None:
        """End it."""


class Room:
    """The connections of a process.

    Those whose sender is not known are few, so that nobody fills it without a credential. There are
    so many, at most, that have not sent a whole request, or get their answer: the one that has been
    so longest makes room for a new one, since an honest one is not so for long. And there are so
    many whose request is in hand and shows no credential: a new one is refused.

    When it gets full, those at rest between requests go, the longest idle first, and then those
    that show a credential at which nobody has looked yet. Who is known is never closed.
    """

    def __init__(self, most: int, most_strangers: int) -> None:
        self._most, self._most_strangers = most, most_strangers
        self._open = 0
        # In the order in which they became so.
        self._strangers: dict[Closable, None] = {}
        self._served: set[Closable] = set()
        self._claiming: dict[Closable, None] = {}
        self._answered: dict[Closable, None] = {}
        self._idle: dict[Closable, None] = {}

    def enter(self, connection: Closable) -> None:
        """Take a new connection in."""
        self._open += 1
        self.wait_for_request(connection)
        if self._open > self._most:
            _close_first(self._idle or self._claiming)

    def leave(self, connection: Closable) -> None:
        """Forget a connection that is closed."""
        self._open -= 1
        self._withdraw(connection)

    def wait_for_request(self, connection: Closable) -> None:
        """Say that a request has begun to come, or must."""
        self._withdraw(connection)
        self._strangers[connection] = None
        if len(self._strangers) > self._most_strangers:
            _close_first(self._strangers)

    def serve(self, connection: Closable, shows_credential: bool) -> bool:
        """Say that a request is whole; false if too many that show no credential are in hand."""
        if connection not in self._strangers:
            return True
        if not shows_credential and len(self._served) >= self._most_strangers:
            return False
        self._withdraw(connection)
        if shows_credential:
            self._claiming[connection] = None
        else:
            self._served.add(connection)
        return True

    def answer(self, connection: Closable) -> None:
        """Say that the answer has begun."""
        if connection in self._served or connection in self._claiming:
            self._withdraw(connection)
            self._answered[connection] = None
            if len(self._answered) > self._most_strangers:
                _close_first(self._answered)

    def know(self, connection: Closable) -> None:
        """Say that the request in hand carries a good credential."""
        self._withdraw(connection)

    def rest(self, connection: Closable) -> None:
        """Say that a request is answered, and the next one has not begun."""
        self._withdraw(connection)
        self._idle[connection] = None

    def close_idle(self) -> None:
        """Close what is at rest, since nothing more is served here."""
        while self._idle:
            _close_first(self._idle)

    def _withdraw(self, connection: Closable) -> None:
        self._strangers.pop(connection, None)
        self._served.discard(connection)
        self._claiming.pop(connection, None)
        self._answered.pop(connection, None)
        self._idle.pop(connection, None)


def _close_first(connections: dict[Closable, None]) -> None:
    first = next(iter(connections), None)
    if first is not None:
        del connections[first]
        first.hang_up()
