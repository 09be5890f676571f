"""Reading the text of PDF files page by page."""

import re
from collections.abc import Sequence

import pypdfium2
import pypdfium2.raw

from assistant.adapters.documents.pdf_boxes import PackedPage, pack
from assistant.adapters.documents.pdf_pages import Page, ordered, read_page
from assistant.adapters.documents.pdf_places import located, noted
from assistant.adapters.documents.pdf_style import Item, style_of
from assistant.adapters.documents.pdf_text import BLOCK_END, note, write
from assistant.errors import PermanentError

MAX_PAGES = 2000
MAX_CHARACTERS = 5_000_000
PAGE_END = "\n\n"
# A file that is complete says, after its last object, where its table of contents is.
TRAILERS = (b"startxref", b"trailer", b"%%EOF")
LINEARIZED = re.compile(rb"/Linearized\b[^>]{0,200}?/L\s+(\d+)")
# Some programs write a few bytes less at the end than they announce.
SLACK = 64


def extract(data: bytes) -> tuple[str, list[int], list[PackedPage], list[int]]:
    """Return the text, where each page begins, where its words stand, and which pages are scans."""
    if _is_cut_off(data):
        raise _broken("its end is missing")
    try:
        document = pypdfium2.PdfDocument(data)
        document.init_forms()
    except pypdfium2.PdfiumError as error:
        if error.err_code == pypdfium2.raw.FPDF_ERR_PASSWORD:
            raise PermanentError(
                "The PDF is protected with a password; save it without one and upload it again.",
                code="encrypted_file",
            ) from error
        raise _broken("it is damaged or cut off") from error
    if len(document) > MAX_PAGES:
        raise _too_large(f"It has {len(document)} pages, and {MAX_PAGES} are read at most")
    pages = _read_pages(document)
    bodies = ordered(pages)
    texts = _texts(pages, bodies)
    starts = _starts(texts)
    boxes = [
        pack(page.frame, [*located(text, body, start), *noted(page.notes, start + len(text))])
        for page, body, text, start in zip(pages, bodies, texts, starts, strict=True)
    ]
    scans = [number for number, page in enumerate(pages, start=1) if page.is_scan]
    return PAGE_END.join(texts), starts, boxes, scans


def _broken(reason: str) -> PermanentError:
    return PermanentError(
        f"The PDF cannot be read: {reason}. Open it in a viewer, save it again and upload that.",
        code="broken_file",
    )


def _too_large(reason: str) -> PermanentError:
    return PermanentError(f"{reason}; split it and upload the parts.", code="too_large_to_parse")


def _is_cut_off(data: bytes) -> bool:
    # pdfium repairs such files in silence, and pages would be missing without anybody knowing.
    # What follows the end, or that its mark is missing, hides nothing.
    last = max(data.rfind(b"endobj"), data.rfind(b" obj"))
    match = LINEARIZED.search(data, 0, 2048)
    announced = int(match[1]) if match else 0
    ended = any(data.find(mark, max(last, 0)) >= 0 for mark in TRAILERS)
    return not ended or len(data) + SLACK < announced


def _read_pages(document: pypdfium2.PdfDocument) -> list[Page]:
    pages: list[Page] = []
    total = failed = 0
    for index in range(len(document)):
        try:
            page, count = read_page(document, index, MAX_CHARACTERS - total)
        except pypdfium2.PdfiumError:
            page, count, failed = Page(), 0, failed + 1
        total += count
        if total > MAX_CHARACTERS:
            raise _too_large(f"It holds more than {MAX_CHARACTERS:,} characters")
        pages.append(page)
    if failed and failed == len(document):
        raise _broken("none of its pages opens")
    return pages


def _texts(pages: Sequence[Page], bodies: Sequence[Sequence[Item]]) -> list[str]:
    style = style_of(bodies)
    return [
        BLOCK_END.join(filter(None, [write(body, style), *(note(said) for _, said in page.notes)]))
        for page, body in zip(pages, bodies, strict=True)
    ]


def _starts(texts: Sequence[str]) -> list[int]:
    starts: list[int] = []
    offset = 0
    for text in texts:
        starts.append(offset)
        offset += len(text) + len(PAGE_END)
    return starts
