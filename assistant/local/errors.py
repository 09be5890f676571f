"""Why a local run cannot go on."""

from pathlib import Path

from click import ClickException


class LocalRunError(ClickException):
    """A local run cannot start or go on; the message says what to do next."""


def tail(log: Path, lines: int = 20) -> str:
    """Return the end of a log, for a message; empty if there is none."""
    try:
        text = log.read_text(errors="replace")
    except OSError:
        return ""
    end = "\n".join(text.splitlines()[-lines:])
    return f"\n--- the end of {log}\n{end}" if end else ""
