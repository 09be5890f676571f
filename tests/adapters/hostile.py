"""A parser that a file has taken over, and that tries to get at what is none of its business.

It runs in the place of `assistant.adapters.documents.extract`, whose `main` confines it. The file
says what it shall try, and which walls this system shall be without.
"""

import json
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from assistant.adapters.documents import confinement, extract, landlock, media, plain

WALLS: dict[str, tuple[Any, str]] = {
    "landlock": (landlock, "restrict"),
    "user": (confinement, "_become_nobody_else"),
    "capabilities": (confinement, "_give_up_capabilities"),
    "namespaces": (confinement, "_leave_network"),
}
Attack = tuple[str, Callable[[], object]]


def attacks(wishes: dict[str, Any]) -> Iterator[Attack]:
    """Yield each attack with its name; one that is fended off raises `OSError`."""
    for pid in (os.getppid(), *wishes["processes"]):
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


def attack(data: bytes) -> tuple[str, list[int]]:
    """Return as the text of the document what could be got at, and what was there anyway."""
    wishes, got = json.loads(data), set()
    for name, attempt in attacks(wishes):
        with suppress(OSError):
            attempt()
            got.add(name)
    told = {"got": sorted(got), "user": os.getuid(), "environment": sorted(os.environ)}
    return json.dumps(told), []


if __name__ == "__main__":
    for wall in json.loads(os.pread(0, os.fstat(0).st_size, 0))["without"]:
        module, function = WALLS[wall]
        setattr(module, function, lambda *_: None)
    plain.extract = attack
    extract.main(media.PLAIN, int(sys.argv[-1]))
