"""Recognising one page: a process renders it, another one reads the picture."""

import json
import logging
import math
import os
import re
import signal
import threading
import time
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

from assistant.adapters.documents.apart import Apart, SaidTooMuch, TookTooLong, start_apart
from assistant.adapters.ocr.engines import Engine
from assistant.adapters.ocr.layout import write_page
from assistant.adapters.ocr.pictures import MOST_RECOGNISED, POINTS
from assistant.errors import PermanentError
from assistant.recognition import RecognisedPage
from assistant.shortages import MEMORY, OUT_OF_MEMORY

logger = logging.getLogger(__name__)

RENDERING = "assistant.adapters.ocr.page_program"
# A limit of processor time is one of work; on a busy machine a page may take so many times as long.
PATIENCE = 10
MAX_PICTURE = MOST_RECOGNISED + 64 * 1024
MAX_ANSWER = 16 * 1024 * 1024
# In points; a page of PDF has 14,400 at most.
LARGEST = 1e6
SCRIPT = re.compile(rb"^Script: (\w+)", re.M)


class SandboxedRecogniser:
    """A `PageRecogniser` whose programs are walled off and gone after each page.

    A page may take so many seconds of a processor.
    """

    def __init__(self, engine: Engine, seconds: float) -> None:
        self._engine = engine
        self._seconds = seconds

    @property
    def name(self) -> str:
        """Return the engine with its languages."""
        return self._engine.name

    def start(self, path: Path, media_type: str, number: int) -> "RunningRecognition":
        """Begin with a page, the first of which is 1."""
        return RunningRecognition(self._engine, self._seconds, path, media_type, number)


class RunningRecognition:
    """A `Recognising` whose processes come one after the other."""

    def __init__(
        self, engine: Engine, seconds: float, path: Path, media_type: str, number: int
    ) -> None:
        self._engine = engine
        self._cpu_seconds = math.ceil(seconds)
        self._until = time.monotonic() + PATIENCE * seconds
        self._path = path
        self._page = (media_type, str(number - 1))
        self._lock = threading.Lock()
        self._aborted = False
        self._process: Apart | None = None

    def abort(self) -> None:
        """Kill what is at work; nothing more is started."""
        with self._lock:
            self._aborted = True
            if self._process is not None:
                self._process.abort()

    def result(self) -> RecognisedPage:
        """Return the page; raises `PermanentError` or, once aborted, `CancelledError`."""
        about = {"file": self._path.name, "page": int(self._page[1]) + 1}
        try:
            return self._recognise()
        except TookTooLong:
            raise _failure("ocr_timeout", "Recognising the text of a page took too long.") from None
        except (SaidTooMuch, ValueError, KeyError, TypeError) as error:
            logger.info("page not recognised", extra={**about, "reason": repr(error)[:200]})
            raise _failure("broken_file", "A page could not be rendered or read.") from error

    def _recognise(self) -> RecognisedPage:
        with self._path.open("rb") as file:
            said, _ = self._run(RENDERING, *self._page, stdin=file.fileno(), most=MAX_PICTURE)
        head, _, pixels = said.partition(b"\n")
        page = _header(head, len(pixels))
        picture = os.memfd_create("page", os.MFD_CLOEXEC)
        try:
            with open(picture, "wb", closefd=False) as file:
                file.write(b"P5\n%d %d\n255\n" % (page["columns"], page["rows"]))
                file.write(pixels)
            del said, pixels
            return self._read(picture, page)
        finally:
            os.close(picture)

    def _read(self, picture: int, page: dict[str, Any]) -> RecognisedPage:
        """Recognise what was rendered."""
        engine, cpu = self._engine, self._cpu_seconds
        scale = page["width"] / page["columns"]
        script = None
        if (teller := engine.script_command(cpu)) is not None:
            told, _ = self._run(*teller, stdin=picture, most=MAX_ANSWER)
            match = SCRIPT.search(told)
            script = match[1].decode() if match else None
        dots = round(min(max(POINTS / scale, 70), 600))
        command = engine.command(cpu, dots, script)
        said, returncode = self._run(*command, stdin=picture, most=MAX_ANSWER)
        if returncode in (-signal.SIGXCPU, -signal.SIGKILL):
            raise TookTooLong
        if returncode:
            raise ValueError(f"the engine ended with {returncode}")
        return write_page(engine.lines(said), page["width"], page["height"], scale)

    def _run(self, program: str, *words: str, stdin: int, most: int) -> tuple[bytes, int]:
        os.lseek(stdin, 0, os.SEEK_SET)
        seconds = self._remaining()
        with self._lock:
            if self._aborted:
                raise CancelledError
            process = Apart(start_apart(program, *words, stdin=stdin), seconds, most)
            self._process = process
        return process.answer()

    def _remaining(self) -> float:
        return max(self._until - time.monotonic(), 0.0)


def _header(head: bytes, pixels: int) -> dict[str, Any]:
    """Return what the renderer says of a page, which may be whatever a hostile file made of it."""
    page: dict[str, Any] = json.loads(head or b"{}")
    if page.get("error") == OUT_OF_MEMORY:
        raise MEMORY.postponement()
    if "error" in page:
        raise _failure(str(page["error"]), str(page.get("detail") or "A page cannot be rendered."))
    columns, rows = int(page["columns"]), int(page["rows"])
    sizes = [float(page["width"]), float(page["height"])]
    if columns * rows != pixels or columns < 1 or not all(0 < size <= LARGEST for size in sizes):
        raise ValueError("the picture makes no sense")
    return {"columns": columns, "rows": rows, "width": sizes[0], "height": sizes[1]}


def _failure(code: str, detail: str) -> PermanentError:
    return PermanentError(detail, code=code)
