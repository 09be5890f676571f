"""Reading HTML that is a part of another document."""

import re

from assistant.adapters.documents import html

BEGIN = re.compile(r"<title\b[^<>]*>", re.IGNORECASE)
END = re.compile(r"</title\s*>", re.IGNORECASE)


def title(page: str) -> str:
    """Return what would stand in the frame of a browser's window."""
    place = _title(page)
    return END.sub("", BEGIN.sub("", page[place])) if place else ""


def read(page: str, *, titled: bool = False) -> str:
    """Return the text of a page; its title, which seldom says something, only if asked for."""
    if not titled and (place := _title(page)):
        page = page[: place.start] + page[place.stop :]
    # The mark at its beginning wins over any encoding that the page declares.
    return html.extract(page.encode("utf-8-sig", errors="replace"))[0].strip()


def _title(page: str) -> slice | None:
    begin = BEGIN.search(page)
    end = END.search(page, begin.end()) if begin else None
    return slice(begin.start(), end.end()) if begin and end else None
