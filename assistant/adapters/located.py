"""Where the tokens of a text are, so that any part of it can be measured at once."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from assistant.ports import EmbeddingModel

# What is searched in has the type of what is looked for, or all of it is converted each time.
Places = NDArray[np.int64]
Range = tuple[int, int]
# Cuts a part of a text, `start` to `end`, into pieces of at most so many characters.
Cut = Callable[[int, int, int], Iterator[Range]]

# Tokens are located in parts of about so many characters, so many of them in one call.
PART, BATCH = 2000, 64
# A tokenizer may take whatever it does not know for one token. It counts as several.
LONGEST_TOKEN = 32


class Located:
    """The places of a text's tokens; without a model every character is one."""

    def __init__(self, text: str, blocks: Places, model: EmbeddingModel | None, cut: Cut) -> None:
        if model is None:
            self._starts = np.arange(len(text), dtype=np.int64)
        else:
            self._starts = _divided(_locate(text, blocks, model, cut), len(text))

    def count(self, start: int, end: int) -> int:
        """Return how many tokens begin in a part of the text."""
        first, last = self._starts.searchsorted((start, end))
        return int(last - first)

    def numbers(self, offsets: Places) -> Places:
        """Return for each offset how many tokens begin before it."""
        return self._starts.searchsorted(offsets).astype(np.int64)

    def back(self, offset: int, tokens: int) -> int:
        """Return the offset that lies so many tokens before another."""
        number = int(self._starts.searchsorted(offset)) - tokens
        return int(self._starts[number]) if number > 0 else 0

    def ahead(self, offset: int, tokens: int) -> int:
        """Return the end of so many tokens that begin at an offset."""
        number = int(self._starts.searchsorted(offset)) + tokens
        return int(self._starts[min(number, len(self._starts) - 1)])


def _locate(text: str, blocks: Places, model: EmbeddingModel, cut: Cut) -> Places:
    ranges = list(_parts(text, blocks, cut))
    found: list[Places] = [np.empty(0, np.int64)]
    for first in range(0, len(ranges), BATCH):
        batch = ranges[first : first + BATCH]
        located = model.locate_tokens([text[start:end] for start, end in batch])
        found += [
            tokens.astype(np.int64) + start
            for (start, _), tokens in zip(batch, located, strict=True)
        ]
    return np.concatenate(found)


def _parts(text: str, blocks: Places, cut: Cut) -> Iterator[Range]:
    """Yield parts that end where blocks do, so that no token lies in two of them."""
    first_of_part = np.flatnonzero(np.diff(blocks // PART, prepend=-1))
    for start, end in pairwise([*blocks[first_of_part].tolist(), len(text)]):
        if end - start > 2 * PART:
            yield from cut(start, end, PART)
        else:
            yield start, end


def _divided(starts: Places, length: int) -> Places:
    """Let no token be longer than `LONGEST_TOKEN`."""
    edges = np.concatenate(([0], starts, [length]))
    long = np.flatnonzero(np.diff(edges) > LONGEST_TOKEN)
    more = [np.arange(edges[n] + LONGEST_TOKEN, edges[n + 1], LONGEST_TOKEN) for n in long]
    if not more:
        return starts
    return np.union1d(starts, np.concatenate(more)).astype(np.int64)
