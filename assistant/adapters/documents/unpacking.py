"""Taking attachments out of mails in a short-lived process of its own, which nobody trusts."""

import json
import os
import select
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from assistant.adapters.documents.apart import Process, start_apart
from assistant.adapters.documents.parser import DETAILS
from assistant.errors import PermanentError
from assistant.shortages import MEMORY, OUT_OF_MEMORY
from assistant.sources import Attached

PROGRAM = "assistant.adapters.documents.unpack"
WALL_SECONDS = 60.0
BLOCK = 1024 * 1024
MAX_HEAD = 8192
MAX_FRAMES = 1000
FIELDS: dict[str, Callable[[Any], Any]] = {
    **{"name": str, "media_type": str, "size": int, "is_deep": bool},
    **{"left_out": int, "error": str, "detail": str},
}


class SubprocessUnpacker:
    """An `Unpacker` that survives any mail."""

    def __init__(self, *, timeout: float = WALL_SECONDS) -> None:
        self._timeout = timeout

    def start(self, path: Path) -> "RunningUnpack":
        """Begin to unpack a mail, in a process that is under way when this returns."""
        size = path.stat().st_size
        with path.open("rb") as file:
            process = start_apart(PROGRAM, stdin=file)
        return RunningUnpack(process, self._timeout, most=2 * size + BLOCK)


class RunningUnpack:
    """An `Unpacking` in a process of its own, which is gone when the block is left."""

    def __init__(self, process: Process, timeout: float, most: int) -> None:
        self._process = process
        self._deadline = time.monotonic() + timeout
        # Decoded, what is in a mail is smaller than the mail; a parser that says more lies.
        self._left = most
        self._ahead = bytearray()
        self.left_out = 0

    def __enter__(self) -> "RunningUnpack":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.end(0)

    def abort(self) -> None:
        """Kill the process; whoever reads sees its pipe close."""
        self._process.kill()

    def __iter__(self) -> Iterator[Attached]:
        """Yield what came with the mail, in order; the content of each is gone with the next.

        Raises `PermanentError` when the rest cannot be had.
        """
        for _ in range(MAX_FRAMES):
            head = self._head()
            if "error" in head:
                raise _failure(head["error"], head.get("detail"))
            if "left_out" in head:
                self.left_out = head["left_out"]
                return
            content = _Slice(self, head["size"])
            yield Attached(**head, content=content)
            while content.read(BLOCK):
                pass
        raise _failure("broken_file")

    def take(self, most: int) -> bytes:
        """Return at least one byte of what the process says and at most so many, or raise."""
        while not self._ahead:
            self._ahead += self._read()
        taken = bytes(self._ahead[:most])
        del self._ahead[:most]
        return taken

    def _head(self) -> dict[str, Any]:
        while (end := self._ahead.find(b"\n", 0, MAX_HEAD)) < 0:
            if len(self._ahead) > MAX_HEAD:
                raise _failure("broken_file")
            self._ahead += self._read()
        line = self.take(end + 1)
        try:
            head = json.loads(line)
            return {name: FIELDS[name](value) for name, value in head.items()}
        except (ValueError, TypeError, KeyError, AttributeError):
            raise _failure("broken_file") from None

    def _read(self) -> bytes:
        pipe = self._process.output
        poller = select.poll()
        poller.register(pipe, select.POLLIN)
        remaining = self._deadline - time.monotonic()
        if remaining <= 0 or not poller.poll(remaining * 1000):
            raise _failure("parse_timeout")
        block = os.read(pipe, BLOCK)
        if not block:
            # It says when it has ended, so that it was ended here.
            raise _failure("broken_file")
        self._left -= len(block)
        if self._left < 0:
            raise _failure("too_large_to_parse")
        return block


class _Slice:
    """So many of the bytes that follow, as a file to read once."""

    def __init__(self, source: RunningUnpack, size: int) -> None:
        self._source = source
        self._left = max(size, 0)

    def read(self, most: int = BLOCK) -> bytes:
        """Return the next bytes, none at the end."""
        if self._left == 0:
            return b""
        taken = self._source.take(min(most, self._left))
        self._left -= len(taken)
        return taken


def _failure(code: str, detail: str | None = None) -> PermanentError:
    if code == OUT_OF_MEMORY:
        return MEMORY.postponement()
    return PermanentError(detail or DETAILS.get(code, DETAILS["broken_file"]), code=code)
