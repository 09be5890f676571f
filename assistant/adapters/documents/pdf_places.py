"""Finding the words of a PDF page in the text that was written from them."""

import re
from collections.abc import Iterator, Sequence

from assistant.adapters.documents.hyphens import HYPHENS
from assistant.adapters.documents.pdf_boxes import Place
from assistant.adapters.documents.pdf_columns import Line
from assistant.adapters.documents.pdf_rows import reading_order
from assistant.adapters.documents.pdf_style import Item
from assistant.adapters.documents.pdf_text import BLOCK_END, note
from assistant.adapters.documents.pdf_words import Box, Word, turned

# What may stand between two words that follow each other, and is no word itself: white space and
# the marks of headings, items, tables, code, raised digits and leaders.
MARKS = re.compile(r"[\s|\\\-#`^_.]*")
LETTERS = re.compile(r"[^\W_]")
# How far a word may be from where it is looked for, if something else stands there.
WINDOW = 400


def located(text: str, items: Sequence[Item], page_start: int = 0) -> Iterator[Place]:
    """Yield each word of a page with its slice of the text, in the order of the text.

    A word that was not written, such as the bullet of an item, has none.
    """
    cursor = 0
    for item in items:
        words = reading_order(item.row.words) if isinstance(item, Line) else item.words()
        in_table = not isinstance(item, Line)
        for word in words:
            written = word.text if word.text.isalnum() else _written(word.text, in_table)
            found = cursor + 1
            if not (text.startswith(written, found) and text[cursor].isspace()):
                found = _find(text, written, cursor)
            if found < 0 and written.endswith("."):
                # Leaders may have taken a full stop with them.
                written = written.rstrip(".")
                found = _find(text, written, cursor) if written else -1
            if found >= 0:
                cursor = found + len(written)
                yield page_start + found, page_start + cursor, word


def noted(notes: Sequence[tuple[Box, str]], page_end: int) -> list[Place]:
    """Return the place of each note, which stand at the end of a page's text, one after the other.

    Nobody sees their words on the page, but where they are stuck on.
    """
    places: list[Place] = []
    end = page_end
    for box, said in reversed(notes):
        start = end - len(note(said))
        places.insert(0, (start, end, Word("", *turned(box, 0), size=1.0)))
        end = start - len(BLOCK_END)
    return places


def _written(text: str, in_table: bool) -> str:
    """Return a word without what joining it to the next line may have taken away."""
    text = (text.rstrip(HYPHENS) or text).replace("\u00ad", "")
    return text.replace("|", "\\|") if in_table else text


def _find(text: str, written: str, cursor: int) -> int:
    """Return where a word was written, behind the one before it, or -1."""
    if text.startswith(written, cursor):
        return cursor
    match = MARKS.match(text, cursor)
    near = match.end() if match else cursor
    # Its own first characters may look like marks.
    found = text.find(written, cursor, near + len(written))
    if found >= 0 or not LETTERS.search(written):
        return found
    return text.find(written, cursor, cursor + WINDOW + len(written))
