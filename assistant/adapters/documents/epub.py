"""Reading the chapters of EPUB books."""

import re
from collections.abc import Iterator

from assistant.adapters.documents import books, embedded_html, html, markdown
from assistant.adapters.documents.books import Book
from assistant.adapters.documents.normalisation import normalise
from assistant.adapters.documents.parts import Parts
from assistant.adapters.documents.plain import decode
from assistant.errors import PermanentError

PROLOGUE = re.compile(rb"\s*<\?xml[^>]*encoding\s*=\s*[\"']([A-Za-z0-9_.:-]+)")
# Empty elements, which in HTML would go on until something ends them.
EMPTY = re.compile(r"<([A-Za-z][\w:.-]*)\b([^<>]*)/>")
VOID = re.compile("area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr", re.I)
DAMAGED = "[This part of the book is damaged and could not be read.]"
# Where a chapter's name is looked for.
BEGINNING, MORE = 3, 20


def extract(data: bytes) -> tuple[str, list[int]]:
    """Return the parts in the order of reading, under their names; the format has no pages."""
    parts = Parts(data, "book", "an e-book editor")
    book = books.read(parts)
    chapters = [chapter for name in book.names if (chapter := _chapter(parts, book, name))]
    if chapters and all(chapter == DAMAGED for chapter in chapters):
        raise parts.broken("its chapters are damaged")
    return normalise("\n\n".join([*_front(book, chapters), *chapters])), []


def _front(book: Book, chapters: list[str]) -> Iterator[str]:
    """Yield the title and the authors, unless the book begins with them."""
    beginning = "\n".join(chapters)[:2000].casefold()
    if chapters and book.title and book.title.casefold() not in beginning:
        yield markdown.heading(1, book.title)
    authors = [one for one in book.authors if one and one.casefold() not in beginning]
    if chapters and authors:
        yield f"By {', '.join(authors)}"


def _chapter(parts: Parts, book: Book, name: str) -> str:
    try:
        page = _page(parts.read(name))
    except PermanentError as error:
        if error.code != "broken_file":
            raise
        return DAMAGED
    # A page's title names the chapter only if nothing else does.
    titled = not book.labels and markdown.one_line(embedded_html.title(page)) != book.title
    text = embedded_html.read(page, titled=titled)
    label = book.labels.get(name, "")
    return _headed(text, label) if text and label else text


def _page(data: bytes) -> str:
    """Return XHTML as HTML."""
    declared = PROLOGUE.match(data)
    page = decode(data, declared[1].decode("ascii") if declared else html.declared_encoding(data))
    return EMPTY.sub(lambda m: m[0] if VOID.fullmatch(m[1]) else f"<{m[1]}{m[2]}></{m[1]}>", page)


def _headed(text: str, label: str) -> str:
    """Return a chapter's text with its name as a heading."""
    lines = text.split("\n")
    filled = [i for i, line in enumerate(lines) if line.strip()][:BEGINNING]
    if lines[filled[0]].startswith("#"):
        return text
    for i in filled:
        # Such as "Chapter 1. Origins" for "1. Origins".
        if label.casefold() in lines[i].casefold() and len(lines[i]) < len(label) + MORE:
            lines[i] = markdown.heading(1, lines[i])
            return "\n".join(lines)
    return f"{markdown.heading(1, label)}\n\n{text}"
