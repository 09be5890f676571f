"""A TCP proxy that misbehaves: refuses, resets, delays, swallows, buffers, or drops one reply."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Coroutine
from typing import Any, Literal, Self

Mode = Literal["pass", "refuse", "blackhole", "latency", "buffer"]
PIECE = 65_536


class Link:
    """One connection of a client, and the one to the server behind it."""

    def __init__(self, client: asyncio.StreamWriter) -> None:
        self.client = client
        self.server: asyncio.StreamWriter | None = None
        self.drops_reply = False

    def abort(self) -> None:
        """End both connections at once, the client's with a reset."""
        linger = struct.pack("ii", 1, 0)
        with contextlib.suppress(OSError):
            sock = self.client.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.client.transport.abort()
        if self.server is not None:
            self.server.transport.abort()


class Proxy:
    """A proxy in a thread of this process, in front of one server on this machine.

    Modes: `pass`; `refuse` ends what is connected and takes nobody new; `blackhole` takes
    everything and passes nothing on until the mode changes; `latency` delays each piece; `buffer`
    keeps what the server says until it hangs up. With `idle_seconds`, connections on which the
    server says nothing for so long are cut.
    """

    def __init__(self, to_port: int) -> None:
        self.to_port = to_port
        self.port = 0
        self.mode: Mode = "pass"
        self.delay = 0.0
        self.idle_seconds: float | None = None
        self.cut = 0
        self.replies_dropped = 0
        self._drop_after: bytes | None = None
        self._links: set[Link] = set()
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._await(self._listen())
        return self

    def __exit__(self, *_: object) -> None:
        self._await(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def set(self, mode: Mode, delay: float = 0.0) -> None:
        """Behave like this from now on; `delay` is in seconds."""
        self._await(self._set(mode, delay))

    def reset(self) -> None:
        """Reset every connection there is; new ones are welcome."""
        self._await(self._reset())

    def drop_reply(self, after: bytes) -> None:
        """Forward the next request that holds these bytes, and reset instead of its reply."""
        self._drop_after = after

    def forget_drop(self) -> bool:
        """Return whether a reply still was to be dropped; now it will not."""
        waited, self._drop_after = self._drop_after is not None, None
        return waited

    def _await(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _set(self, mode: Mode, delay: float) -> None:
        self.mode, self.delay = mode, delay
        if mode == "blackhole":
            self._flowing.clear()
        else:
            self._flowing.set()
        if mode == "refuse" and self._server is not None:
            self._server.close()
            self._server = None
            await self._reset()
        elif mode != "refuse" and self._server is None:
            await self._listen()

    async def _reset(self) -> None:
        for link in list(self._links):
            link.abort()

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._reset()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until either side ends it."""
        link = Link(writer)
        self._links.add(link)
        try:
            await self._flowing.wait()
            answers, link.server = await asyncio.open_connection("127.0.0.1", self.to_port)
            await asyncio.gather(
                self._carry(reader, link.server, link, asks=True),
                self._carry(answers, writer, link, asks=False),
            )
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._links.discard(link)
            link.abort()

    async def _carry(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        link: Link,
        *,
        asks: bool,
    ) -> None:
        """Carry pieces one way; the end of one direction ends both."""
        kept = b""
        while piece := await self._read(reader, asks=asks):
            await self._flowing.wait()
            if self.mode == "latency":
                await asyncio.sleep(self.delay)
            if asks and self._drop_after is not None and self._drop_after in piece:
                self._drop_after, link.drops_reply = None, True
            elif not asks and link.drops_reply:
                self.replies_dropped += 1
                break
            if self.mode == "buffer" and not asks:
                kept += piece
                continue
            writer.write(piece)
            await writer.drain()
        if kept:
            writer.write(kept)
            await writer.drain()
            writer.write_eof()
            await asyncio.sleep(0.1)
        if not asks and link.drops_reply:
            link.abort()
        raise ConnectionAbortedError

    async def _read(self, reader: asyncio.StreamReader, *, asks: bool) -> bytes:
        try:
            return await asyncio.wait_for(
                reader.read(PIECE), timeout=None if asks else self.idle_seconds
            )
        except TimeoutError:
            self.cut += 1
            raise
