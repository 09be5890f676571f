"""The few interfaces through which services reach models, vectors and parsers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from assistant.chat import ChatModel as ChatModel
from assistant.chat import ChatRequest as ChatRequest
from assistant.chat import ChatStream as ChatStream
from assistant.chat import Usage as Usage

Vectors = NDArray[np.float32]
# Where things begin in a text, in code points.
Offsets = NDArray[np.int32]
# Where a word stands: its slice of a document's text, and its box on the page, in points from the
# top left, with the page turned as it is shown. 24 bytes, without gaps.
WORD = np.dtype(
    [
        *(("start", "<i4"), ("end", "<i4")),
        *(("left", "<f4"), ("top", "<f4"), ("right", "<f4"), ("bottom", "<f4")),
    ]
)
# A row of `WORD` for each word; `np.array(tuples, WORD)` makes it.
Words = NDArray[np.void]


class ModelList(Protocol):
    """What a server says about the models that it offers."""

    def ids(self) -> list[str]:
        """Return their ids, none if the server keeps no list; raises `TransientError`."""


class EmbeddingModel(Protocol):
    """Turns texts into unit vectors, so that a dot product is the cosine similarity.

    `name` is kept with each embedding; vectors of different names never meet.
    """

    @property
    def name(self) -> str: ...

    @property
    def backend(self) -> str:
        """Return what it runs on, for people; vectors of the same name are alike on all."""

    @property
    def dimensions(self) -> int: ...

    @property
    def window(self) -> int:
        """Return how many tokens of a text are read, without those that the model adds itself."""

    def locate_tokens(self, texts: Sequence[str]) -> Sequence[Offsets]:
        """Return where the tokens of each text begin, however many there are."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one row per text, shape `(len(texts), dimensions)`."""


class Reranker(Protocol):
    """Puts passages in order by how well they answer a question, more slowly than a search.

    While it `is_resting` after a failure, nobody should wait for it.
    """

    @property
    def is_resting(self) -> bool: ...

    def order(self, question: str, passages: Sequence[str]) -> list[int]:
        """Return the numbers of passages, best first; raises `TransientError`."""


@dataclass(frozen=True, slots=True)
class Match:
    """A vector near a query: its id, and the cosine similarity."""

    id: str
    score: float


class VectorStore(Protocol):
    """An index of vectors that can be thrown away and rebuilt.

    Raises `TransientError` with the code `chroma_unavailable` if the server is merely away, with
    `chroma_broke_off` if it went away while it was working on the answer, and with
    `chroma_failed` if it says that it failed; `PermanentError` for what it refuses.
    """

    def upsert(self, collection: str, ids: Sequence[str], vectors: Vectors) -> None: ...

    def query(self, collection: str, vector: Vectors, limit: int) -> list[Match]:
        """Return the nearest vectors, best first; none if the collection does not exist."""

    def delete(self, collection: str, ids: Sequence[str]) -> None: ...

    def present(self, collection: str, ids: Sequence[str]) -> int:
        """Count how many of these ids the collection holds."""

    def which(self, collection: str, ids: Sequence[str]) -> set[str]:
        """Return those of these ids that the collection holds."""

    def vectors(self, collection: str, ids: Sequence[str]) -> dict[str, Vectors]:
        """Return the vectors that the collection holds under these ids."""

    def ids(self, collection: str) -> Iterator[Sequence[str]]:
        """Yield the ids that the collection holds, page by page.

        What others add or remove meanwhile may show or not, and may hide a few others.
        """

    def count(self, collection: str) -> int:
        """Return how many vectors the collection holds; none if it does not exist."""

    def drop(self, collection: str) -> None: ...

    def names(self) -> Sequence[str]:
        """Return the names of all collections, whoever made them."""


@dataclass(frozen=True, slots=True)
class ParsedPage:
    """How large a page is, in points, turned as it is shown, and where its words stand.

    `confidence` is how sure text recognition was, from 0 to 1; None if the page had its text.
    """

    width: float
    height: float
    words: Words
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """The text of a file; `page_starts[i]` is the offset at which page `i + 1` begins.

    `page_starts` is empty for formats that have no pages; if there are `pages`, there is one for
    each. Offsets count code points. `scans` are the numbers of pages, from 1, whose text nobody can
    read but by recognising it; `unread` counts those that are left so.
    """

    text: str
    page_starts: Sequence[int]
    pages: Sequence[ParsedPage] = ()
    scans: Sequence[int] = ()
    unread: int = 0


class Parsing(Protocol):
    """A file that is being read."""

    def result(self) -> ParsedDocument:
        """Wait for the text, once; raises `PermanentError` for a file that cannot be read.

        Raises `concurrent.futures.CancelledError` if the reading was aborted.
        """

    def abort(self) -> None:
        """End the reading at once; may be called from any thread, at any time."""


class DocumentParser(Protocol):
    """Reads the text out of an untrusted file."""

    def warm_up(self) -> None:
        """Get ready, so that no file has to wait for that."""

    def start(self, path: Path, media_type: str) -> Parsing:
        """Begin to read a file; whoever does has to ask for the result."""


class PageArtist(Protocol):
    """Draws pages of untrusted files."""

    def draw(self, path: Path, media_type: str, number: int, dpi: int) -> bytes:
        """Return a page as PNG, of fewer dots where it would be very large.

        Pages are counted from 1. Raises `PermanentError` for what cannot be drawn.
        """
