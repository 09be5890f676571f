"""The interface through which services reach text recognition."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from assistant.ports import Words


@dataclass(frozen=True, slots=True)
class RecognisedPage:
    """The text of a page that text recognition has read, and where its words stand in it.

    `confidence` is how sure it was of a letter, on average, from 0 to 1; 0 of a page without text.
    """

    width: float
    height: float
    text: str
    words: Words
    confidence: float


class Recognising(Protocol):
    """A page that is being recognised."""

    def result(self) -> RecognisedPage:
        """Wait for the text, once; raises `PermanentError` for a page that cannot be read.

        Raises `concurrent.futures.CancelledError` if the work was aborted.
        """

    def abort(self) -> None:
        """End the work at once; may be called from any thread, at any time."""


class PageRecogniser(Protocol):
    """Recognises the text in pictures of pages."""

    @property
    def name(self) -> str:
        """Return what reads and with which languages, for people; another one reads otherwise."""

    def start(self, path: Path, media_type: str, number: int) -> Recognising:
        """Begin with a page of a file, the first of which is 1."""
