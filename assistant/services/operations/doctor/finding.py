"""What a check found, in words."""

from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from urllib.parse import urlsplit


class Status(StrEnum):
    """How bad it is; `FAIL` means that something does not work."""

    OK = "ok"
    WARNING = "warning"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: what was checked, what is so, and what to do about it."""

    name: str
    status: Status
    detail: str
    advice: str = ""


def ok(name: str, detail: str) -> Finding:
    """Say that something works."""
    return Finding(name, Status.OK, detail)


def warn(name: str, detail: str, advice: str) -> Finding:
    """Say that something works, but not as it should."""
    return Finding(name, Status.WARNING, detail, advice)


def fail(name: str, detail: str, advice: str) -> Finding:
    """Say that something does not work."""
    return Finding(name, Status.FAIL, detail, advice)


def place(url: str) -> str:
    """Return host and port of an address, without the password in it."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    try:
        port = parts.port
    except ValueError:
        port = None
    return f"{host}:{port}" if port else str(host)


def to_start(variable: str, chosen: set[str]) -> str:
    """Say how to bring a server up; `chosen` are the names of the settings that somebody set."""
    if variable.lower() not in chosen and find_spec("supervisor"):
        return f"Start all servers with `make run`, or set {variable}."
    return f"Start it, or correct {variable}."


def first_line(error: object) -> str:
    """Return the first line of what an error says, as the end of a sentence."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__).strip().rstrip(".")
