"""Cutting texts into chunks that follow their structure and whose offsets are exact."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from assistant.adapters.cutting import Cutting, cut, strip
from assistant.pieces import Piece
from assistant.ports import EmbeddingModel

# Cut out of its surroundings, a text may have a few tokens more. Chunks with fewer than this
# share of the window are safe from that, the others are counted again.
SAFE_SHARE = 0.9


class StructuredSplitter:
    """A `Splitter` that keeps sections, paragraphs, tables and code whole where they fit.

    Sizes are tokens of the `model`, whose window no chunk exceeds with what is put before it;
    without a model they are characters. A chunk lies in one section, if that is not very small.
    A block that is too large alone is cut by langchain, between lines, sentences or words. The
    parts of a section repeat the end of the one before, those of a table have its header.

    langchain finds the offsets of chunks by searching for their text, which goes wrong where text
    repeats. So it cuts here without overlap and without dropping a character: the pieces put
    together are the text, and their offsets are sums of lengths.
    """

    def __init__(self, *, size: int, overlap: int, model: EmbeddingModel | None = None) -> None:
        if not 0 <= overlap <= size // 2:
            raise ValueError("The overlap of chunks must lie between 0 and half their size.")
        self._model = model
        self._window = model.window if model is not None else size
        self._size = min(size, self._window)
        # In the same proportion, if the window makes chunks smaller.
        self._overlap = overlap * self._size // size

    def split(self, text: str) -> list[Piece]:
        """Return the chunks in order; each non-space character is in at least one."""
        if not text or text.isspace():
            return []
        cutting = Cutting(text, self._model, self._size, self._overlap)
        pieces: list[Piece] = []
        doubtful: list[int] = []
        for piece, tokens in cutting.pieces():
            if tokens > SAFE_SHARE * self._window:
                doubtful.append(len(pieces))
            pieces.append(piece)
        if self._model is None or not doubtful:
            return pieces
        return self._fitted(text, pieces, doubtful, self._model)

    def _fitted(
        self, text: str, pieces: list[Piece], doubtful: Sequence[int], model: EmbeddingModel
    ) -> list[Piece]:
        """Count some pieces again, and cut what has more tokens than the model reads."""
        counts = map(len, model.locate_tokens([pieces[n].embedded(text) for n in doubtful]))
        too_long = {n for n, tokens in zip(doubtful, counts, strict=True) if tokens > self._window}
        if not too_long:
            return pieces
        fitted: list[Piece] = []
        again: list[int] = []
        for number, piece in enumerate(pieces):
            parts = list(_halves(text, piece)) if number in too_long else [piece]
            again += range(len(fitted), len(fitted) + len(parts)) if number in too_long else ()
            fitted += parts
        return self._fitted(text, fitted, again, model)


def _halves(text: str, piece: Piece) -> Iterator[Piece]:
    if piece.end - piece.start == 1:
        yield replace(piece, header="")
        return
    size = -(-(piece.end - piece.start) // 2)
    for start, end in cut(text, piece.start, piece.end, size):
        start, end = strip(text, start, end)
        yield replace(piece, start=start, end=end)
