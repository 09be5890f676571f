"""Reading mails: who wrote when to whom about what, the words, and what came with them."""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from assistant.adapters.documents import markdown
from assistant.adapters.documents.mails import contents, headers, messages
from assistant.adapters.documents.mails.charsets import decoded
from assistant.adapters.documents.mails.contents import Mail
from assistant.adapters.documents.normalisation import normalise

MAX_ATTACHMENTS = 100
FORWARDED = "A mail within the mail"
UNITS = ("bytes", "kB", "MB", "GB")


def extract(data: bytes) -> tuple[str, list[int]]:
    """Return a mail's headers, words and list of attachments; it has no pages."""
    try:
        mail = contents.read(messages.parse(data))
        text = "\n\n".join(_blocks(mail))
    except RecursionError:
        # Whatever it is, its words are in it.
        text = decoded(data)
    return normalise(text), []


class Attached(NamedTuple):
    """What came with a mail; a mail that `is_deep` lies within more mails than are looked into."""

    name: str
    media_type: str
    content: bytes
    is_deep: bool


def attachments(data: bytes, *, most: int | None = MAX_ATTACHMENTS) -> list[Attached]:
    """Return what came with a mail and the mails within it, to a depth of three mails."""
    try:
        found = contents.read(messages.parse(data)).attachments()
    except RecursionError:
        return []
    return [
        Attached(one.name, one.media_type, _content(one), bool(messages.parts(one.part)))
        for one in islice(found, most)
    ]


def _blocks(mail: Mail) -> Iterator[str]:
    subject = headers.header(mail.message, "Subject")
    if subject or mail.depth > 1:
        yield markdown.heading(mail.depth, subject or FORWARDED)
    if lines := headers.lines(mail.message):
        yield "\n".join(lines)
    yield from mail.texts
    if mail.attached:
        yield "\n".join(["Attachments:", *_list(mail)])
    for inner in mail.within:
        yield from _blocks(inner)


def _list(mail: Mail) -> Iterator[str]:
    for one in mail.attached[:MAX_ATTACHMENTS]:
        yield markdown.item(f"{one.name} ({one.media_type}, {_size(len(_content(one)))})")
    if (more := len(mail.attached) - MAX_ATTACHMENTS) > 0:
        yield markdown.item(f"and {more} more")


def _content(attachment: contents.Attachment) -> bytes:
    inner = messages.parts(attachment.part)
    return inner[0].as_bytes() if inner else messages.content(attachment.part)


def _size(count: int) -> str:
    size, unit = float(count), 0
    while size >= 1000 and unit < len(UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.3g} {UNITS[unit]}"
