"""The connection of a streamed answer."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from assistant.api.sse_connection import Line

Ends = tuple[socket.socket, socket.socket]


@pytest.fixture
def ends() -> Iterator[Ends]:
    """Connect a server with its client."""
    server, client = socket.socketpair()
    with server, client:
        # As gevent's sockets are, for the system.
        server.setblocking(False)
        client.settimeout(5)
        yield server, client


def test_what_comes_while_nothing_is_asked_for_is_written_at_once(ends: Ends) -> None:
    server, client = ends
    line = Line({"gunicorn.socket": server, "SERVER_PROTOCOL": "HTTP/1.1"})
    assert line.write(b"hello")
    assert client.recv(100) == b"5\r\nhello\r\n"


def test_old_clients_know_no_chunks(ends: Ends) -> None:
    server, client = ends
    assert Line({"gunicorn.socket": server, "SERVER_PROTOCOL": "HTTP/1.0"}).write(b"hello")
    assert client.recv(100) == b"hello"


def test_a_full_connection_takes_no_more_until_its_rest_is_written(ends: Ends) -> None:
    server, client = ends
    line = Line({"gunicorn.socket": server, "SERVER_PROTOCOL": "HTTP/1.0"})
    piece = b"x" * 10_000_000
    assert line.write(piece)
    assert line.has_rest()
    assert not line.write(b"more")
    got = bytearray()
    with ThreadPoolExecutor(1) as pool:
        # Whoever asks for the next piece waits for it, as gevent's sockets do.
        server.settimeout(5)
        rest = pool.submit(lambda: list(line.pieces(iter([]))))
        while len(got) < len(piece):
            got += client.recv(1_000_000)
        assert rest.result(5) == []
    assert got == piece


@pytest.mark.parametrize("protocol", ["HTTP/2", ""])
def test_other_protocols_are_left_to_the_web_server(ends: Ends, protocol: str) -> None:
    line = Line({"gunicorn.socket": ends[0], "SERVER_PROTOCOL": protocol})
    assert not line.write(b"hello")


def test_a_connection_that_would_wait_is_left_to_the_web_server(ends: Ends) -> None:
    server, _ = ends
    server.setblocking(True)
    line = Line({"gunicorn.socket": server, "SERVER_PROTOCOL": "HTTP/1.1"})
    assert not line.write(b"hello")


def test_the_end_of_an_answer_is_watched_too(ends: Ends) -> None:
    server, client = ends
    line = Line({"gunicorn.socket": server, "SERVER_PROTOCOL": "HTTP/1.1"})
    assert list(line.pieces(iter([b"hello"]))) == [b"hello"]
    line.cut_if_stuck(time.monotonic() + 1)
    assert client.recv(100) == b"", "it was cut"
    line.close()
