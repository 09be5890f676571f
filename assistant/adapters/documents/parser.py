"""Running each parse in a short-lived process of its own, with limits."""

import json
import logging
import signal
from pathlib import Path
from typing import Any

from assistant.adapters.documents.apart import Apart, SaidTooMuch, TookTooLong
from assistant.adapters.documents.forks import Forks
from assistant.adapters.documents.page_answers import read_pages
from assistant.errors import PermanentError
from assistant.ports import ParsedDocument
from assistant.shortages import MEMORY, OUT_OF_MEMORY

logger = logging.getLogger(__name__)

# Twice what it would take beside one other, since it gives way.
WALL_SECONDS = 120.0
# Five million characters, and where as many words stand.
MAX_ANSWER = 64 * 1024 * 1024
MAX_CHARACTERS = 5_000_000
# One server for all parsers of this process.
FORKS = Forks()

DETAILS = {
    "broken_file": "The file is damaged and cannot be read; save it again and upload that.",
    "no_text": "The file has no text in it; upload one that has.",
    "too_large_to_parse": "The file takes too much memory or text; split it, upload the parts.",
    "parse_timeout": "Reading the file took too long; split it, or save it in another format.",
}


class SubprocessParser:
    """A `DocumentParser` that survives any file; safe in threads and in prefork children."""

    def __init__(self, *, timeout: float = WALL_SECONDS, max_answer: int = MAX_ANSWER) -> None:
        self._timeout = timeout
        self._max_answer = max_answer

    def warm_up(self) -> None:
        """Start what parsers are forks of, so that no file waits for it."""
        FORKS.warm_up()

    def start(self, path: Path, media_type: str) -> "RunningParse":
        """Begin to read a file, in a process that is under way when this returns.

        Raises `OSError` where the system gives no process.
        """
        with path.open("rb") as file:
            process = FORKS.start(media_type, file)
        apart = Apart(process, self._timeout, self._max_answer)
        return RunningParse(apart, path.name)


class RunningParse:
    """A `Parsing` in a process of its own, which is gone once there is a result."""

    def __init__(self, process: Apart, name: str) -> None:
        self._process = process
        self._name = name

    def abort(self) -> None:
        """Kill the process; whoever waits for the result sees its pipe close."""
        self._process.abort()

    def result(self) -> ParsedDocument:
        """Return the text; raises `PermanentError` or, once aborted, `CancelledError`."""
        try:
            answer, returncode = self._process.answer()
        except TookTooLong:
            raise _failure("parse_timeout") from None
        except SaidTooMuch:
            raise _failure("too_large_to_parse") from None
        result = _decode(answer, returncode)
        if "error" in result:
            logger.info(
                "document not parsed",
                extra={"file": self._name, "code": result["error"], "reason": result.get("reason")},
            )
            raise _failure(str(result["error"]), result.get("detail"))
        return _document(result)


def _decode(answer: bytes, returncode: int) -> dict[str, Any]:
    try:
        result = json.loads(answer)
    except ValueError:
        result = None
    if isinstance(result, dict):
        return result
    reason = f"the parser ended with {returncode}"
    if returncode == -signal.SIGXCPU:
        return {"error": "parse_timeout", "reason": reason}
    if returncode == -signal.SIGKILL:
        return {"error": "too_large_to_parse", "reason": reason}
    return {"error": "broken_file", "reason": reason}


def _failure(code: str, detail: object = None) -> PermanentError:
    if code == OUT_OF_MEMORY:
        return MEMORY.postponement()
    return PermanentError(str(detail or DETAILS.get(code, DETAILS["broken_file"])), code=code)


def _document(result: dict[str, Any]) -> ParsedDocument:
    text, page_starts = str(result["text"]), tuple(map(int, result["page_starts"]))
    scans = tuple(map(int, result.get("scans", ())))
    if not text.strip() and not scans:
        raise _failure("no_text")
    if len(text) > MAX_CHARACTERS:
        raise _failure("too_large_to_parse")
    try:
        pages = read_pages(result.get("pages", ()), len(text))
        if not all(1 <= number <= len(page_starts) for number in scans):
            raise ValueError("there are no such pages to be recognised")
    except (TypeError, ValueError) as error:
        logger.warning("the parser's answer makes no sense", extra={"reason": str(error)})
        raise _failure("broken_file") from error
    return ParsedDocument(text, page_starts, pages, scans)
