"""Reading the chapters of EPUB books."""

import re
from collections.abc import Iterator

from assistant.adapters.documents import books, chapters, embedded_html, html, markdown
from assistant.adapters.documents.books import Book
from assistant.adapters.documents.normalisation import normalise
from assistant.adapters.documents.parts import Parts
from assistant.adapters.documents.plain import decode
from assistant.errors import PermanentError

PROLOGUE = re.compile(rb"\s*<\?xml[^>]*encoding\s*=\s*[\"']([A-Za-z0-9_.:-]+)")
# Empty elements, which in HTML would go on until something ends them.
EMPTY = re.compile(r"<([A-Za-z][\w:.-]*+)([^<>]*+)(?<=/)>")
VOID = re.compile("area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr", re.I)
DAMAGED = "[This part of the book is damaged and could not be read.]"


def extract(data: bytes) -> tuple[str, list[int]]:
    """Return the parts in the order of reading, under their names; the format has no pages."""
    parts = Parts(data, "book", "an e-book editor")
    book = books.read(parts)
    texts = [text for name in book.names if (text := _chapter(parts, book, name))]
    if texts and all(text == DAMAGED for text in texts):
        raise parts.broken("its chapters are damaged")
    return normalise("\n\n".join([*_front(book, texts), *texts])), []


def _front(book: Book, texts: list[str]) -> Iterator[str]:
    """Yield the title and the authors, unless the book begins with them."""
    beginning = "\n".join(texts)[:2000].casefold()
    if texts and book.title and book.title.casefold() not in beginning:
        yield markdown.heading(1, book.title)
    authors = [one for one in book.authors if one and one.casefold() not in beginning]
    if texts and authors:
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
    return chapters.named(text, label) if text and label else text


def _page(data: bytes) -> str:
    """Return XHTML as HTML."""
    declared = PROLOGUE.match(data[:1000])
    page = decode(data, declared[1].decode("ascii") if declared else html.declared_encoding(data))
    return EMPTY.sub(_closed, page)


def _closed(element: re.Match[str]) -> str:
    name, attributes = element[1], element[2][:-1]
    return element[0] if VOID.fullmatch(name) else f"<{name}{attributes}></{name}>"
