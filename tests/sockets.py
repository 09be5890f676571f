"""A client of the WebSocket, as tests need it."""

import json
import random
import time
from collections.abc import Callable
from typing import Any

import websocket
from websocket import WebSocket, WebSocketException

GONE = (WebSocketException, OSError)


class Talk:
    """One socket that is signed in, and what it was told."""

    def __init__(self, url: str, token: str | None, path: str = "/ws") -> None:
        base = url.replace("http", "ws", 1)
        self.socket: WebSocket = websocket.create_connection(f"{base}/api/v1{path}", timeout=20)
        if token is not None:
            self.send("auth", token=token)

    def send(self, kind: str, **members: Any) -> None:
        """Say something."""
        self.socket.send(json.dumps({"type": kind, **members}))

    def next(self) -> dict[str, Any]:
        """Return the next frame."""
        return dict(json.loads(self.socket.recv()))

    def until(self, kind: str) -> list[dict[str, Any]]:
        """Return all frames up to the next of this type."""
        frames = [self.next()]
        while frames[-1]["type"] != kind:
            frames.append(self.next())
        return frames

    def chat(self, content: str, **members: Any) -> dict[str, Any]:
        """Ask, and return the job that was accepted."""
        self.send("chat", content=content, **members)
        return dict(self.until("accepted")[-1]["job"])

    def close_code(self) -> int:
        """Return why the server closes the socket."""
        while True:
            opcode, data = self.socket.recv_data()
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                return int.from_bytes(data[:2], "big")

    def cut(self) -> None:
        """Be gone without a word."""
        self.socket.shutdown()


class Reader:
    """Puts the text of one job together, over as many sockets as it takes."""

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        self.text: str | None = None
        self.cursor: int | None = None
        self.done: dict[str, Any] | None = None
        self.answer: dict[str, Any] | None = None
        self.kinds: list[str] = []

    def take(self, frame: dict[str, Any]) -> None:
        """Look at a frame, and at its numbers."""
        if frame.get("job_id", self.job_id) != self.job_id:
            return
        assert frame["type"] != "error", frame
        if frame["type"] == "chat_response":
            assert self.answer is None or self.answer == frame
            self.answer = frame
        if frame["type"] != "event":
            return
        assert self.cursor is None or frame["id"] > self.cursor
        self.cursor = frame["id"]
        kind, data = frame["event"], frame["data"]
        self.kinds.append(kind)
        if kind == "snapshot":
            self.text = data["text"]
        if kind == "delta":
            assert self.text is not None
            self.text += data["text"]
        if kind == "done":
            self.done = data

    def read(self, connect: Callable[[], Talk], cuts: int, chance: random.Random) -> None:
        """Follow to the end; hang up so many times on the way."""
        while self.answer is None or self.done is None:
            talk = connect()
            talk.send("follow", job_id=self.job_id, after=self.cursor)
            left = chance.randrange(1, 6) if cuts else -1
            until = time.monotonic() + 20
            while left and not (self.answer and self.done) and time.monotonic() < until:
                self.take(talk.next())
                left -= 1
            talk.cut()
            cuts -= cuts > 0
