"""Log lines with the ids of the request and the job that they belong to."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from assistant.config import Settings

_context: ContextVar[dict[str, Any]] = ContextVar("log_context", default={})  # noqa: B039  # never changed in place

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# What they say at INFO, our own lines say with the ids that matter.
NOISY = (
    *("httpx", "httpx2", "httpcore", "openai", "chromadb", "sentence_transformers", "kombu"),
    *("celery.app.trace", "celery.worker.strategy", "alembic", "tornado.access", "flower"),
)
# Flower complains about workers that start after it.
MUTE = ("flower.inspector",)
PROCESS = os.environ.get("SUPERVISOR_PROCESS_NAME", "")


@contextmanager
def log_context(**ids: Any) -> Iterator[None]:
    """Add ids to every line that is logged inside."""
    token = _context.set({**_context.get(), **ids})
    try:
        yield
    finally:
        _context.reset(token)


def log_ids(*names: str) -> dict[str, Any]:
    """Return those of these ids that lines logged now carry."""
    return {name: value for name, value in _context.get().items() if name in names}


class _AddContext(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        for name, value in _context.get().items():
            record.__dict__.setdefault(name, value)
        return True


class TextFormatter(logging.Formatter):
    """One readable line: time, process, level, message, ids."""

    def format(self, record: logging.LogRecord) -> str:
        """Write the line, and below it a traceback if there is one."""
        moment = datetime.fromtimestamp(record.created, UTC).astimezone().strftime("%H:%M:%S")
        extra = {k: v for k, v in vars(record).items() if k not in _STANDARD}
        ids = " ".join(f"{name}={value}" for name, value in extra.items())
        line = f"{moment} {PROCESS:<9} {record.levelname.lower():<7} {record.getMessage()}"
        if record.exc_info:
            ids += "\n" + self.formatException(record.exc_info)
        return f"{line}  {ids}".rstrip()


def configure(settings: Settings) -> None:
    """Send the log to standard error: text in a terminal, JSON otherwise."""
    as_text = settings.log_format == "text" or (
        settings.log_format == "auto" and sys.stderr.isatty()
    )
    handler = logging.StreamHandler()
    handler.addFilter(_AddContext())
    handler.setFormatter(
        TextFormatter()
        if as_text
        else JsonFormatter(
            "{message}{levelname}{name}",
            style="{",
            timestamp=True,
            rename_fields={"levelname": "level", "name": "logger"},
            static_fields={"process": PROCESS} if PROCESS else {},
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG if settings.debug else logging.INFO)
    for noisy in NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)
    for mute in MUTE:
        logging.getLogger(mute).setLevel(logging.ERROR)
