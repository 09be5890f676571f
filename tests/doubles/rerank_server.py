"""A scripted reranker at the network's boundary, in each of the shapes that servers have."""

import json
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class RerankServer:
    """The server in threads of this process, on a free port.

    It prefers passages with more of the question's `words`. `plan` queues what to do with the next
    requests: a status, a body, or a behaviour by name. In the shape of text-embeddings-inference it
    `takes_texts`, and refuses `documents`.
    """

    def __init__(self, *, takes_texts: bool = False) -> None:
        self.takes_texts = takes_texts
        self.words: tuple[str, ...] = ()
        self.plans: deque[Any] = deque()
        self.requests: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.keys: list[str | None] = []
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
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release.set()
        self._http.shutdown()
        self._http.server_close()

    def answer(self, handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        """Answer a request as planned."""
        self.requests.append(body)
        self.paths.append(handler.path)
        self.keys.append(handler.headers.get("Authorization"))
        plan = self.plans.popleft() if self.plans else None
        if plan == "hang":
            self.release.wait(20)
        elif plan == "drip":
            self._drip(handler)
        elif plan == "drop":
            handler.connection.close()
            handler.close_connection = True
        elif isinstance(plan, int):
            self._send(handler, plan, {"error": "Something is wrong."})
        elif plan is not None:
            self._send(handler, 200, plan)
        else:
            self._rank(handler, body)

    def _rank(self, handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        wanted = "texts" if self.takes_texts else "documents"
        if wanted not in body:
            self._send(handler, 422, {"error": f"missing field `{wanted}`"})
            return
        name = "score" if self.takes_texts else "relevance_score"
        scores = [
            {"index": number, name: sum(word in text for word in self.words) / 10}
            for number, text in enumerate(body[wanted])
        ]
        scores.sort(key=lambda one: -one[name])
        self._send(handler, 200, scores if self.takes_texts else {"results": scores})

    def _send(self, handler: BaseHTTPRequestHandler, status: int, body: Any) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(raw)))
        handler.end_headers()
        handler.wfile.write(raw)

    def _drip(self, handler: BaseHTTPRequestHandler) -> None:
        """Send a byte now and then, so that no single read takes long."""
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        begun = time.monotonic()
        while time.monotonic() < begun + 20 and not self.release.wait(0.02):
            try:
                handler.wfile.write(b" ")
            except OSError:
                return
