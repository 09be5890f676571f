"""A parser that a file has taken over, and that tries to get at what is none of its business.

It runs in the place of `assistant.adapters.documents.fork_server`, whose forks are confined as
those of that one are. The file says what a fork shall try, and which walls this system shall be
without.
"""

import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

from assistant.adapters.documents import (
    confinement,
    extract,
    fork_server,
    landlock,
    plain,
    seccomp,
)

WALLS: dict[str, tuple[Any, str]] = {
    "landlock": (landlock, "restrict"),
    "user": (confinement, "_become_nobody_else"),
    "capabilities": (confinement, "_give_up_capabilities"),
    "namespaces": (confinement, "_leave_network"),
    "seccomp": (seccomp, "refuse_signals"),
}
Attack = tuple[str, Callable[[], object]]


def attacks(wishes: dict[str, Any], worker: int) -> Iterator[Attack]:
    """Yield each attack with its name; one that is fended off raises `OSError`."""
    for pid in (os.getppid(), worker, *wishes["processes"]):
        proc = f"/proc/{pid}"
        yield "environment", lambda: read(f"{proc}/environ")  # noqa: B023  # called at once
        yield "memory", lambda: open(f"{proc}/mem", "rb")  # noqa: B023, SIM115
        yield "open files", lambda: os.stat(f"{proc}/fd/0")  # noqa: B023
        yield "folder", lambda: os.listdir(f"{proc}/cwd/")  # noqa: B023
        yield "signal", lambda: os.kill(pid, 0)  # noqa: B023
    yield "private file", lambda: read(wishes["private"])
    yield "private folder", lambda: os.listdir(os.path.dirname(wishes["private"]))
    yield "public file", lambda: read(wishes["public"])
    yield "new file", lambda: open(f"{wishes['public']}.new", "wb")  # noqa: SIM115
    yield "network", lambda: socket.create_connection(("127.0.0.1", wishes["port"]), 1)


def read(path: str) -> bytes:
    """Return the first bytes of a file."""
    with open(path, "rb") as file:
        return file.read(9)


def attack(worker: int, data: bytes) -> tuple[str, list[int]]:
    """Return as the text of the document what could be got at, and what was there anyway."""
    wishes, got = json.loads(data), set()
    for name, attempt in attacks(wishes, worker):
        with suppress(OSError):
            attempt()
            got.add(name)
    told = {"got": sorted(got), "user": os.getuid(), "environment": sorted(os.environ)}
    return json.dumps(told), []


def main(media_type: str, parent: int) -> None:
    """Take walls away, and let the file take over the one that reads it."""
    for wall in json.loads(os.pread(0, os.fstat(0).st_size, 0))["without"]:
        module, function = WALLS[wall]
        setattr(module, function, lambda *_: None)
    with open(f"/proc/{parent}/stat") as stat:
        worker = int(stat.read().rpartition(")")[2].split()[1])
    plain.extract = partial(attack, worker)
    confined(media_type, parent)


if __name__ == "__main__":
    confined, extract.main = extract.main, main
    fork_server.main()
