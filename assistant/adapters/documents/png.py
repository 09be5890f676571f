"""Pictures as PNG, which takes no library."""

import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
RGB, DEPTH = 2, 8
# Higher levels take much longer and save little.
COMPRESSION = 3


def png(width: int, height: int, stride: int, dots: memoryview | bytes) -> bytes:
    """Return a picture of red, green and blue bytes, in rows of `stride` bytes, as PNG."""
    # Each row begins with the number of its filter; without one, text takes the least space.
    rows = b"".join(
        b"\0" + bytes(dots[start : start + 3 * width])
        for start in range(0, height * stride, stride)
    )
    header = struct.pack(">IIBBBBB", width, height, DEPTH, RGB, 0, 0, 0)
    body = zlib.compress(rows, COMPRESSION)
    return SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)
