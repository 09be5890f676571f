"""Reading the headers of mails, however they were written."""

import re
from base64 import b64decode
from email.message import Message
from itertools import islice

from assistant.adapters.documents.mails.charsets import decoded
from assistant.adapters.documents.markdown import one_line

# RFC 2047; between two such words there is no blank, and one letter may go on in the next word.
WORD = re.compile(r"=\?([^?\s]*)\s*\?([BbQq])\s*\?([^?]*(?:\?(?!=)[^?]*)*)\?=(?:\s+(?==\?))?")
HEX = re.compile(rb"=([0-9A-Fa-f]{2})")
NO_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
LIKELY = "cp1252"
SHOWN = ("From", "To", "Cc", "Date")
MAX_HEADER, MAX_RAW = 2000, 10_000
# As many headers of one name, and as many parts that may say the character set, are looked at.
FIRST = 100
UNSAFE = re.compile(r"[\x00-\x1f\x7f]")


def lines(message: Message) -> list[str]:
    """Return the headers that a reader looks at, a line each."""
    values = ((name, header(message, name)) for name in SHOWN)
    return [f"{name}: {value}" for name, value in values if value]


def header(message: Message, name: str) -> str:
    """Return what a header says; several of one name are one."""
    first = islice(message.walk(), FIRST)
    charset = next(filter(None, map(charset_of, first)), LIKELY)
    found = (words(value, charset) for value in message.get_all(name, ())[:FIRST])
    value = ", ".join(filter(None, found))
    return value if len(value) <= MAX_HEADER else f"{value[:MAX_HEADER]} …"


def words(raw: str, likely: str = LIKELY) -> str:
    """Return the text of a header's value, in which words may be encoded.

    What says no known character set of its own is in the likely one, if it is not in UTF-8: a few
    words are not enough to guess by.
    """
    text = decoded(raw[:MAX_RAW].encode("utf-8", "surrogateescape"), likely)
    shown, at = "", 0
    charset, waiting = "", b""
    for match in WORD.finditer(text):
        language = match[1].partition("*")[0].lower()
        if waiting and (match.start() > at or language != charset):
            shown += decoded(waiting, charset, likely)
            waiting = b""
        shown += text[at : match.start()]
        charset, at = language, match.end()
        waiting += _bytes(match[2], match[3])
    if waiting:
        shown += decoded(waiting, charset, likely)
    return one_line(shown + text[at:])


def file_name(part: Message) -> str:
    """Return the name of an attachment, without folders; it may be empty."""
    try:
        name = part.get_filename() or ""
    except (LookupError, TypeError, ValueError):  # parameters that contradict themselves
        name = ""
    return UNSAFE.sub("", words(name).replace("\\", "/").rpartition("/")[2]).strip(" .")[:255]


def charset_of(part: Message) -> str | None:
    """Return the character set that a part says it is in."""
    try:
        return part.get_content_charset()
    except (LookupError, TypeError, ValueError):
        return None


def _bytes(encoding: str, text: str) -> bytes:
    data = text.encode("utf-8", "surrogateescape")
    if encoding in "Qq":
        return HEX.sub(lambda match: bytes([int(match[1], 16)]), data.replace(b"_", b" "))
    data = NO_BASE64.sub(b"", data)
    # One letter alone is the rest of a cut word.
    data = data[: len(data) - (len(data) % 4 == 1)]
    return b64decode(data + b"=" * (-len(data) % 4))
