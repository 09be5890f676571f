"""The program that draws a page: a file on standard input, PNG or JSON on standard output."""

import io
import json
import math
import os
import sys
from typing import Any

import pypdfium2

from assistant.adapters.documents.confinement import confine
from assistant.adapters.documents.media import PDF, PICTURES
from assistant.adapters.documents.png import png
from assistant.adapters.ocr import pictures
from assistant.errors import PermanentError

# Dots of a picture, and of its longer side, as many as screens can show; PDF pages may be large.
MOST_DOTS, MOST_ACROSS = 8_000_000, 10_000


def main(media_type: str, number: int, dpi: int, parent: int) -> None:
    """Draw a page of standard input under limits, and write it or what went wrong."""
    answer = os.dup(1)
    os.dup2(2, 1)
    confine(parent, os.fstat(0).st_size)
    with open(answer, "wb") as output:
        output.write(_run(media_type, number, dpi))
    os._exit(0)


def _run(media_type: str, number: int, dpi: int) -> bytes:
    try:
        with open(0, "rb") as file:
            data = file.read()
        if media_type in PICTURES:
            return pictures.draw(io.BytesIO(data), number - 1, dpi, MOST_DOTS)
        if media_type != PDF:
            raise PermanentError("Pages of this format cannot be drawn.")
        return draw_page(data, number, dpi)
    except PermanentError as error:
        return json.dumps({"detail": error.detail}).encode()
    except Exception as error:  # whatever a library raises about a hostile file
        return json.dumps({"reason": repr(error)[:500]}).encode()


def draw_page(data: bytes, number: int, dpi: int) -> bytes:
    """Return a page of a PDF as PNG, as a viewer shows it: with form values and annotations."""
    document = pypdfium2.PdfDocument(data)
    document.init_forms()
    if not 1 <= number <= len(document):
        raise PermanentError(f"The file has no page {number}.")
    page = document[number - 1]
    width, height = page.get_size()
    bitmap: Any = page.render(scale=_scale(width, height, dpi), rev_byteorder=True)
    return png(bitmap.width, bitmap.height, bitmap.stride, memoryview(bitmap.buffer))


def _scale(width: float, height: float, dpi: int) -> float:
    """Return how many dots a point becomes."""
    if not (width > 0 and height > 0):
        raise PermanentError("The page has no size.")
    most = min(math.sqrt(MOST_DOTS / (width * height)), MOST_ACROSS / max(width, height))
    return min(dpi / 72, most)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
