"""The attacks, each run as a program of its own: `python -m benchmarks.floods.attacks NAME PORT`.

Reads an access token from its standard input, goes on until SIGTERM, and then prints what it was
answered. It gives way to everybody: attackers bring processors of their own.
"""

import asyncio
import base64
import json
import os
import signal
import sys
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

API = "/api/v1"
PASSWORD = "a password for floods"
MEBIBYTE = 1024 * 1024
HALF_BODIES = 2000
DRAINED = 32 * MEBIBYTE
# Another address of this machine, so that whoever looks at addresses can tell the flood apart.
ELSEWHERE = "127.0.0.2"


Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Target:
    """Whom to attack, with which token, and what came back."""

    port: int
    token: str
    answers: Counter[str] = field(default_factory=Counter)
    held: list[asyncio.StreamWriter] = field(default_factory=list)

    async def connect(self, source: str | None = None) -> Ends:
        """Open a connection, from this address."""
        local = (source, 0) if source else None
        return await asyncio.open_connection("127.0.0.1", self.port, local_addr=local)

    async def send(
        self, path: str, body: bytes, *, source: str | None = None, **headers: str
    ) -> None:
        """Post JSON over a connection of its own, and count the answer."""
        reader, writer = await self.connect(source)
        try:
            writer.write(head(path, len(body), **headers) + body)
            await writer.drain()
            self.answers[(await reader.readline()).split(b" ")[1].decode()] += 1
        finally:
            writer.close()

    @property
    def signed_in(self) -> dict[str, str]:
        """Return the header of a user's request."""
        return {"Authorization": f"Bearer {self.token}"}


def head(path: str, length: int, **headers: str) -> bytes:
    """Return the head of a POST."""
    lines = [f"POST {API}{path} HTTP/1.1", "Host: here", "Content-Type: application/json"]
    lines += [f"Content-Length: {length}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def again_and_again(count: int, work: Callable[[], Awaitable[None]]) -> None:
    """Do something in so many places at once, for ever."""

    async def go_on() -> None:
        while True:
            with suppress(OSError, IndexError, asyncio.IncompleteReadError):
                await work()

    await asyncio.gather(*(go_on() for _ in range(count)))


async def _flood_a_socket(target: Target, token: str | None, frame: bytes) -> None:
    reader, writer = await target.connect()
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [f"GET {API}/ws HTTP/1.1", "Host: here", "Upgrade: websocket", "Connection: Upgrade"]
    lines += [f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", "", ""]
    writer.write("\r\n".join(lines).encode())
    await reader.readuntil(b"\r\n\r\n")
    if token is not None:
        said = json.dumps({"type": "auth", "token": token}).encode()
        length = bytes((0xFE,)) + len(said).to_bytes(2, "big")
        writer.write(b"\x81" + length + bytes(4) + said)

    async def read() -> None:
        while await reader.read(65536):
            pass

    reading = asyncio.create_task(read())
    try:
        while not reading.done():
            writer.write(frame * 2000)
            await writer.drain()
    finally:
        target.answers["closed"] += 1
        reading.cancel()
        writer.close()


PING = b"\x89\x80" + bytes(4)
EMPTY = b"\x00\x80" + bytes(4)


async def pings(target: Target) -> None:
    """Four sockets that nobody signs in send pings without end."""
    await again_and_again(4, lambda: _flood_a_socket(target, None, PING))


async def pieces(target: Target) -> None:
    """Four sockets of a user send a message in empty pieces without end."""
    begun = b"\x01\x80" + bytes(4)
    await again_and_again(4, lambda: _flood_a_socket(target, target.token, begun + EMPTY * 50))


async def ids(target: Target) -> None:
    """Four clients of a user send lists of half a million ids that are none."""
    body = json.dumps({"query": "x", "document_ids": [1] * 340_000}).encode()
    await again_and_again(4, lambda: target.send("/search", body, **target.signed_in))


async def keys(target: Target) -> None:
    """Four clients without a credential register with a hundred thousand unknown fields."""
    body = json.dumps({f"k{number}": 1 for number in range(90_000)}).encode()
    await again_and_again(4, lambda: target.send("/auth/register", body))


async def registrations(target: Target) -> None:
    """A hundred at once register, each with a key."""

    async def register() -> None:
        name = f"f{uuid.uuid4().hex[:16]}"
        body = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
        await target.send("/auth/register", json.dumps(body).encode(), Idempotency_Key=name)

    await again_and_again(100, register)


async def half_bodies(target: Target) -> None:
    """Thousands send half a body each, and nothing more."""

    async def hold() -> None:
        _, writer = await target.connect()
        writer.write(head("/auth/token", 1000) + b"x" * 500)
        target.held.append(writer)
        target.answers["held"] += 1
        if len(target.held) > HALF_BODIES:
            target.held.pop(0).close()

    await again_and_again(20, hold)


async def unwanted(target: Target) -> None:
    """Four clients send large bodies to a path that there is not."""
    piece = bytes(MEBIBYTE)

    async def send() -> None:
        reader, writer = await target.connect()
        wanted = head("/nothing", DRAINED).replace(b"Connection: close", b"Accept: */*")
        writer.write(wanted)
        try:
            for _ in range(DRAINED // MEBIBYTE):
                writer.write(piece)
                await writer.drain()
            target.answers[(await reader.readline()).split(b" ")[1].decode()] += 1
        finally:
            writer.close()

    await again_and_again(4, send)


async def one_name(target: Target) -> None:
    """Fifty at once try passwords of one user, as fast as they can."""
    body = json.dumps({"username": "victim", "password": PASSWORD}).encode()
    await again_and_again(50, lambda: target.send("/auth/token", body))


async def many_names(target: Target) -> None:
    """Fifty at once, at another address, try names that there are not."""

    async def sign_in() -> None:
        body = json.dumps({"username": uuid.uuid4().hex[:12], "password": PASSWORD}).encode()
        await target.send("/auth/token", body, source=ELSEWHERE)

    await again_and_again(50, sign_in)


async def searches(target: Target) -> None:
    """Fifty at once, of one user, search."""
    body = json.dumps({"query": "the lamp of the harbour"}).encode()
    await again_and_again(50, lambda: target.send("/search", body, **target.signed_in))


ATTACKS = {
    attack.__name__: attack
    for attack in (
        *(pings, pieces, ids, keys, registrations, half_bodies, unwanted),
        *(one_name, many_names, searches),
    )
}


async def _until_told(name: str, target: Target) -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    attack = asyncio.create_task(ATTACKS[name](target))
    await stopping.wait()
    attack.cancel()
    print(json.dumps(target.answers))


if __name__ == "__main__":
    os.nice(19)
    asyncio.run(_until_told(sys.argv[1], Target(int(sys.argv[2]), sys.stdin.readline().strip())))
