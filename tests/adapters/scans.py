"""Pictures of text, and PDF files of such pictures, made for the tests of recognising them."""

import io
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from tests.adapters import pdfs

DOTS = 200
LINES = (
    "The lighthouse keeper writes the log at dawn.",
    "Ships that pass the northern reef are counted",
    "twice, and the foghorn sounds on Thursdays.",
)


def drawn(*lines: str, size: int = 32, ink: int = 0, paper: int = 255) -> Image.Image:
    """Return lines of text in grey, as a scanner with 200 dots per inch sees them."""
    font = ImageFont.load_default(size)
    lines = lines or LINES
    width = max(round(font.getlength(line)) for line in lines) + 80
    picture = Image.new("L", (width, 80 + len(lines) * size * 2), paper)
    draw = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        draw.text((40, 40 + number * size * 2), line, font=font, fill=ink)
    return picture


def saved(picture: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    """Return a file of this picture."""
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def page(picture: Image.Image) -> pdfs.Page:
    """Return a page that shows nothing but a picture."""
    width, height = (side * 72 / DOTS for side in picture.size)
    data = picture.convert("L").tobytes().hex()
    columns, rows = picture.size
    image = f"BI /W {columns} /H {rows} /CS /G /BPC 8 /F /AHx ID\n{data}>\nEI"
    return pdfs.Page(
        f"q {width:.2f} 0 0 {height:.2f} 0 0 cm {image} Q ",
        f"/MediaBox [0 0 {width:.2f} {height:.2f}]",
    )


def with_text(picture: Image.Image, text: str) -> pdfs.Page:
    """Return such a page with a text layer, too."""
    shown = page(picture)
    shown.content += pdfs.lines(20, 20, text)
    return shown
