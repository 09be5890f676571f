"""Reading the text of PDF files page by page."""

import re
from collections import Counter
from collections.abc import Iterable

import pypdfium2
import pypdfium2.raw

from assistant.adapters.documents.normalisation import normalise
from assistant.errors import PermanentError

MAX_PAGES = 2000
MAX_CHARACTERS = 5_000_000
PAGE_END = "\n\n"
TAIL = 64 * 1024
# Where pdfium saw a hyphen at the end of a line.
HYPHEN = "\ufffe"
LINEARIZED = re.compile(rb"/Linearized\b[^>]{0,200}?/L\s+(\d+)")
LIST_ITEM = re.compile(r"(?:[\u2022\u2023\u25aa\u25cf\u25e6\u2013\u2014*-]|\(?[0-9a-z]{1,3}[.)])\s")
NUMBERED = re.compile(r"\d+(?:\.\d+)+\.?\s")
SENTENCE_END = tuple(".!?:;\u3002\uff01\uff1f\u2026)\"'\u201d\u2019")
PAGE_NUMBER = re.compile(r"(?:[Pp]age )?\W{0,2}(\d{1,4})\W{0,2}(?: ?(?:/|of) ?\d{1,4})?")
LEADER = re.compile(r"(?:\. ?){4,}")
WIDE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef\u3000-\u303f]")


def extract(data: bytes) -> tuple[str, list[int]]:
    """Return the text and the offset at which each page begins."""
    if _is_cut_off(data):
        raise _broken("its end is missing")
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if error.err_code == pypdfium2.raw.FPDF_ERR_PASSWORD:
            raise PermanentError(
                "The PDF is protected with a password; save it without one and upload it again.",
                code="encrypted_file",
            ) from error
        raise _broken("it is damaged or cut off") from error
    if len(document) > MAX_PAGES:
        raise _too_large(f"It has {len(document)} pages, and {MAX_PAGES} are read at most")
    return _join(_read_pages(document))


def _broken(reason: str) -> PermanentError:
    return PermanentError(
        f"The PDF cannot be read: {reason}. Open it in a viewer, save it again and upload that.",
        code="broken_file",
    )


def _too_large(reason: str) -> PermanentError:
    return PermanentError(f"{reason}; split it and upload the parts.", code="too_large_to_parse")


def _is_cut_off(data: bytes) -> bool:
    # pdfium repairs such files in silence, and pages would be missing without anybody knowing.
    match = LINEARIZED.search(data, 0, 2048)
    return b"%%EOF" not in data[-TAIL:] or bool(match and len(data) < int(match[1]))


def _read_pages(document: pypdfium2.PdfDocument) -> list[list[str]]:
    pages: list[list[str]] = []
    total = failed = 0
    for index in range(len(document)):
        try:
            page = document[index]
            text: str = page.get_textpage().get_text_bounded()
            page.close()
        except pypdfium2.PdfiumError:
            text, failed = "", failed + 1
        total += len(text)
        if total > MAX_CHARACTERS:
            raise _too_large(f"It holds more than {MAX_CHARACTERS:,} characters")
        # The marks of hyphens survive until lines are joined; everything else is made safe here.
        lines = HYPHEN.join(normalise(part) for part in text.split(HYPHEN)).split("\n")
        pages.append([line.strip() for line in lines])
    if failed and failed == len(document):
        raise _broken("none of its pages opens")
    return pages


def _join(pages: list[list[str]]) -> tuple[str, list[int]]:
    compounds = _compounds(pages)
    texts = [_unwrap(lines, compounds) for lines in _without_numbers(pages)]
    starts: list[int] = []
    offset = 0
    for text in texts:
        starts.append(offset)
        offset += len(text) + len(PAGE_END)
    return PAGE_END.join(texts), starts


def _without_numbers(pages: list[list[str]]) -> list[list[str]]:
    """Drop printed page numbers, which would stand in the middle of sentences.

    A first or last line counts as one if it is a number that grows with the page on most pages.
    """
    pages = [[line for line in lines if line] for lines in pages]
    for end in (0, -1):
        shifts = {
            index: int(match[1]) - index
            for index, lines in enumerate(pages)
            if lines and (match := PAGE_NUMBER.fullmatch(lines[end]))
        }
        shift, count = next(iter(Counter(shifts.values()).most_common(1)), (0, 0))
        if count >= 3 and count > len(pages) / 2:
            for index in (index for index, found in shifts.items() if found == shift):
                del pages[index][end]
    return pages


def _compounds(pages: Iterable[list[str]]) -> set[str]:
    """Return the words that the document itself writes with a hyphen within a line."""
    return {
        word.lower() for lines in pages for line in lines for word in re.findall(r"\w+-\w+", line)
    }


def _unwrap(lines: list[str], compounds: set[str]) -> str:
    """Put the lines of a paragraph together again, judging by how full each one is."""
    lines = [line for line in lines if line]
    if not lines:
        return ""
    widths = sorted(map(len, lines))
    full = widths[int(len(widths) * 0.9)]
    parts: list[str] = []
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        head, mark, tail = line.rpartition(HYPHEN)
        if mark and not tail and following:
            word = f"{head.rsplit(None, 1)[-1]}-{following.split(None, 1)[0]}" if head else ""
            kept = re.sub(r"\W+$", "", word).lower() in compounds
            parts.append(head.replace(HYPHEN, "-") + ("-" if kept else ""))
            continue
        parts.append(line.replace(HYPHEN, "-"))
        if following:
            parts.append(_separator(line, following, full))
    return "".join(parts)


def _separator(line: str, following: str, full: int) -> str:
    """Return what stands between two lines: a space, nothing, or the end of a paragraph."""
    if LIST_ITEM.match(following) or NUMBERED.match(following) or LEADER.search(line):
        return "\n"
    heading = len(following) < full * 0.5 and not following.endswith((*SENTENCE_END, ","))
    if line.endswith(SENTENCE_END) and heading and following[0].isupper():
        return "\n\n"
    if len(line) >= full * 0.75 and (full >= 40 or WIDE.search(line)):
        return "" if WIDE.match(line[-1]) and WIDE.match(following[0]) else " "
    if full >= 40 and len(line) >= full * 0.5 and following[0].islower():
        return " "
    return "\n\n" if line.endswith(SENTENCE_END) else "\n"
