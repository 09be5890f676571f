"""Parsing mails, also those that mail programs have damaged."""

import codecs
import email
import re
from base64 import b64decode
from email.message import Message
from email.policy import Compat32

from assistant.errors import PermanentError

# A line as it stands between the mails of a mailbox, with a header after it.
BETWEEN = re.compile(rb"\n\r?\nFrom [^\n]{10,200}\n[A-Za-z][\w-]{0,50}:")
BOUNDARY = re.compile(
    rb"^--(\S[^\r\n]{0,100}?)[ \t]{0,9}\r?\n(?=Content-)", re.MULTILINE | re.IGNORECASE
)
# No words are so long, and no other text has only lines of this length.
LINES_OF_BASE64 = re.compile(rb"\s*(?:[A-Za-z0-9+/]{60,80}\r?\n)+[A-Za-z0-9+/]+={0,2}\s*")
ENCODED = frozenset(["base64", "quoted-printable"])


class Raw(Compat32):
    """Headers as they stand there, bytes that are not ASCII as surrogates.

    The newer policies raise errors of many kinds about headers that are not as they should be.
    """

    def header_fetch_parse(self, name: str, value: str) -> str:
        """Return the value of a header without an attempt to understand it."""
        return value


RAW = Raw()


def parse(data: bytes) -> Message:
    """Return a mail; raises `PermanentError` for a mailbox, `RecursionError` for deep nesting."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        data = data.decode("utf-16", errors="replace").encode()
    data = data.removeprefix(codecs.BOM_UTF8).lstrip()
    if b"\n" not in data:
        data = data.replace(b"\r", b"\n")
    if data.startswith(b"From ") and BETWEEN.search(data):
        raise PermanentError(
            "The file is a mailbox with several mails; save each mail as a file and upload those.",
            code="broken_file",
        )
    return email.message_from_bytes(data.removeprefix(b">"), policy=RAW)


def parts(message: Message) -> list[Message]:
    """Return what a message or a part consists of; also without, or with a wrong, boundary."""
    if message.is_multipart():
        payload = message.get_payload()
        return [_opened(part, message) for part in payload if isinstance(part, Message)]
    if message.get_content_maintype() != "multipart":
        return []
    raw = content(message)
    found = BOUNDARY.search(raw)
    if found is None:
        return []
    start = b'Content-Type: multipart/mixed; boundary="' + found[1].replace(b'"', b"") + b'"\n\n'
    again = email.message_from_bytes(start + raw, policy=RAW).get_payload()
    return [part for part in again if isinstance(part, Message)] if isinstance(again, list) else []


def content(part: Message) -> bytes:
    """Return the bytes of a part that has no parts; also of one that hides its encoding."""
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    if "Content-Transfer-Encoding" in part or not LINES_OF_BASE64.fullmatch(data):
        return data
    try:
        text = b64decode(data)
        text.decode()
    except ValueError:
        return data
    return text


def _opened(part: Message, outer: Message) -> Message:
    """Return a mail within a mail, which must not be encoded and often is."""
    encoding = str(outer.get("Content-Transfer-Encoding", "")).strip().lower()
    if outer.get_content_maintype() != "message" or encoding not in ENCODED or part.keys():
        return part
    part["Content-Transfer-Encoding"] = encoding
    return parse(content(part))
