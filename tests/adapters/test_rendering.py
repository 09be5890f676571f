"""Pages are drawn behind the parser's walls, whatever the file, and never too large."""

import base64
import struct
import time
import zlib
from pathlib import Path

import pytest

from assistant.adapters.documents.media import HTML, PDF
from assistant.adapters.documents.page_answers import read_pages
from assistant.adapters.documents.png import SIGNATURE
from assistant.adapters.documents.rendering import SubprocessArtist
from assistant.errors import PermanentError
from assistant.ports import WORD
from tests.adapters.pdfs import Page, build, shown


def kept(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "file"
    path.write_bytes(data)
    return path


def size(picture: bytes) -> tuple[int, int]:
    assert picture.startswith(SIGNATURE)
    width, height = struct.unpack(">II", picture[16:24])
    return width, height


def test_a_page_is_as_large_as_its_points_say(tmp_path: Path) -> None:
    path = kept(tmp_path, build(shown(60, 700, "One"), Page("", "/MediaBox [0 0 144 72]")))
    assert size(SubprocessArtist().draw(path, PDF, 1, 72)) == (595, 842)
    assert size(SubprocessArtist().draw(path, PDF, 2, 144)) == (288, 144)


@pytest.mark.parametrize("box", ["0 0 14400 14400", "0 0 14400 10"])
def test_a_large_page_has_a_bounded_picture(tmp_path: Path, box: str) -> None:
    path = kept(tmp_path, build(Page(shown(60, 700, "Map"), f"/MediaBox [{box}]")))
    width, height = size(SubprocessArtist().draw(path, PDF, 1, 192))
    assert width <= 10_000
    assert width * height < 8_100_000


@pytest.mark.parametrize(
    ("data", "media_type", "number"),
    [
        (build("One page"), PDF, 2),
        (b"%PDF-1.7 rubbish", PDF, 1),
        (b"", PDF, 1),
        (b"<p>No PDF</p>", HTML, 1),
    ],
)
def test_what_cannot_be_drawn_says_so(
    tmp_path: Path, data: bytes, media_type: str, number: int
) -> None:
    with pytest.raises(PermanentError, match=r"cannot be drawn|has no page"):
        SubprocessArtist().draw(kept(tmp_path, data), media_type, number, 72)


def test_what_takes_too_long_is_ended(tmp_path: Path) -> None:
    path = kept(tmp_path, build("0 0 m " + "500 700 l 20 30 l " * 100_000 + "S "))
    began = time.monotonic()
    with pytest.raises(PermanentError, match="too long"):
        SubprocessArtist(timeout=0.3).draw(path, PDF, 1, 192)
    assert time.monotonic() - began < 5


def packed(*words: tuple[float, ...]) -> str:
    data = b"".join(struct.pack("<2i4f", int(w[0]), int(w[1]), *w[2:]) for w in words)
    return base64.b64encode(zlib.compress(data)).decode()


GOOD = (0, 4, 1.0, 2.0, 3.0, 4.0)


def test_pages_of_an_answer_are_read() -> None:
    one, two = read_pages([[595, 842, packed(GOOD, (5, 9, 1, 2, 3, 4))], [1, 2, packed()]], 9)
    assert (one.width, one.height, one.confidence) == (595, 842, None)
    assert one.words.dtype == WORD
    assert one.words["end"].tolist() == [4, 9]
    assert len(two.words) == 0


@pytest.mark.parametrize(
    "answer",
    [
        [[595, 842, packed((0, 10, 1, 2, 3, 4))]],
        [[595, 842, packed((-1, 4, 1, 2, 3, 4))]],
        [[595, 842, packed((4, 4, 1, 2, 3, 4))]],
        [[595, 842, packed((0, 4, float("nan"), 2, 3, 4))]],
        [[595, 842, packed((0, 4, 1, 2, float("inf"), 4))]],
        [[595, 842, packed((0, 4, 3, 2, 1, 4))]],
        [[float("nan"), 842, packed(GOOD)]],
        [[595, 1e30, packed(GOOD)]],
        [[595, 842, packed(*[GOOD] * 10)]],
        [[595, 842, packed(*[GOOD] * 5)]] * 2,
        [[595, 842, base64.b64encode(zlib.compress(bytes(10**8))).decode()]],
        [[595, 842, "rubbish"]],
        [[595, 842, base64.b64encode(zlib.compress(b"12345")).decode()]],
        [[595, 842]],
        [["wide", 842, packed(GOOD)]],
        7,
    ],
)
def test_nonsense_of_a_parser_that_was_taken_over_is_refused(answer: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        read_pages(answer, 9)
