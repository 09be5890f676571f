"""Read the events of a model's stream as they come, and write ours."""

import json
import time
from collections.abc import Iterable, Iterator
from typing import Any

from assistant.adapters.model_calls import TIMED_OUT
from assistant.errors import TransientError

DONE = b"data: [DONE]\n\n"
# No event is longer; what goes on and on without an end is none.
LONGEST_EVENT = 16 * 1024 * 1024


def data_of(pieces: Iterable[bytes], seconds: float) -> Iterator[bytes]:
    """Yield the data of each event; `[DONE]` and the end of the stream end it.

    Yields `b"[DONE]"` last if it came. Lines end at line feeds alone: in JSON there may be other
    characters that Python takes for ends. Raises `TransientError` if no event comes for so long.
    """
    lines = _lines(pieces, seconds)
    data: list[bytes] = []
    for line in lines:
        if line:
            name, _, value = line.partition(b":")
            if name == b"data":
                data.append(value.removeprefix(b" "))
            continue
        if data:
            event = b"\n".join(data)
            data = []
            yield event
            if event.strip() == b"[DONE]":
                return
    if data:
        yield b"\n".join(data)


def _lines(pieces: Iterable[bytes], seconds: float) -> Iterator[bytes]:
    rest, heard_at = b"", time.monotonic()
    for piece in pieces:
        # What comes byte by byte, or says nothing but that it lives, is no answer either.
        now = time.monotonic()
        if now > heard_at + seconds or len(rest) > LONGEST_EVENT:
            raise TransientError("The model stopped answering.", code=TIMED_OUT)
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            if line.startswith(b"data"):
                heard_at = now
            yield line.removesuffix(b"\r")
    if rest:
        yield rest.removesuffix(b"\r")
        yield b""


def frame(data: Any) -> bytes:
    """Return an event that carries some JSON."""
    return b"data: %b\n\n" % json.dumps(data, separators=(",", ":")).encode()
