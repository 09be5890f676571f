"""Telling UTF-16 and UTF-32, with a byte order mark or without."""

import codecs
import re

MARKS = (
    # UTF-32 first: the little-endian mark begins with the one of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
HEAD = 64 * 1024
# What texts are made of; the wrong order of bytes makes other things of it.
PLAUSIBLE = re.compile(
    "[\t\n\f\r\x1b -~\xa0-\u024f\u0300-\u058f\u0590-\u06ff\u0900-\u0e7f\u1e00-\u1fff"
    "\u2010-\u2026\u2030-\u203a\u20ac\u2116\u2122\u3000-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff01-\uff5e]"
)
TWO_ASCII = re.compile(r"[\u2020-\u7e7e]")
MIN_SHARE = 0.95


def wide_encoding(data: bytes) -> str | None:
    """Return the encoding of a text whose characters have two or four bytes, or None.

    Without a mark it has to have NULs, which the spaces, digits and line ends of any text bring.
    """
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return encoding
    head = data[: HEAD - HEAD % 4]
    if b"\0" not in head or len(data) % 2:
        return None
    for encoding in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"):
        text = head.decode(encoding, errors="replace")
        if _is_plausible(text) and _has_all_nuls(text, head, encoding):
            return encoding
    return None


def _is_plausible(text: str) -> bool:
    if len(PLAUSIBLE.findall(text)) < len(text) * MIN_SHARE:
        return False
    # Pairs of ASCII letters look like ideographs.
    pairs = [c for c in TWO_ASCII.findall(text) if 0x20 <= ord(c) % 256 <= 0x7E]
    return len(pairs) <= len(text) / 2


def _has_all_nuls(text: str, head: bytes, encoding: str) -> bool:
    """Return whether most NULs are halves of plain characters, as they are in UTF-16."""
    plain = sum(character < "\x80" for character in text)
    return "32" in encoding or plain * 2 >= head.count(0)
