"""Which engine recognises text here, and with which languages."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from assistant.adapters.ocr import languages
from assistant.adapters.ocr.lines import SeenLine, of_json, of_tesseract

SECONDS = 10.0
# Finds how a page is turned by itself; the other leaves it as it is.
WITH_DIRECTION, WITHOUT = "1", "3"


class Engine(Protocol):
    """Recognises text in pictures, in a process of its own."""

    @property
    def name(self) -> str:
        """Return what it is called, with its languages: what it reads depends on both."""

    def script_command(self, cpu_seconds: int) -> Sequence[str] | None:
        """Return the program, with its words, that has to tell the script of a page before."""

    def command(self, cpu_seconds: int, dots: int, script: str | None) -> Sequence[str]:
        """Return the program that reads a page, with its words."""

    def lines(self, answer: bytes) -> list[SeenLine]:
        """Read what that program said; raises `ValueError`."""


@dataclass(frozen=True)
class Tesseract:
    """The program of Debian's package tesseract-ocr; its languages are packages, too."""

    program: str
    tessdata: str
    installed: tuple[str, ...]
    wanted: tuple[str, ...] = ()

    @cached_property
    def languages(self) -> list[str]:
        """Return what it reads."""
        return languages.chosen(self.installed, self.wanted)

    @property
    def name(self) -> str:
        """Return its name with its languages."""
        return f"tesseract ({', '.join(self.languages)})"

    def script_command(self, cpu_seconds: int) -> Sequence[str] | None:
        """Return the program that tells the script, if there are too many languages to try all."""
        if "osd" not in self.installed or languages.are_few(self.languages):
            return None
        return self._command(cpu_seconds, "--psm", "0", "-l", "osd")

    def command(self, cpu_seconds: int, dots: int, script: str | None) -> Sequence[str]:
        """Return the program that reads a page; with many languages only those of its script."""
        tried = self.languages[: languages.MOST_AT_ONCE]
        if script is not None:
            tried = languages.for_script(self.languages, script)
        mode = WITH_DIRECTION if "osd" in self.installed else WITHOUT
        table = ("-c", "tessedit_create_tsv=1")
        options = ("--dpi", str(dots), "--psm", mode, "-l", "+".join(tried), *table)
        return self._command(cpu_seconds, *options)

    def _command(self, cpu_seconds: int, *options: str) -> Sequence[str]:
        program = "assistant.adapters.ocr.tesseract_program"
        return (program, self.program, self.tessdata, str(cpu_seconds), *options)

    def lines(self, answer: bytes) -> list[SeenLine]:
        """Read its table."""
        return of_tesseract(answer)


@dataclass(frozen=True)
class Rapid:
    """The Python package rapidocr, whose one model reads Chinese, English and what is alike."""

    name: str = "rapidocr"

    def script_command(self, cpu_seconds: int) -> None:
        """Return nothing: it reads all its scripts at once."""

    def command(self, cpu_seconds: int, dots: int, script: str | None) -> Sequence[str]:
        """Return the program that reads a page."""
        return ("assistant.adapters.ocr.rapid_program", str(cpu_seconds))

    def lines(self, answer: bytes) -> list[SeenLine]:
        """Read its words."""
        return of_json(json.loads(answer))


def find_engine(wish: str, wanted: Sequence[str] = ()) -> Engine | None:
    """Return the engine of this name if it is here, for `auto` the first that is, or None."""
    if wish in ("auto", "tesseract") and (tesseract := find_tesseract(wanted)):
        return tesseract
    return Rapid() if wish in ("auto", "rapidocr") and find_spec("rapidocr") else None


def find_tesseract(wanted: Sequence[str] = ()) -> Tesseract | None:
    """Return tesseract if it is installed with at least one of the languages."""
    program = shutil.which("tesseract")
    if program is None:
        return None
    try:
        done = subprocess.run(
            [program, "--list-langs"], capture_output=True, text=True, timeout=SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    # 'List of available languages in "/usr/share/tesseract-ocr/5/tessdata/" (3):', then one a line.
    head, *listed = done.stdout.strip().splitlines()
    folder = head.partition('"')[2].partition('"')[0]
    if not Path(folder).is_dir():
        return None
    found = Tesseract(
        str(Path(program).resolve()),
        str(Path(folder).resolve()),
        tuple(name.strip() for name in listed),
        tuple(wanted),
    )
    return found if found.languages else None
