"""Reading the cells of a spreadsheet's sheet as they are shown, in one pass."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from assistant.adapters.documents import trees
from assistant.adapters.documents.spreadsheets.format_codes import GENERAL
from assistant.adapters.documents.spreadsheets.number_formats import show, show_text
from assistant.adapters.documents.spreadsheets.strings import unescaped

MAX_ROW, MAX_COLUMN = 1_048_576, 16_384
MAX_MERGES = 50_000
MAX_CHARACTERS = 5_000_000
_PLACE = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})")
TEXTS = frozenset(["v", "t", "f"])
BOOLEANS = {"1": "TRUE", "0": "FALSE", "true": "TRUE", "false": "FALSE"}


class Range(NamedTuple):
    """The cells from one corner to the other, both included."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass
class Sheet:
    """The visible cells with something in them, by row and column, both from 1."""

    rows: dict[int, dict[int, str]] = field(default_factory=dict)
    merged: list[Range] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)


class TooMuchText(Exception):
    """The sheet shows more than is read of a file."""


@dataclass
class Workbook:
    """What the cells of all sheets refer to; `left` is how many characters may still come."""

    strings: Sequence[str] = ()
    formats: Sequence[str] = ()
    since_1904: bool = False
    left: int = MAX_CHARACTERS

    def count(self, cells: int, characters: int = 0) -> None:
        """Take so many cells with so much text in all off what is left."""
        self.left -= 3 * cells + characters
        if self.left < 0:
            raise TooMuchText


def read(blocks: Iterable[bytes], book: Workbook) -> Sheet:
    """Return what is visible of a sheet; raises `TooMuchText` or `trees.NotXml`."""
    reader = _Reader(book)
    trees.feed(blocks, reader.start, reader.end, reader.text)
    return reader.sheet


class _Reader:
    """Takes the events of a sheet's XML; what it says of columns comes before the rows."""

    def __init__(self, book: Workbook) -> None:
        self.sheet = Sheet()
        self._book = book
        self._row = self._column = 0
        self._cells: dict[int, str] = {}
        self._rows_hidden = self._row_hidden = False
        self._attributes: dict[str, str] = {}
        self._parts: list[str] | None = None
        self._phonetic = False
        # Of the cell; most cells of many sheets have none.
        self._texts: dict[str, str] = {}
        self._starts: dict[str, Callable[[dict[str, str]], None]] = {
            "c": self._start_cell,
            "row": self._start_row,
            "col": self._start_columns,
            "mergeCell": self._merge,
            "sheetFormatPr": self._start_defaults,
        }

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if ":" in name:
            name = name.rpartition(":")[2]
        if name in TEXTS:
            self._parts = []
        elif name in self._starts:
            self._starts[name](attributes)
        elif name == "rPh":
            self._phonetic = True

    def text(self, text: str) -> None:
        if self._parts is not None and not self._phonetic:
            self._parts.append(text)

    def end(self, name: str) -> None:
        if ":" in name:
            name = name.rpartition(":")[2]
        if name in TEXTS:
            self._texts[name] = self._texts.get(name, "") + "".join(self._parts or ())
            self._parts = None
        elif name == "c":
            if self._texts:
                self._end_cell()
        elif name == "row" and self._cells:
            self.sheet.rows[self._row] = self._cells
        elif name == "rPh":
            self._phonetic = False

    def _start_defaults(self, attributes: dict[str, str]) -> None:
        self._rows_hidden = _true(attributes, "zeroHeight")

    def _start_columns(self, attributes: dict[str, str]) -> None:
        if _true(attributes, "hidden") or attributes.get("width") == "0":
            first, last = _number(attributes, "min"), _number(attributes, "max")
            self.sheet.hidden_columns.update(range(first, min(last, MAX_COLUMN) + 1))

    def _start_row(self, attributes: dict[str, str]) -> None:
        self._row = _number(attributes, "r") or self._row + 1
        self._column, self._cells = 0, {}
        unless_said = "1" if self._rows_hidden and "ht" not in attributes else "0"
        self._row_hidden = _true(attributes, "hidden", unless_said) or attributes.get("ht") == "0"
        if self._row_hidden:
            self.sheet.hidden_rows.add(self._row)

    def _start_cell(self, attributes: dict[str, str]) -> None:
        place = attributes.get("r")
        self._column = _column(place.rstrip("0123456789")) if place else self._column + 1
        self._attributes = attributes
        if self._texts:
            self._texts = {}

    def _end_cell(self) -> None:
        if self._row_hidden or self._column in self.sheet.hidden_columns:
            return
        shown = self._shown(self._attributes.get("t", "n"), self._texts.get("v", ""))
        if shown.strip() and 0 < self._row <= MAX_ROW and 0 < self._column <= MAX_COLUMN:
            self._book.count(1, len(shown))
            self._cells[self._column] = shown

    def _shown(self, kind: str, value: str) -> str:
        style, formats = _number(self._attributes, "s"), self._book.formats
        code = formats[style] if style < len(formats) else GENERAL
        if kind == "s":
            return show_text(self._string(value), code)
        if kind == "inlineStr":
            return show_text(unescaped(self._texts.get("t", "")), code)
        if not value:
            # Never calculated by the program that wrote it.
            return f"={self._texts['f']}" if self._texts.get("f") else ""
        if kind == "b":
            return BOOLEANS.get(value, value)
        if kind == "str":
            return show_text(unescaped(value), code)
        if kind == "d":
            return value.removesuffix("T00:00:00").replace("T", " ")
        try:
            number = float(value)
            return show(number, code, since_1904=self._book.since_1904)
        except (ValueError, ArithmeticError):
            return value

    def _string(self, index: str) -> str:
        strings = self._book.strings
        known = index.isascii() and index.isdigit() and int(index) < len(strings)
        return strings[int(index)] if known else ""

    def _merge(self, attributes: dict[str, str]) -> None:
        places = _PLACE.findall(attributes.get("ref", ""))
        if len(places) == 2 and len(self.sheet.merged) < MAX_MERGES:
            (left, top), (right, bottom) = places
            corners = int(top), _column(left), int(bottom), _column(right)
            self.sheet.merged.append(Range(*corners))


def _true(attributes: dict[str, str], name: str, default: str = "0") -> bool:
    return attributes.get(name, default) in ("1", "true")


def _number(attributes: dict[str, str], name: str) -> int:
    value = attributes.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0


@lru_cache(maxsize=MAX_COLUMN)
def _column(letters: str) -> int:
    """Return the number of a column, or 0 for what is none."""
    number = 0
    for letter in letters.replace("$", "").upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number if number <= MAX_COLUMN else 0
