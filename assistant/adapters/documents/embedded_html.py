"""Reading HTML that is a part of another document."""

import re

from assistant.adapters.documents import html

TITLE = re.compile(r"<title\b[^>]*>(.*?)</title\s*>", re.IGNORECASE | re.DOTALL)


def title(page: str) -> str:
    """Return what would stand in the frame of a browser's window."""
    match = TITLE.search(page)
    return match[1] if match else ""


def read(page: str, *, titled: bool = False) -> str:
    """Return the text of a page; its title, which seldom says something, only if asked for."""
    if not titled and (match := TITLE.search(page)):
        page = page[: match.start()] + page[match.end() :]
    # The mark at its beginning wins over any encoding that the page declares.
    return html.extract(page.encode("utf-8-sig", errors="replace"))[0].strip()
