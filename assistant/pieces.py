"""Pieces of texts: what a splitter makes of a document."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Span:
    """A slice `text[start:end]` of a document."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Piece(Span):
    """A slice that makes a chunk, and what it means where it stands.

    `headings` are those that all of it stands under, the outermost first. A slice that begins in
    the rows of a table has the table's `header`, which it lacks itself.
    """

    headings: tuple[str, ...] = ()
    header: str = ""

    def embedded(self, text: str) -> str:
        """Return what is embedded of it: the slice, with its table's header."""
        return with_header(self.header, text[self.start : self.end])


def with_header(header: str | None, text: str) -> str:
    """Return a slice as it is embedded and shown to models; quotes are of the slice alone."""
    return f"{header}\n{text}" if header else text


class Splitter(Protocol):
    """Cuts a text into chunks of bounded length."""

    def split(self, text: str) -> list[Piece]: ...
