"""Reading plain text and Markdown, in whatever encoding."""

import codecs
import re
import unicodedata

from assistant.adapters.documents.normalisation import normalise
from assistant.adapters.documents.wide import wide_encoding

# Colours, titles and other orders to a terminal, and bold or underlined letters of old printers.
ESCAPES = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]"
    "|\x1b[\\]P^_X][^\x07\x1b\n]*(?:\x07|\x1b\\\\)"
    "|\x1b[ -/]+[0-~]|\x1b[0-~]"
)
OVERSTRUCK = re.compile("_\x08(?=.)|(.)\x08(?=\\1)")
ISO_2022 = (
    (re.compile(rb"\x1b(?:\$[@B]|\([IJ]|\$\(D)"), "iso2022_jp_ext"),
    (re.compile(rb"\x1b\$\)C"), "iso2022_kr"),
)
UTF8_SEQUENCE = re.compile(
    rb"[\xc3-\xdf][\x80-\xbf]|\xc2[\xa0-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)


def extract(data: bytes) -> tuple[str, list[int]]:
    """Return the text as it is, apart from its encoding and what only machines see."""
    return normalise(OVERSTRUCK.sub("", ESCAPES.sub("", decode(data)))), []


def decode(data: bytes, declared: str | None = None) -> str:
    """Decode by byte order mark, as UTF-8, by the declared encoding, or by the likeliest one."""
    if data.startswith(codecs.BOM_UTF8):
        return data.decode("utf-8-sig", errors="replace")
    if encoding := wide_encoding(data):
        return data.decode(encoding, errors="replace")
    for pattern, encoding in ISO_2022:
        if pattern.search(data):
            return data.decode(encoding, errors="replace")
    # What is declared is often wrong, and what is valid UTF-8 is hardly ever anything else.
    for encoding in ("utf-8", declared):
        try:
            if encoding:
                return data.decode(encoding)
        except (UnicodeError, LookupError):
            continue
    text = data.decode("utf-8", errors="replace")
    if declared == "utf-8" or sum(1 for _ in UTF8_SEQUENCE.finditer(data)) > text.count("\ufffd"):
        return text
    from assistant.adapters.documents.legacy import guess  # which most files need not pay for

    # Vietnamese has its tones as characters of their own there.
    return unicodedata.normalize("NFC", data.decode(guess(data), errors="replace"))
