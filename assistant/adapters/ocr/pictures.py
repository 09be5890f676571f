"""Pictures of pages as grey pixels: how files of pictures are opened, turned and made smaller."""

import io
from typing import BinaryIO, NamedTuple

# The plugins are named, since Pillow imports them only when it opens a file, and then all of them.
from PIL import Image, ImageOps, JpegImagePlugin, MpoImagePlugin, PngImagePlugin, TiffImagePlugin

from assistant.errors import PermanentError

FORMATS = ("PNG", "JPEG", "TIFF")
MAX_PAGES = 2000
# A sheet of A3 at 600 dots per inch has 70 million; in memory each takes up to four bytes, twice.
MAX_PIXELS = 100_000_000
POINTS = 72.0
# What a picture says of its resolution is believed between these; else it has that of a screen.
LOWEST, HIGHEST, SCREEN = 50.0, 2400.0, 96.0
# Text is recognised best at some 250 dots per inch. What does not say its resolution is taken for
# a sheet of paper, but not enlarged more than so often; an enormous one is made smaller.
BEST_DOTS, LONG_SIDE, LARGEST_SIDE, MOST_ENLARGED = 250.0, 2900, 5000, 1.5
# A strip that is much longer than wide.
MOST_RECOGNISED = 25_000_000

__all__ = ["JpegImagePlugin", "MpoImagePlugin", "PngImagePlugin", "TiffImagePlugin"]


class Grey(NamedTuple):
    """The pixels of a page, a byte each, row by row; and its size in points, as it is shown."""

    pixels: bytes
    columns: int
    rows: int
    width: float
    height: float


def open_pictures(file: BinaryIO) -> Image.Image:
    """Open a file of pictures without decoding any; raises `PermanentError`."""
    # Decided here, with words of our own.
    Image.MAX_IMAGE_PIXELS = None
    try:
        return Image.open(file, formats=FORMATS)
    except (OSError, SyntaxError, ValueError, TypeError, EOFError) as error:
        raise broken() from error


def page_count(picture: Image.Image) -> int:
    """Return how many pages a file has: only TIFF has more than one; frames are none."""
    if picture.format != "TIFF":
        return 1
    count = int(getattr(picture, "n_frames", 1))
    if count > MAX_PAGES:
        raise PermanentError(
            f"It has {count} pages, and {MAX_PAGES} are read at most; split it and upload the "
            "parts.",
            code="too_large_to_parse",
        )
    return count


def size_in_points(picture: Image.Image) -> tuple[float, float]:
    """Return the width and height of the present page, turned as it is shown."""
    across, down = (_resolution(picture, axis) for axis in (0, 1))
    width, height = picture.width * POINTS / across, picture.height * POINTS / down
    turned = picture.getexif().get(ORIENTATION, 1) in SIDEWAYS
    return (height, width) if turned else (width, height)


ORIENTATION, SIDEWAYS = 0x0112, (5, 6, 7, 8)


def _resolution(picture: Image.Image, axis: int) -> float:
    try:
        dots = float(picture.info["dpi"][axis])
    except (KeyError, IndexError, TypeError, ValueError, ZeroDivisionError):
        return SCREEN
    return dots if LOWEST <= dots <= HIGHEST else SCREEN


def read_grey(file: BinaryIO, index: int) -> Grey:
    """Decode a page, as a person sees it; raises `PermanentError`."""
    picture = open_pictures(file)
    try:
        if index:
            picture.seek(index)
        if picture.width * picture.height > MAX_PIXELS:
            raise PermanentError(
                f"A picture has {picture.width} by {picture.height} pixels, and "
                f"{MAX_PIXELS // 1_000_000} million are read at most; make it smaller.",
                code="too_large_to_parse",
            )
        width, height = size_in_points(picture)
        # A JPEG file is decoded smaller, and without colours, at no cost.
        picture.draft("L", (LARGEST_SIDE, LARGEST_SIDE))
        longest = max(picture.size)
        dots = max(_resolution(picture, axis) for axis in (0, 1))
        wanted = BEST_DOTS / dots * longest if dots != SCREEN else LONG_SIDE
        upright = ImageOps.exif_transpose(to_grey(picture))
    except (OSError, SyntaxError, ValueError, TypeError, EOFError) as error:
        raise broken() from error
    fitted = _fitted(upright, wanted)
    return Grey(fitted.tobytes(), *fitted.size, width, height)


def to_grey(picture: Image.Image) -> Image.Image:
    """Return a picture in 8 bits of grey; what can be seen through is on white paper."""
    exif = picture.getexif()
    if picture.mode in WIDE_MODES or picture.mode.startswith("I;"):
        grey = _from_wide(picture)
    elif picture.mode in ("L", "1") and "transparency" not in picture.info:
        grey = picture.convert("L")
    else:
        grey = _on_paper(picture).convert("L")
    grey.info["exif"] = exif.tobytes()
    return grey


WIDE_MODES = ("I", "F")


def _on_paper(picture: Image.Image) -> Image.Image:
    """Return a picture in colours, on white where one can see through it."""
    bands = picture.getbands()
    if "A" not in bands and "a" not in bands and "transparency" not in picture.info:
        return picture.convert("RGB")
    seen = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", seen.size, "white"), seen).convert("RGB")


def _from_wide(picture: Image.Image) -> Image.Image:
    """Return a picture of more than 8 bits a pixel, or of fractions, in 8 bits."""
    wide = picture.convert("F")
    lowest, highest = (float(end) for end in wide.getextrema())  # type: ignore[arg-type]  # of one band
    # Whole numbers have 16 bits, whatever the picture uses of them; fractions end anywhere.
    black, white = min(lowest, 0.0), max(highest, 65535.0)
    if picture.mode == "F":
        black, white = min(lowest, 0.0), max(highest, 1.0)
    scale = 255.0 / (white - black)
    return wide.point(lambda value: value * scale - black * scale).convert("L")


def _fitted(picture: Image.Image, wanted: float) -> Image.Image:
    """Return a picture with the long side that is wanted, if that is within bounds."""
    longest = max(picture.size)
    scale = min(max(1.0, min(wanted / longest, MOST_ENLARGED)), LARGEST_SIDE / longest)
    pixels = picture.width * picture.height * scale * scale
    if pixels > MOST_RECOGNISED:
        scale *= (MOST_RECOGNISED / pixels) ** 0.5
    if scale == 1.0:
        return picture
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.BICUBIC)


def draw(file: BinaryIO, index: int, dpi: float, most_dots: int) -> bytes:
    """Return a page as PNG in its colours, as a person sees it; raises `PermanentError`."""
    picture = open_pictures(file)
    try:
        if index:
            picture.seek(index)
        if picture.width * picture.height > MAX_PIXELS:
            raise PermanentError("This picture is too large to be shown; open the file itself.")
        width, height = size_in_points(picture)
        scale = min(dpi / POINTS, (most_dots / max(width * height, 1.0)) ** 0.5)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        exif = picture.getexif()
        wide = picture.mode in WIDE_MODES or picture.mode.startswith("I;")
        shown = _from_wide(picture) if wide else _on_paper(picture)
        shown.info["exif"] = exif.tobytes()
        output = io.BytesIO()
        ImageOps.exif_transpose(shown).resize(size).save(output, "PNG", exif=b"")
    except (OSError, SyntaxError, ValueError, TypeError, EOFError) as error:
        raise broken() from error
    return output.getvalue()


def broken() -> PermanentError:
    """Say that a file of pictures is damaged."""
    return PermanentError(
        "The picture cannot be read: it is damaged or cut off. Open it in a viewer, save it again "
        "and upload that.",
        code="broken_file",
    )
