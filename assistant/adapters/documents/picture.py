"""Reading files of pictures: how many pages they have, and how large each is.

Their text has to be recognised, which is done page by page, by others.
"""

import base64
import io
import zlib

from assistant.adapters.documents.pdf_boxes import PackedPage
from assistant.adapters.ocr import pictures

PAGE_END = "\n\n"
NO_WORDS = base64.b64encode(zlib.compress(b"")).decode()


def extract(data: bytes) -> tuple[str, list[int], list[PackedPage], list[int]]:
    """Return no text, where each page would begin, its size, and that each is a scan."""
    picture = pictures.open_pictures(io.BytesIO(data))
    try:
        count = pictures.page_count(picture)
        pages: list[PackedPage] = []
        for index in range(count):
            if index:
                picture.seek(index)
            pages.append((*pictures.size_in_points(picture), NO_WORDS))
    except (OSError, SyntaxError, ValueError, TypeError, EOFError) as error:
        raise pictures.broken() from error
    starts = [index * len(PAGE_END) for index in range(count)]
    return PAGE_END * (count - 1), starts, pages, list(range(1, count + 1))
