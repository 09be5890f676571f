"""Decoding text whose encoding nobody told us."""

import codecs

from assistant.adapters.documents.normalisation import normalise

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Enough to recognise an encoding by; looking at everything takes seconds per megabyte.
SAMPLE = 64 * 1024


def extract(data: bytes) -> tuple[str, list[int]]:
    """Return the text as it is, apart from its encoding and unsafe characters."""
    return normalise(decode(data)), []


def decode(data: bytes, declared: str | None = None) -> str:
    """Decode by byte order mark, the declared encoding, UTF-8, or the most likely one."""
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    for encoding in filter(None, (declared, "utf-8")):
        try:
            return data.decode(encoding)
        except (UnicodeError, LookupError):
            continue
    return data.decode(_guess(data), errors="replace")


def _guess(data: bytes) -> str:
    from charset_normalizer import from_bytes  # 30 ms that most files need not pay

    # The sample begins at the first unusual byte, since pure ASCII says nothing.
    start = next((i for i, byte in enumerate(data) if byte > 127), 0)
    start = data.rfind(b"\n", 0, start) + 1
    best = from_bytes(data[start : start + SAMPLE]).best()
    return best.encoding if best else "cp1252"
