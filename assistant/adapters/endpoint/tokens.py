"""Where the tokens of a text begin, for models whose tokenizer runs somewhere else."""

import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from assistant.adapters.importing import one_at_a_time
from assistant.errors import PermanentError
from assistant.ports import Offsets

FILE = "tokenizer.json"
# Where a character takes one more byte in UTF-8.
WIDER = (0x80, 0x800, 0x10000)


class ByteBound:
    """Takes each byte of UTF-8 for a token, which no tokenizer in use exceeds.

    Those that work on bytes have at most one for each, those that work on words or characters at
    most one for each character, and those that know neither fall back to bytes. Many bring a text
    into the form NFKC first, in which a few characters are longer.
    """

    def locate(self, texts: Sequence[str]) -> list[Offsets]:
        """Return where they begin at the earliest."""
        return [_starts(text) for text in texts]


def _starts(text: str) -> Offsets:
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
    widths = np.ones(len(points), np.int32)
    for wider in WIDER:
        widths += points >= wider
    if not unicodedata.is_normalized("NFKC", text):
        longer = {at: _longest(char) for at, char in enumerate(text) if ord(char) >= WIDER[0]}
        for at, width in longer.items():
            widths[at] = max(widths[at], width)
    return np.repeat(np.arange(len(text), dtype=np.int32), widths)


def _longest(char: str) -> int:
    return len(unicodedata.normalize("NFKC", char).encode("utf-8", "surrogatepass"))


class TokenizerFile:
    """Asks a copy of the model's own tokenizer, a `tokenizer.json` or the folder it lies in."""

    def __init__(self, path: Path) -> None:
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        with one_at_a_time:
            from tokenizers import Tokenizer
        try:
            self._tokenizer = Tokenizer.from_file(str(path / FILE if path.is_dir() else path))
        except Exception as error:  # the library raises nothing more exact
            raise PermanentError(
                f"EMBEDDING_TOKENIZER: {path} is no tokenizer.json that can be read. Put the "
                "model's there, or unset it.",
                code="embedding_model_unavailable",
            ) from error
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()

    def locate(self, texts: Sequence[str]) -> list[Offsets]:
        """Return where they begin."""
        found = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [np.array([start for start, _ in one.offsets], np.int32) for one in found]
