"""A scripted embeddings endpoint that speaks the OpenAI protocol, at the network's boundary.

Its vectors are bags of words, so that texts with the same words are near each other.
"""

import base64
import json
import threading
import time
import zlib
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import numpy as np


def vector(text: str, dimensions: int) -> list[float]:
    """Return the sum of a vector for each word."""
    row = np.full(dimensions, 1e-3, np.float32)
    for word in text.lower().split():
        row[zlib.crc32(word.strip(".,;:?!#").encode()) % dimensions] += 1
    return [float(value) for value in row]


class EmbeddingsServer:
    """The server in threads of this process, on a free port.

    `plan` queues what to do with the next requests: a status with headers, or a behaviour by name.
    """

    def __init__(self, dimensions: int = 64) -> None:
        self.dimensions = dimensions
        self.plans: deque[Any] = deque()
        self.always: Any = None
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.knows_base64 = True
        self.unknown: set[str] = set()
        self.release = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                size = int(self.headers["Content-Length"])
                server.answer(self, json.loads(self.rfile.read(size)))

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release.set()
        self._http.shutdown()
        self._http.server_close()

    def plan(self, *plans: Any) -> None:
        """Queue what to do with the next requests."""
        self.plans.extend(plans)

    @property
    def texts(self) -> list[str]:
        """Return all texts that were sent, in order."""
        return [text for request in self.requests for text in request["input"]]

    def answer(self, handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        """Answer a request as planned."""
        self.requests.append(body)
        self.keys.append(handler.headers.get("Authorization"))
        plan = self.plans.popleft() if self.plans else self.always
        if isinstance(plan, tuple):
            status, message, *more = plan
            return _send(handler, status, {"error": {"message": message}}, *more)
        if handler.path != "/v1/embeddings" or body["model"] in self.unknown:
            return _send(handler, 404, {"error": {"message": "nothing here"}})
        if plan == "slow":
            self.release.wait(30)
        if plan == "drip":
            return self._drip(handler)
        if plan == "close":
            handler.close_connection = True
            return None
        if plan == "flood":
            return _flood(handler)
        if plan == "page":
            return _send(handler, 200, b"<html>hello</html>")
        return _send(handler, 200, self._body(body, plan))

    def _body(self, body: dict[str, Any], plan: Any) -> Any:
        rows = [vector(text, self.dimensions) for text in body["input"]]
        match plan:
            case "fewer":
                rows = rows[1:]
            case "nan":
                rows[-1][0] = float("nan")
            case "zero":
                rows[0] = [0.0] * self.dimensions
            case "words":
                rows[0] = ["one", "two"]  # type: ignore[list-item]
            case "ragged":
                rows[0] = rows[0][:-1]
            case int():
                rows = [vector(text, plan) for text in body["input"]]
        said: list[Any] = list(rows)
        if body["encoding_format"] == "base64" and self.knows_base64 and plan != "words":
            said = [base64.b64encode(np.asarray(r, "<f4").tobytes()).decode() for r in rows]
        data = [{"index": n, "embedding": row} for n, row in enumerate(said)]
        if plan == "twice":
            data[-1]["index"] = 0
        return {"object": "list", "data": data[::-1], "model": body["model"]}

    def _drip(self, handler: BaseHTTPRequestHandler) -> None:
        _head(handler, 200, {"Content-Length": "100000"})
        give_up = time.monotonic() + 30
        while time.monotonic() < give_up and not self.release.wait(0.05):
            try:
                handler.wfile.write(b" ")
                handler.wfile.flush()
            except OSError:
                return


def _head(handler: BaseHTTPRequestHandler, status: int, headers: dict[str, str]) -> None:
    handler.send_response(status)
    for name, value in {"Content-Type": "application/json", **headers}.items():
        handler.send_header(name, value)
    handler.end_headers()


def _send(
    handler: BaseHTTPRequestHandler, status: int, body: Any, headers: dict[str, str] | None = None
) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = {"Content-Type": "text/html"} if isinstance(body, bytes) else {}
    _head(handler, status, {"Content-Length": str(len(raw)), **kind, **(headers or {})})
    handler.wfile.write(raw)


def _flood(handler: BaseHTTPRequestHandler) -> None:
    _head(handler, 200, {"Transfer-Encoding": "chunked"})
    piece = b" " * 65_536
    try:
        while True:
            handler.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
    except OSError:
        handler.close_connection = True
