"""Running each parse in a short-lived process of its own, with limits."""

import json
import logging
import os
import select
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import CancelledError
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import assistant
from assistant.adapters.documents.media import PDF
from assistant.adapters.documents.page_answers import read_pages
from assistant.errors import PermanentError
from assistant.ports import ParsedDocument

logger = logging.getLogger(__name__)

WALL_SECONDS = 60.0
# Five million characters, and where as many words stand.
MAX_ANSWER = 64 * 1024 * 1024
MAX_CHARACTERS = 5_000_000
BLOCK = 1024 * 1024
PROGRAM = "assistant.adapters.documents.extract"
ROOT = Path(assistant.__file__).resolve().parent.parent

DETAILS = {
    "broken_file": "The file is damaged and cannot be read; save it again and upload that.",
    "no_text": "The file has no text in it; upload one that has.",
    "too_large_to_parse": "The file takes too much memory or text; split it, upload the parts.",
    "parse_timeout": "Reading the file took too long; split it, or save it in another format.",
}
SCANNED = "The PDF has no text; it may be scanned. Run text recognition on it and upload that."


class SubprocessParser:
    """A `DocumentParser` that survives any file; safe in threads and in prefork children."""

    def __init__(self, *, timeout: float = WALL_SECONDS, max_answer: int = MAX_ANSWER) -> None:
        self._timeout = timeout
        self._max_answer = max_answer

    def start(self, path: Path, media_type: str) -> "RunningParse":
        """Begin to read a file, in a process that is under way when this returns."""
        with path.open("rb") as file:
            process = start_apart(PROGRAM, media_type, stdin=file)
        return RunningParse(process, path.name, media_type, self._timeout, self._max_answer)


class RunningParse:
    """A `Parsing` in a process of its own, which is gone once there is a result."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        name: str,
        media_type: str,
        timeout: float,
        max_answer: int,
    ) -> None:
        self._process = process
        self._name = name
        self._media_type = media_type
        self._deadline = time.monotonic() + timeout
        self._max_answer = max_answer
        # Nobody else may kill by the process's id while it is given back to the system.
        self._lock = threading.Lock()
        self._aborted = False
        self._ended = False

    def abort(self) -> None:
        """Kill the process; whoever waits for the result sees its pipe close."""
        with self._lock:
            self._aborted = True
            if not self._ended:
                _kill(self._process)

    def result(self) -> ParsedDocument:
        """Return the text; raises `PermanentError` or, once aborted, `CancelledError`."""
        result = _decode(*self.answer())
        if "error" in result:
            logger.info(
                "document not parsed",
                extra={"file": self._name, "code": result["error"], "reason": result.get("reason")},
            )
            raise _failure(str(result["error"]), result.get("detail"))
        return _document(result, self._media_type)

    def answer(self) -> tuple[bytes, int]:
        """Wait for what the process writes and how it ends; raises as `result` does."""
        try:
            answer = self._read()
        finally:
            returncode = self._end()
        if self._aborted:
            raise CancelledError
        return answer, returncode

    def _read(self) -> bytes:
        """Read the answer until its end, the time limit or the size limit."""
        assert self._process.stdout is not None
        pipe = self._process.stdout.fileno()
        poller = select.poll()
        poller.register(pipe, select.POLLIN)
        answer = bytearray()
        while True:
            remaining = self._deadline - time.monotonic()
            if remaining <= 0 or not poller.poll(remaining * 1000):
                raise _failure("parse_timeout")
            block = os.read(pipe, BLOCK)
            if not block:
                return bytes(answer)
            answer += block
            if len(answer) > self._max_answer:
                raise _failure("too_large_to_parse")

    def _end(self) -> int:
        """Kill what is left of the process group and return how its leader ended."""
        deadline = time.monotonic() + 1.0
        # The leader is not reaped yet, so that its id, which is the group's, cannot be reused.
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        while sys.exc_info()[0] is None and time.monotonic() < deadline:
            if os.waitid(os.P_PID, self._process.pid, flags):
                break
            # `waitid` has no limit of its own, and a signal handler is not ours to set.
            time.sleep(0.002)
        with self._lock:
            _kill(self._process)
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._ended = True
            return self._process.wait()


def start_apart(program: str, *words: str, stdin: BinaryIO) -> subprocess.Popen[bytes]:
    """Start a module of ours that confines itself, with words and the id of this process.

    It is a new program and no copy of this process, so that nothing of this one is in its memory.
    """
    return subprocess.Popen(
        [sys.executable, "-P", "-B", "-s", "-m", program, *words, str(os.getpid())],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        # No secrets of the worker, and no settings that could change what Python does.
        env={"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "PATH": os.defpath},
        start_new_session=True,
    )


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process that was not reaped yet, with its group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


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
    return PermanentError(str(detail or DETAILS.get(code, DETAILS["broken_file"])), code=code)


def _document(result: dict[str, Any], media_type: str) -> ParsedDocument:
    text, page_starts = str(result["text"]), tuple(map(int, result["page_starts"]))
    if not text.strip():
        raise _failure("no_text", SCANNED if media_type == PDF else None)
    if len(text) > MAX_CHARACTERS:
        raise _failure("too_large_to_parse")
    try:
        pages = read_pages(result.get("pages", ()), len(text))
    except (TypeError, ValueError) as error:
        logger.warning("the parser's answer makes no sense", extra={"reason": str(error)})
        raise _failure("broken_file") from error
    return ParsedDocument(text, page_starts, pages)
