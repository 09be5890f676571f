"""A model server that sends byte for byte what a test says, however wrong that is."""

import contextlib
import json
import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

# Among the pieces of a body: send nothing more until the client closes the connection.
HANG = object()
STREAM = {"Content-Type": "text/event-stream"}


@dataclass
class Answer:
    """What to answer: a body as a whole, or in pieces, each of which is sent by itself.

    An event among them is waited for.
    """

    status: int = 200
    body: Any = b"{}"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Asked:
    """What was asked, and whether the client has closed the connection meanwhile."""

    path: str
    headers: dict[str, str]
    body: Any
    closed: threading.Event = field(default_factory=threading.Event)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: "RawServer"  # type: ignore[assignment]

    def log_message(self, *_: Any) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        """List the models."""
        data = [{"id": name} for name in self.server.models]
        self._send(Answer(body=json.dumps({"data": data}).encode()))

    def do_POST(self) -> None:
        """Answer as told; what nobody has foreseen is not there."""
        length = int(self.headers.get("Content-Length", 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.path, headers, json.loads(self.rfile.read(length)))
        self.server.requests.append(asked)
        answers = self.server.answers.get(self.path) or self.server.answers[""]
        answer = answers.popleft() if answers else Answer(404, b'{"error": "Not Found"}')
        with contextlib.suppress(OSError):
            self._send(answer, asked)

    def _send(self, answer: Answer, asked: Asked | None = None) -> None:
        self.send_response(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        whole = isinstance(answer.body, bytes)
        if whole:
            self.send_header("Content-Length", str(len(answer.body)))
        elif answer.body[:1] != [HANG]:
            self.send_header("Transfer-Encoding", "chunked")
        if answer.body != [HANG]:
            self.end_headers()
        for piece in [] if whole else answer.body:
            if isinstance(piece, threading.Event):
                piece.wait(30)
                continue
            if piece is HANG:
                assert asked is not None
                self.connection.settimeout(30)
                with contextlib.suppress(OSError):
                    self.connection.recv(1)
                asked.closed.set()
                self.close_connection = True
                return
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        self.wfile.write(answer.body if whole else b"0\r\n\r\n")


class RawServer(ThreadingHTTPServer):
    """The server, in a thread of this process, on a free port."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/v1"
        self.models: list[str] = []
        self.requests: list[Asked] = []
        self.answers: dict[str, deque[Answer]] = {"": deque()}

    def handle_error(self, *_: Any) -> None:
        """Stay silent: clients hang up on purpose."""

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def answer(self, body: Any, status: int = 200, path: str = "", **headers: str) -> None:
        """Queue a body of JSON, bytes, or pieces of bytes, for any path or for one."""
        if isinstance(body, dict):
            body = json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.setdefault(path, deque()).append(Answer(status, body, named))

    def stream(self, *events: Any, path: str = "") -> None:
        """Queue events: what is no bytes is sent as the data of one."""
        pieces = [
            event if isinstance(event, bytes) or event is HANG else data(event) for event in events
        ]
        self.answers.setdefault(path, deque()).append(Answer(200, pieces, STREAM))


def data(of: Any) -> bytes:
    """Return an event."""
    return f"data: {of if isinstance(of, str) else json.dumps(of)}\n\n".encode()


def delta(content: Any = None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    """Return a chunk as a good server sends it."""
    said = {} if content is None else {"content": content}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "delta": {**said, **more}, "finish_reason": finish}],
    }


def message(**members: Any) -> dict[str, Any]:
    """Return a whole answer as a good server sends it."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [
            {"index": 0, "message": {"role": "assistant", **members}, "finish_reason": "stop"}
        ],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
    }
