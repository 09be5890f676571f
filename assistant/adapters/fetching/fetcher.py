"""Fetching one page: a few redirects, each checked anew, within one limit of time and of size."""

import http.client
import time
from typing import Any
from urllib.parse import urljoin

from assistant import __version__
from assistant.adapters.fetching import failures
from assistant.adapters.fetching.connection import Connection
from assistant.adapters.fetching.content import PageContent
from assistant.adapters.fetching.guard import Guard, WebAddress
from assistant.errors import InvalidInput, PermanentError
from assistant.sources import Page

REDIRECTS = 5
MOVED = frozenset([301, 302, 303, 307, 308])
GIVEN = frozenset([200, 203])
# What an answer may have before its content, and what sending that in small pieces adds to it.
HEAD_BYTES = 256 * 1024
SLACK = 1024 * 1024
HEADERS = {
    "User-Agent": f"assistant/{__version__}",
    "Accept": "text/html,application/xhtml+xml,application/pdf;q=0.9,*/*;q=0.5",
    "Accept-Encoding": "gzip, deflate",
    "Connection": "close",
}


class GuardedFetcher:
    """A `Fetcher` that asks only where the guard lets it, and no proxy."""

    def __init__(self, guard: Guard, *, timeout: float, limit: int) -> None:
        self._guard = guard
        self._timeout = timeout
        self._limit = limit

    def check(self, url: str) -> str:
        """Return an address as it will be asked for; raises `InvalidInput`."""
        return str(self._guard.read(url))

    def start(self, url: str) -> "RunningFetch":
        """Begin to fetch a page; the time runs from now on."""
        return RunningFetch(self._guard, url, time.monotonic() + self._timeout, self._limit)


class RunningFetch:
    """A `Fetching`; its connection is closed when the block is left."""

    def __init__(self, guard: Guard, url: str, deadline: float, limit: int) -> None:
        self._guard = guard
        self._url = url
        self._deadline = deadline
        self._limit = limit
        self._connection = Connection(deadline)
        self._aborted = False

    def __enter__(self) -> "RunningFetch":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def abort(self) -> None:
        """End it at once; may be called from any thread."""
        self._aborted = True
        self._connection.abort()

    def page(self) -> Page:
        """Return the page, whose content is still to be read while the block lasts."""
        url = self._url
        for _ in range(1 + REDIRECTS):
            address = self._read(url)
            answer = self._ask(address)
            if answer.status in MOVED and (location := answer.headers.get("Location")):
                # As bytes it is UTF-8, if anything.
                location = location.encode("latin-1").decode(errors="replace")
                url = urljoin(str(address), location)
                continue
            if answer.status not in GIVEN:
                raise failures.of_status(answer.status, answer.headers.get("Retry-After"))
            kind = answer.headers.get_content_type() if "Content-Type" in answer.headers else None
            return Page(str(address), kind, PageContent(answer, self._limit))
        raise failures.moved_on()

    def _read(self, url: str) -> WebAddress:
        try:
            return self._guard.read(url)
        except InvalidInput as error:
            # The first address was looked at before, so it is one that another led to.
            words = f"The address leads to {url[:200]!r}. {error.detail}"
            raise PermanentError(words, code="address_not_allowed") from None

    def _ask(self, address: WebAddress) -> http.client.HTTPResponse:
        """Ask for a page at one of its checked places; return the answer up to its content."""
        places = self._guard.places(address, self._deadline - time.monotonic())
        self._connection.close()
        self._connection = connection = Connection(self._deadline)
        if self._aborted:
            connection.abort()
        with failures.told():
            connection.open(address, places)
            connection.send(_request(address))
            connection.allow(HEAD_BYTES)
            made_for: Any = connection
            answer = http.client.HTTPResponse(made_for, method="GET")
            answer.begin()
            connection.allow(2 * self._limit + SLACK)
        return answer


def _request(address: WebAddress) -> bytes:
    lines = [f"GET {address.target} HTTP/1.1", f"Host: {address.authority}"]
    lines += [f"{name}: {value}" for name, value in HEADERS.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")
