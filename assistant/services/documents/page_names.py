"""What pages of the web are called as documents."""

from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from assistant.adapters.documents.media import HTML, MEDIA_TYPES, PLAIN, TEXTS, detect, named
from assistant.errors import InvalidInput
from assistant.services.documents.uploads import clean_filename
from assistant.sources import Page

TYPES = {**{kind: kind for kind in MEDIA_TYPES.values()}, "application/xhtml+xml": HTML}


def name_of(url: str) -> str:
    """Return a name for the page at an address: its last part, or else its host."""
    parts = urlsplit(url)
    last = PurePosixPath(unquote(parts.path, errors="replace")).name
    try:
        name = clean_filename(last)
    except InvalidInput:
        name = parts.hostname or "page"
    return name if named(name) else _ending_in(name, HTML)


def identify(filename: str, page: Page, path: Path) -> tuple[str, str]:
    """Return the name and type of a page that was fetched to `path`.

    Its type is told by the content, among kinds of text by the server, or where that says no more
    than that it is text by the address. The name keeps what it was but for its end. Raises
    `UnsupportedDocument`.
    """
    by_address = named(urlsplit(page.url).path)
    by_server = TYPES.get(page.media_type or "")
    is_some_text = by_server == PLAIN and by_address in TEXTS - {HTML}
    said = by_address if by_server is None or is_some_text else by_server
    media_type = detect(_ending_in(filename, said), path) if said else detect(filename, path)
    return _ending_in(filename, media_type), media_type


def _ending_in(name: str, media_type: str) -> str:
    """Return a name that ends in a type, in place of another type's end."""
    if named(name) == media_type:
        return name
    stem = PurePosixPath(name).stem if named(name) else name
    end = next(end for end, kind in MEDIA_TYPES.items() if kind == media_type)
    return clean_filename(stem + end)
