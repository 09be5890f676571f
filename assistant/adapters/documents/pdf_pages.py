"""The layout of PDF pages: which words stand on them, and in which order they are read."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pypdfium2

from assistant.adapters.documents.pdf_annotations import placed, read_annotations
from assistant.adapters.documents.pdf_boxes import Frame, frame_of
from assistant.adapters.documents.pdf_columns import Line, in_order
from assistant.adapters.documents.pdf_furniture import Body, bodies_of
from assistant.adapters.documents.pdf_rows import Row, rows_of
from assistant.adapters.documents.pdf_rules import ruled_tables
from assistant.adapters.documents.pdf_scans import needs_recognition
from assistant.adapters.documents.pdf_tables import Table
from assistant.adapters.documents.pdf_words import Box, Word, read_words, turned

MUCH = 0.6


@dataclass(slots=True)
class Page:
    """What was found on a page, before it is put in order."""

    frame: Frame = field(default_factory=Frame)
    # In the frame of most of its text.
    rows: list[Row] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    # Text at other angles: in the margin, or across the page.
    aslant: list[Row] = field(default_factory=list)
    # Where each note is stuck on, and what it says.
    notes: list[tuple[Box, str]] = field(default_factory=list)
    # What is seen on it has to be recognised.
    is_scan: bool = False


def read_page(document: pypdfium2.PdfDocument, index: int, allowed: int) -> tuple[Page, int]:
    """Return what stands on a page, and how many characters that are.

    A page of more than `allowed` characters is not read but only counted. Raises pdfium's error
    if the page does not open.
    """
    page = document[index]
    form = document.formenv.raw if document.formenv else None
    annotations = read_annotations(page, form)
    if annotations.drawn:
        page.close()
        page = document[index]
    frame = frame_of(page)
    textpage = page.get_textpage()
    count = textpage.count_chars()
    if count > allowed:
        return Page(frame), count
    words = read_words(textpage)
    angles: defaultdict[int, list[Word]] = defaultdict(list)
    for word in words:
        angles[word.angle].append(word)
    angle = max(angles, key=lambda angle: _letters(angles[angle]), default=frame.rotation)
    level = _inside(angles.pop(angle, []), turned(Box(*frame[:4]), angle))
    level += placed(annotations.fields, angle)
    level, tables = ruled_tables(page, level, angle)
    aslant = [row for others in angles.values() for row in rows_of(others)]
    found = Page(frame, rows_of(level), tables, aslant, annotations.notes)
    found.is_scan = needs_recognition(page, textpage, words)
    textpage.close()
    page.close()
    return found, count


def _letters(words: Iterable[Word]) -> int:
    return sum(len(word.text) for word in words)


def _inside(words: Iterable[Word], visible: Box) -> list[Word]:
    """Return the words whose middle is in the part of the page that is shown."""
    left, top, right, bottom = visible
    return [
        word
        for word in words
        if left <= (word.x0 + word.x1) / 2 <= right
        and top <= (word.top + word.bottom) / 2 <= bottom
    ]


def _tell_code(bodies: Sequence[Body]) -> None:
    """Take back that rows are code where most of the document is of one width, as old letters."""
    rows = [row for body in bodies for row in body.rows]
    fixed = sum(len(row.text) for row in rows if row.fixed)
    if fixed > MUCH * sum(len(row.text) for row in rows):
        for row in rows:
            row.fixed = False


def ordered(pages: Sequence[Page]) -> list[list[Line | Table]]:
    """Return the lines and tables of each page as they are read, without running headers."""
    bodies = bodies_of([page.rows for page in pages])
    _tell_code(bodies)
    often = Counter(text for page in pages for text in {row.text for row in page.aslant})
    seen: set[str] = set()
    found: list[list[Line | Table]] = []
    for page, body in zip(pages, bodies, strict=True):
        items = [*_apart(body.header), *in_order(body.rows, page.tables), *_apart(body.footer)]
        # A mark across every page is read once.
        items += _apart(row for row in page.aslant if often[row.text] < 3 or row.text not in seen)
        seen.update(row.text for row in page.aslant)
        found.append(items)
    return found


def _apart(rows: Iterable[Row]) -> list[Line | Table]:
    return [Line(row, row.x0, row.x1) for row in rows]
