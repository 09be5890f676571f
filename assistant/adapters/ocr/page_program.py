"""The program that renders one page: a file on standard input, grey pixels on standard output.

Before them stands a line of JSON with the page's size, or with the reason why there are none.
"""

import json
import os
import sys
from typing import BinaryIO

import pypdfium2

from assistant.adapters.documents.confinement import confine, memory_error
from assistant.adapters.documents.media import PDF
from assistant.adapters.ocr import pictures
from assistant.adapters.ocr.pictures import Grey
from assistant.errors import PermanentError

CPU_SECONDS = 30


def main(media_type: str, index: int, parent: int) -> None:
    """Render a page under limits."""
    # A library that prints must not disturb the answer.
    answer = os.dup(1)
    os.dup2(2, 1)
    # What is decoded does not depend on the file's size, and the file is not read as a whole.
    confine(parent, 0, cpu_seconds=CPU_SECONDS)
    with open(answer, "wb") as output, open(0, "rb") as file:
        try:
            page = _pdf(file, index) if media_type == PDF else pictures.read_grey(file, index)
        except PermanentError as error:
            output.write(json.dumps({"error": error.code, "detail": error.detail}).encode())
        except MemoryError:
            output.write(json.dumps({"error": memory_error()}).encode())
        except Exception as error:  # whatever a library raises about a hostile file
            said = {"error": "broken_file", "reason": repr(error)[:500]}
            output.write(json.dumps(said).encode())
        else:
            output.write(json.dumps(page._asdict() | {"pixels": None}).encode() + b"\n")
            output.write(page.pixels)
    os._exit(0)


def _pdf(file: BinaryIO, index: int) -> Grey:
    document = pypdfium2.PdfDocument(file)
    document.init_forms()
    page = document[index]
    width, height = page.get_size()
    scale = pictures.BEST_DOTS / pictures.POINTS
    pixels = width * height * scale * scale
    if pixels > pictures.MOST_RECOGNISED:
        scale *= (pictures.MOST_RECOGNISED / pixels) ** 0.5
    bitmap = page.render(scale=scale, grayscale=True, may_draw_forms=True)
    rows = [
        bytes(bitmap.buffer[start : start + bitmap.width])
        for start in range(0, bitmap.stride * bitmap.height, bitmap.stride)
    ]
    return Grey(b"".join(rows), bitmap.width, bitmap.height, width, height)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
