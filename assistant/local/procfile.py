"""Reads the application's processes from a Procfile."""

import re
from pathlib import Path

from assistant.local.errors import LocalRunError
from assistant.local.program import APPLICATION, Program

LINE = re.compile(r"([A-Za-z0-9_-]+):\s*(\S.*)")


def read_processes(procfile: Path) -> list[Program]:
    """Return the processes; their commands are for a shell, as everywhere with a Procfile."""
    try:
        text = procfile.read_text(encoding="utf-8")
    except OSError as error:
        raise LocalRunError(f"{procfile} cannot be read: {error.strerror}.") from None
    processes = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = LINE.fullmatch(line.strip())
        if match is None:
            raise LocalRunError(f"{procfile}, line {number}: this is not `name: command`: {line}")
        processes.append(
            Program(
                name=match[1],
                command=["sh", "-c", match[2]],
                group=APPLICATION,
                folder=procfile.parent.absolute(),
                stop_seconds=12,
                death_signal="KILL",
                settle_seconds=10,
            )
        )
    return processes
