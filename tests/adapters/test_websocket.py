"""What a client of the WebSocket can do to others: nothing, whatever it sends."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant.adapters import websocket
from assistant.adapters.websocket import Closed, WebSocket

PROJECT = Path(__file__).parents[2]
HANDSHAKE = {
    "HTTP_HOST": "here",
    "HTTP_CONNECTION": "Upgrade",
    "HTTP_UPGRADE": "websocket",
    "HTTP_SEC_WEBSOCKET_KEY": "dGhlIHNhbXBsZSBub25jZQ==",
    "HTTP_SEC_WEBSOCKET_VERSION": "13",
}
TEXT, PING, PONG, CONTINUATION, LAST = 0x1, 0x9, 0xA, 0x0, 0x80


def frame(first: int, content: bytes = b"") -> bytes:
    """Return a frame of a client, masked with nothing."""
    return bytes((first, 0x80 | len(content), 0, 0, 0, 0)) + content


@pytest.fixture
def both() -> Iterator[tuple[WebSocket, socket.socket]]:
    """Open a socket, and return it with the client's end."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        theirs = socket.create_connection(server.getsockname(), timeout=5)
        ours, _ = server.accept()
    with ours, theirs:
        environ: dict[str, Any] = {"gunicorn.socket": ours, **HANDSHAKE}
        opened = WebSocket(environ, 64 * 1024)
        assert theirs.recv(4096).startswith(b"HTTP/1.1 101")
        opened.trust()
        yield opened, theirs


def hear_out(opened: WebSocket) -> None:
    """Take messages until it is closed."""
    while True:
        opened.receive(0.1)


@pytest.mark.parametrize(
    "flood",
    [
        frame(LAST | PING) * 1000,
        frame(LAST | PONG) * 1000,
        frame(TEXT) + frame(CONTINUATION) * 1000,
        frame(LAST | TEXT, b"{}") * 1000,
    ],
    ids=["pings", "pongs", "empty pieces", "messages"],
)
def test_too_many_frames_end_the_connection_whatever_they_are(
    both: tuple[WebSocket, socket.socket], flood: bytes
) -> None:
    ours, theirs = both
    theirs.sendall(flood)
    with pytest.raises(Closed):
        hear_out(ours)
    said = b""
    while piece := theirs.recv(65536):
        said += piece
    assert websocket.TOO_MANY.to_bytes(2, "big") + b"Too many frames." in said
    assert said.count(bytes((LAST | PONG, 0))) <= websocket.MOST_FRAMES


def test_who_is_not_known_has_few(both: tuple[WebSocket, socket.socket]) -> None:
    ours, theirs = both
    ours._most_frames = websocket.FIRST_FRAMES
    theirs.sendall(frame(LAST | PING) * (websocket.FIRST_FRAMES + 1))
    with pytest.raises(Closed):
        hear_out(ours)


def test_a_message_may_come_in_pieces_and_in_drops(
    both: tuple[WebSocket, socket.socket],
) -> None:
    ours, theirs = both
    text = "wörd " * 2000
    pieces = [text.encode()[at : at + 100] for at in range(0, len(text.encode()), 100)]
    frames = [frame(CONTINUATION, piece) for piece in pieces]
    frames[0] = frame(TEXT, pieces[0])
    frames[-1] = frame(LAST | CONTINUATION, pieces[-1])
    heard = None
    for number, each in enumerate(frames):
        # A frame in two halves is one frame.
        for part in (each[:7], each[7:]) if number % 2 else (each,):
            theirs.sendall(part)
            heard = ours.receive(0.5)
    assert heard == text


def test_reading_on_gives_way_to_others() -> None:
    program = f"""
from gevent import monkey; monkey.patch_all()
import gevent, socket, subprocess, sys, time
from assistant.adapters import websocket
ours, theirs = socket.socketpair()
opened = websocket.WebSocket({{"gunicorn.socket": ours, **{HANDSHAKE!r}}}, 65536)
# Another process sends without end, so that there is always something to read.
flood = "import sys\\nwhile True: sys.stdout.buffer.write(bytes(65536))"
sender = subprocess.Popen([sys.executable, "-c", flood], stdout=theirs, stderr=-3)
gevent.sleep(0.5)
gaps, last = [], time.monotonic()
def tick():
    global last
    while True:
        gaps.append(time.monotonic() - last)
        last = time.monotonic()
        gevent.sleep(0)
ticker = gevent.spawn(tick)
opened.finish()
sender.kill()
print(len(gaps) > 50)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=PROJECT,
        env=dict(os.environ),
    )
    assert done.stdout.strip() == "True", done.stderr
