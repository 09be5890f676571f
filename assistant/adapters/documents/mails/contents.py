"""Telling apart what a mail consists of: its words, the mails within it, and its attachments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message

from assistant.adapters.documents import embedded_html
from assistant.adapters.documents.headings import below
from assistant.adapters.documents.mails import headers, messages
from assistant.adapters.documents.mails.charsets import decoded
from assistant.adapters.documents.mails.flowed import unflowed

MAX_DEPTH = 3
# By so many times the text of the other variant is longer where one only says "use the other".
STUB = 3
MARKUP = re.compile(
    r"<!doctype html|<html\b|<body\b|<(div|p|table|span)\b[^>]*>.*</\1>", re.I | re.S
)
SIGNATURES = re.compile(r"application/(x-)?(pkcs7|pgp)-signature|application/pgp-encrypted")
SEALED = re.compile(r"application/(x-)?pkcs7-mime")
OUTLOOK = frozenset(["application/ms-tnef", "application/vnd.ms-tnef"])
ENDINGS = {"plain": "txt", "jpeg": "jpg", "markdown": "md", "svg+xml": "svg", "calendar": "ics"}
PGP = "-----BEGIN PGP MESSAGE-----"
TOLD_ENCRYPTED = (
    "[What is encrypted here cannot be read; open the mail in a mail program, "
    "save it there without encryption and upload that.]"
)
TOLD_SEALED = (
    "[What is signed or encrypted here (S/MIME) cannot be read; open the mail in a mail program, "
    "save it there without and upload that.]"
)
TOLD_OUTLOOK = (
    "[What is in winmail.dat cannot be read, since only Outlook knows that format; "
    "ask the sender to send the mail as HTML or plain text.]"
)


@dataclass
class Attachment:
    """A file that came with a mail."""

    name: str
    media_type: str
    part: Message


@dataclass
class Mail:
    """What a mail says, and what came with it."""

    message: Message
    depth: int = 1
    texts: list[str] = field(default_factory=list)
    within: list[Mail] = field(default_factory=list)
    attached: list[Attachment] = field(default_factory=list)

    def attachments(self) -> Iterator[Attachment]:
        """Yield what came with this mail and with those within it."""
        yield from self.attached
        for mail in self.within:
            yield from mail.attachments()


def read(message: Message, depth: int = 1) -> Mail:
    """Return what a message consists of; mails within mails to a depth of three."""
    mail = Mail(message, depth)
    _visit(message, mail)
    return mail


def _visit(part: Message, mail: Mail) -> None:
    kind, inner = part.get_content_type(), messages.parts(part)
    if kind == "multipart/alternative":
        _visit_best(inner, mail)
    elif kind == "multipart/related":
        _visit_related(inner, mail)
    elif kind == "multipart/encrypted":
        mail.texts.append(TOLD_ENCRYPTED)
    elif kind == "message/rfc822" and inner:
        if mail.depth < MAX_DEPTH:
            mail.within.append(read(inner[0], mail.depth + 1))
        else:
            mail.attached.append(Attachment("message.eml", kind, part))
    elif part.get_content_maintype() == "message" and inner:
        mail.texts.extend(filter(None, map(_report, inner)))
    elif inner:
        for one in inner:
            _visit(one, mail)
    else:
        _visit_leaf(part, kind, mail)


def _visit_leaf(part: Message, kind: str, mail: Mail) -> None:
    if SIGNATURES.fullmatch(kind):
        return
    name = headers.file_name(part)
    if SEALED.fullmatch(kind):
        mail.texts.append(TOLD_SEALED)
    elif _is_body(part, kind, name, mail):
        text = _text(part, kind, mail.depth)
        mail.texts.extend([TOLD_ENCRYPTED] if PGP in text else [text] if text.strip() else [])
    else:
        if kind in OUTLOOK or name.lower() == "winmail.dat":
            mail.texts.append(TOLD_OUTLOOK)
        name = name or _made_up(part, len(mail.attached) + 1)
        mail.attached.append(Attachment(name, kind, part))


def _is_body(part: Message, kind: str, name: str, mail: Mail) -> bool:
    if kind not in ("text/plain", "text/html") and not kind.startswith("multipart/"):
        return False
    # Some programs name the body, and some put files of text among the words.
    return part.get_content_disposition() != "attachment" and not (name and mail.texts)


def _visit_best(variants: list[Message], mail: Mail) -> None:
    """Take the words of one variant, and from all of them what came with it."""
    seen = []
    for variant in variants:
        seen.append(Mail(mail.message, mail.depth))
        _visit(variant, seen[-1])
    said = [(variant, one) for variant, one in zip(variants, seen, strict=True) if one.texts]
    plain = next((one for variant, one in said if variant.get_content_type() == "text/plain"), None)
    rich = next((one for _, one in reversed(said) if one is not plain), None)
    best = rich if plain is None or (rich and _is_stub(plain, rich)) else plain
    mail.texts.extend(best.texts if best else ())
    for one in seen:
        mail.within.extend(one.within)
        mail.attached.extend(one.attached)


def _is_stub(plain: Mail, rich: Mail) -> bool:
    short, long = ("".join("".join(one.texts).split()) for one in (plain, rich))
    return len(short) * STUB < len(long)


def _visit_related(inner: list[Message], mail: Mail) -> None:
    """Take the first part, and what is no picture in it."""
    for i, part in enumerate(inner):
        shown = part.get_content_maintype() == "image" and part["Content-ID"]
        if i == 0 or not shown or part.get_content_disposition() == "attachment":
            _visit(part, mail)


def _text(part: Message, kind: str, depth: int) -> str:
    text = decoded(messages.content(part), headers.charset_of(part))
    if kind == "text/html" or MARKUP.search(text[:5000]):
        return below(embedded_html.read(text), depth)
    if str(part.get_param("format", "")).lower() == "flowed":
        text = unflowed(text, joined=str(part.get_param("delsp", "")).lower() == "yes")
    return text.strip("\r\n")


def _report(block: Message) -> str:
    """Return a part of a machine's report, which has the form of headers."""
    lines = [f"{name}: {headers.words(value)}" for name, value in block.items()]
    return "\n".join([*lines, decoded(messages.content(block)).strip()]).strip()


def _made_up(part: Message, number: int) -> str:
    subtype = part.get_content_subtype()
    ending = ENDINGS.get(subtype, subtype)
    return f"attachment-{number}" + (f".{ending}" if ending.isalnum() and len(ending) < 6 else "")
