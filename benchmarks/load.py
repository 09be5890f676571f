"""A small HTTP client that keeps connections busy and costs little itself."""

import asyncio
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Load:
    """What one reading gave: answers per second, and percentiles of their time in ms."""

    rate: float
    p50: float
    p95: float
    p99: float


class _Client(asyncio.Protocol):
    """One connection that sends the same request again as soon as it has the answer."""

    def __init__(
        self, request: bytes, status: bytes, until: float, times: list[float], pause: float
    ) -> None:
        self.request, self.status, self.until, self.times = request, status, until, times
        self.pause = pause
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.buffer = b""
        self.sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._send()

    def _send(self) -> None:
        self.sent_at = time.perf_counter()
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, separator, rest = self.buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        if len(rest) < length:
            return
        self.buffer = rest[length:]
        now = time.perf_counter()
        self.times.append(now - self.sent_at)
        if head.split(b" ", 2)[1] != self.status:
            self.done.set_exception(RuntimeError(f"unexpected answer: {head[:100]!r} {rest!r}"))
        elif now >= self.until:
            self.done.set_result(None)
        elif self.pause:
            asyncio.get_running_loop().call_later(self.pause, self._send)
        else:
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(ConnectionError(f"connection lost: {exc}"))


def request(
    method: str, path: str, token: str | None = None, body: bytes = b"", host: str = "127.0.0.1"
) -> bytes:
    """Return the bytes of an HTTP request."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if body:
        lines.append("Content-Type: application/json")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def measure(
    port: int, wanted: bytes, *, status: int, clients: int, seconds: float, pause: float = 0.0
) -> Load:
    """Keep `clients` connections busy for a while; every answer must have this status.

    With a `pause` between answer and next request, they ask now and then and load nothing.
    """
    times: list[float] = []

    async def run() -> float:
        loop = asyncio.get_running_loop()
        began = time.perf_counter()
        until = began + seconds
        made = [
            await loop.create_connection(
                lambda: _Client(wanted, str(status).encode(), until, times, pause),
                "127.0.0.1",
                port,
            )
            for _ in range(clients)
        ]
        try:
            await asyncio.gather(*(client.done for _, client in made))
        finally:
            for transport, _ in made:
                transport.close()
        return time.perf_counter() - began

    elapsed = asyncio.run(run())
    times.sort()
    p50, p95, p99 = (1000 * times[int(len(times) * share)] for share in (0.50, 0.95, 0.99))
    return Load(len(times) / elapsed, p50, p95, p99)
