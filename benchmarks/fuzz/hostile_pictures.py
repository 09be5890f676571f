"""Pictures that say that they are enormous, or have pages without end."""

import struct
import zlib
from collections.abc import Iterator

from PIL import Image

from benchmarks.fuzz.made import Made, ends
from tests.adapters import scans

START = b"\x89PNG\r\n\x1a\n"


def pictures() -> Iterator[Made]:
    """Yield one of each kind."""
    for width, height in ((2**31 - 1, 2**31 - 1), (60_000, 60_000), (0, 0), (2**31 - 1, 1)):
        head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        content = START + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(bytes(10**7)))
        yield Made(f"png: {width} by {height}", "huge.png", content + _chunk(b"IEND", b""))
    small = scans.saved(scans.drawn("Seal oil.", size=24))
    after = small.index(b"IDAT") - 4
    bomb = zlib.compress(b"x" * 10**8, 9)
    for name, chunk in {
        "compressed words": _chunk(b"zTXt", b"a\0\0" + bomb),
        "compressed colours": _chunk(b"iCCP", b"a\0\0" + bomb),
        "a length without end": struct.pack(">I", 2**31 - 1) + b"tEXt",
        "50,000 words": _chunk(b"tEXt", b"a\0b") * 50_000,
        "frames": _chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0)),
    }.items():
        yield Made(f"png: {name}", "chunks.png", small[:after] + chunk + small[after:])
    yield Made("png: a head alone", "head.png", small[:33], ends("broken_file"))
    yield from _jpegs()
    yield from _tiffs()


def _jpegs() -> Iterator[Made]:
    jpeg = scans.saved(scans.drawn("Seal oil.", size=24), "JPEG")
    frame = jpeg.index(b"\xff\xc0")
    for height, width in ((65_535, 65_535), (0, 0), (1, 65_535)):
        size = struct.pack(">HH", height, width)
        content = jpeg[: frame + 5] + size + jpeg[frame + 9 :]
        yield Made(f"jpeg: {width} by {height}", "huge.jpg", content)
    scan = jpeg.index(b"\xff\xda")
    yield Made("jpeg: 3,000 scans", "scans.jpg", jpeg[:-2] + jpeg[scan:-2] * 3000 + jpeg[-2:])
    yield Made("jpeg: comments", "talk.jpg", jpeg[:2] + b"\xff\xfe\xff\xffxxx" * 9999 + jpeg[2:])
    yield Made("jpeg: no picture", "none.jpg", b"\xff\xd8\xff\xd9", ends("broken_file"))


def _tiffs() -> Iterator[Made]:
    for endless in (0, 8):
        yield Made("tiff: pages in a ring", "ring.tiff", _tiff(_entries(9, 9), then=endless))
    for width, height in ((2**32 - 1, 2**32 - 1), (50_000, 50_000), (0, 9)):
        yield Made(f"tiff: {width} by {height}", "huge.tiff", _tiff(_entries(width, height)))
    odd = [*_entries(9, 9), (273, 4, 2**31 - 1, 8), (279, 4, 2**31 - 1, 8)]
    yield Made("tiff: two thousand million strips", "strips.tiff", _tiff(odd))
    yield Made("tiff: 2,500 pages", "pages.tiff", _pages(2500), ends("too_large_to_parse"))
    blank = Image.new("L", (9000, 9000))
    yield Made(
        "tiff: 81 million points",
        "blank.tiff",
        scans.saved(blank, "TIFF", compression="tiff_deflate"),
    )
    big = b"II+\0" + struct.pack("<HHQQ", 8, 0, 16, 2**63)
    yield Made("tiff: addresses of 64 bits", "wide.tiff", big)


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + check


def _entries(width: int, height: int) -> list[tuple[int, int, int, int]]:
    return [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (262, 3, 1, 1)]


def _tiff(entries: list[tuple[int, int, int, int]], then: int = 0) -> bytes:
    """Return a TIFF with one directory, after which the one at `then` comes."""
    content = b"II*\0" + struct.pack("<IH", 8, len(entries))
    content += b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return content + struct.pack("<I", then) + bytes(200)


def _pages(count: int) -> bytes:
    """Return a TIFF with so many pages, each of nine points by nine."""
    entries = [*_entries(9, 9), (273, 4, 1, 8), (278, 4, 1, 9), (279, 4, 1, 81)]
    first, size = 100, 6 + 12 * len(entries)
    page = struct.pack("<H", len(entries))
    page += b"".join(struct.pack("<HHII", *entry) for entry in entries)
    nexts = [first + (n + 1) * size for n in range(count - 1)] + [0]
    head = b"II*\0" + struct.pack("<I", first) + bytes(first - 8)
    return head + b"".join(page + struct.pack("<I", then) for then in nexts)
