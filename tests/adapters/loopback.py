"""Servers of pages on this machine that answer as they are told to, also badly."""

import itertools
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Answer = Callable[[socket.socket], None]


@dataclass
class PageServer:
    """A server, and what it was asked: the head of each request."""

    port: int
    asked: list[str] = field(default_factory=list)
    named: list[str | None] = field(default_factory=list)

    @property
    def place(self) -> tuple[int, tuple[str, int]]:
        """Return where it is, as a resolver says it."""
        return socket.AF_INET, ("127.0.0.1", self.port)


def page(
    body: bytes = b"<p>The ferry leaves at noon.</p>",
    status: str = "200 OK",
    *headers: str,
    length: int | None = None,
) -> bytes:
    """Write an answer with its length."""
    size = len(body) if length is None else length
    head = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {size}", "", ""]
    return "\r\n".join(head).encode("latin-1") + body


def saying(data: bytes) -> Answer:
    """Answer with this."""
    return lambda connection: connection.sendall(data)


def for_ever(first: bytes, again: bytes, pause: float = 0.0) -> Answer:
    """Answer with something, and then again and again with something else."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(first)
        gone = threading.Event()
        for _ in itertools.count():
            connection.sendall(again)
            gone.wait(pause)

    return answer


def silent(connection: socket.socket) -> None:
    """Say nothing until the other side leaves."""
    while connection.recv(1024):
        pass


@contextmanager
def serving(*answers: Answer, tls: ssl.SSLContext | None = None) -> Iterator[PageServer]:
    """Serve on a port of loopback: the first request gets the first answer, the rest the last."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = PageServer(listener.getsockname()[1])
        if tls is not None:
            tls.sni_callback = lambda _, name, __: server.named.append(name)
        remaining = itertools.chain(answers, itertools.repeat(answers[-1]))

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    threading.Thread(target=serve, args=(connection, next(remaining))).start()

        def serve(connection: socket.socket, answer: Answer) -> None:
            with suppress(OSError), connection:
                connection.settimeout(20)
                if tls is not None:
                    connection = tls.wrap_socket(connection, server_side=True)
                if answer is not silent:
                    head = b""
                    while b"\r\n\r\n" not in head:
                        head += connection.recv(65536)
                    server.asked.append(head.decode("latin-1"))
                answer(connection)
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_WR)
                    silent(connection)

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield server
        finally:
            # It wakes whoever waits to accept, which closing alone does not.
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)
