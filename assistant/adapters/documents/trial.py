"""A trial of the walls around parsers: what a hostile file could reach on this system."""

import json
import os
import socket
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from assistant.adapters.documents.apart import Apart, start_apart
from assistant.adapters.documents.confinement import confine

PROGRAM = "assistant.adapters.documents.trial"
SECONDS = 9.0
MAX_ANSWER = 10_000


def reachable() -> list[str]:
    """Let a process behind the walls try to get at this one; return what it got at.

    Raises `OSError` or `ValueError` if it does not even come to try.
    """
    with tempfile.NamedTemporaryFile() as private, socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with open(os.devnull, "rb") as nothing:
            process = start_apart(PROGRAM, private.name, str(port), stdin=nothing)
        said, _ = Apart(process, SECONDS, MAX_ANSWER).answer()
    return [str(name) for name in json.loads(said)]


def _try_all(private: str, port: int, parent: int) -> list[str]:
    tries: dict[str, Callable[[], object]] = {
        "the environment of its worker": Path(f"/proc/{parent}/environ").read_bytes,
        "files of its worker": Path(private).read_bytes,
        "signals to its worker": lambda: os.kill(parent, 0),
        "the network": lambda: socket.create_connection(("127.0.0.1", port), 1).close(),
    }
    found = []
    for name, attempt in tries.items():
        with suppress(OSError):
            attempt()
            found.append(name)
    return found


if __name__ == "__main__":
    private, port, parent = sys.argv[1:]
    confine(int(parent), 0)
    print(json.dumps(_try_all(private, int(port), int(parent))))
