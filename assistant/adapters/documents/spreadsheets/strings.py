"""Reading the texts of a workbook, which its cells refer to by number."""

import re
from collections.abc import Iterable

from assistant.adapters.documents import trees

_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")


def read(blocks: Iterable[bytes]) -> list[str]:
    """Return the texts in their order; raises `trees.NotXml`."""
    reader = _Reader()
    trees.feed(blocks, reader.start, reader.end, reader.text)
    return reader.strings


def unescaped(text: str) -> str:
    """Return a string whose characters that XML forbids were written as `_x000D_`."""
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


class _Reader:
    """Takes the events of the part; how an East Asian word is pronounced is no text of it."""

    def __init__(self) -> None:
        self.strings: list[str] = []
        self._pieces: list[str] = []
        self._in_text = self._spoken = False

    def start(self, name: str, _: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if name == "t":
            self._in_text = True
        elif name == "rPh":
            self._spoken = True

    def text(self, text: str) -> None:
        if self._in_text and not self._spoken:
            self._pieces.append(text)

    def end(self, name: str) -> None:
        name = name.rpartition(":")[2]
        if name == "t":
            self._in_text = False
        elif name == "rPh":
            self._spoken = False
        elif name == "si":
            self.strings.append(unescaped("".join(self._pieces)))
            self._pieces.clear()
