"""Recognising pages: what is read, where it stands, and what a hostile picture comes to."""

import io
import re
import time
import zlib
from collections import Counter
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from PIL import Image

from assistant.adapters.documents import media
from assistant.adapters.documents.media import JPEG, PDF, PNG, TIFF
from assistant.adapters.documents.parser import SubprocessParser
from assistant.adapters.ocr import languages
from assistant.adapters.ocr.engines import Engine, Tesseract, find_engine
from assistant.adapters.ocr.pictures import MAX_PIXELS, draw, read_grey
from assistant.adapters.ocr.recogniser import SandboxedRecogniser
from assistant.errors import PermanentError, UnsupportedDocument
from assistant.recognition import RecognisedPage
from tests.adapters import pdfs
from tests.adapters.scans import LINES, drawn, page, saved, with_text

TEXT = " ".join(LINES)


@pytest.fixture(scope="module", params=["tesseract", "rapidocr"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Return each engine that can be tried here; rapidocr is always one."""
    found = find_engine(request.param)
    if found is None and request.param == "tesseract":
        pytest.skip("tesseract is not installed: apt-get install tesseract-ocr")
    assert found is not None
    return found


def recognise(
    engine: Engine, folder: Path, data: bytes, media_type: str = PNG, number: int = 1
) -> RecognisedPage:
    path = folder / "stored"
    path.write_bytes(data)
    return SandboxedRecogniser(engine, 60).start(path, media_type, number).result()


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text))


def missed(found: RecognisedPage, text: str = TEXT) -> Counter[str]:
    """Return the words that were not read."""
    return words(text) - words(found.text)


def test_words_are_read_with_their_places(engine: Engine, tmp_path: Path) -> None:
    picture = drawn()
    found = recognise(engine, tmp_path, pdfs.build(page(picture)), PDF)
    assert not missed(found)
    assert found.confidence > 0.8
    assert (found.width, found.height) == pytest.approx(
        [side * 72 / 200 for side in picture.size], abs=0.1
    )
    box = {found.text[word["start"] : word["end"]]: word for word in found.words}
    assert 10 < box["The"]["left"] < 18
    assert box["The"]["left"] < box["lighthouse"]["left"] < box["keeper"]["left"]
    assert box["The"]["bottom"] < box["Ships"]["top"] < box["foghorn"]["top"] < found.height


def test_lines_of_a_paragraph_are_joined(engine: Engine, tmp_path: Path) -> None:
    found = recognise(engine, tmp_path, pdfs.build(page(drawn())), PDF)
    assert "are counted twice, and" in found.text


def test_a_sideways_photograph_is_turned_as_its_camera_says(engine: Engine, tmp_path: Path) -> None:
    turned = drawn().transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6
    found = recognise(engine, tmp_path, saved(turned, "JPEG", exif=exif, dpi=(200, 200)), JPEG)
    assert not missed(found)
    assert found.width > found.height


def test_each_page_of_a_tiff_is_a_page(engine: Engine, tmp_path: Path) -> None:
    other = drawn("The second page has other words.").convert("1")
    data = saved(drawn(), "TIFF", save_all=True, append_images=[other], compression="tiff_lzw")
    assert not missed(recognise(engine, tmp_path, data, TIFF, 2), "The second page has other words")


def test_nothing_is_read_on_empty_paper(engine: Engine, tmp_path: Path) -> None:
    found = recognise(engine, tmp_path, saved(Image.new("L", (600, 400), 255)))
    assert (found.text, len(found.words), found.confidence) == ("", 0, 0.0)


CHINESE = Path(__file__).parent.parent / "inputs" / "scan-chinese.png"
CHINESE_TEXT = "灯塔管理员每天清晨写日志。星期四雾号会响两次，船长们把经过北方暗礁的船只数一遍。"  # noqa: RUF001


def test_chinese_is_read(engine: Engine, tmp_path: Path) -> None:
    if isinstance(engine, Tesseract) and "chi_sim" not in engine.languages:
        pytest.skip("no Chinese is installed: apt-get install tesseract-ocr-chi-sim")
    found = recognise(engine, tmp_path, CHINESE.read_bytes())
    wanted = Counter(filter(str.isalnum, CHINESE_TEXT))
    assert (wanted & Counter(found.text)).total() >= 0.97 * wanted.total()
    # Nobody writes spaces between these words.
    assert "管理员每天" in found.text


def grey(picture: Image.Image, form: str = "PNG", **options: object) -> Image.Image:
    """Return what is recognised of a file with this picture."""
    read = read_grey(io.BytesIO(saved(picture, form, **options)), 0)
    return Image.frombytes("L", (read.columns, read.rows), read.pixels)


@pytest.mark.parametrize(
    ("picture", "form", "dark", "light"),
    [
        (Image.new("L", (40, 40), 255), "PNG", None, 255),
        # What can be seen through is on white paper, also black ink.
        (Image.new("RGBA", (40, 40), (0, 0, 0, 0)), "PNG", None, 255),
        (Image.new("LA", (40, 40), (0, 0)), "PNG", None, 255),
        (Image.new("CMYK", (40, 40), (0, 0, 0, 0)), "JPEG", None, 255),
        (Image.new("CMYK", (40, 40), (0, 0, 0, 255)), "JPEG", None, 0),
        (Image.new("I;16", (40, 40), 65535), "PNG", None, 255),
        (Image.new("I;16", (40, 40), 32768), "PNG", None, 127),
        (Image.new("F", (40, 40), 1.0), "TIFF", None, 255),
        (Image.new("1", (40, 40), 1), "TIFF", None, 255),
        (Image.new("P", (40, 40), 0), "PNG", None, 0),
    ],
)
def test_any_kind_of_pixel_becomes_grey(
    picture: Image.Image, form: str, dark: None, light: int
) -> None:
    low, high = grey(picture, form).getextrema()
    assert low == pytest.approx(light, abs=2)
    assert high == pytest.approx(light, abs=2)


def test_of_an_animation_the_first_picture_is_the_page() -> None:
    white, black = (Image.new("L", (40, 40), shade) for shade in (255, 0))
    assert grey(white, save_all=True, append_images=[black]).getextrema() == (255, 255)


def test_a_photograph_is_shown_upright_and_in_its_colours() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    photograph = saved(Image.new("RGB", (400, 200), "red"), "JPEG", exif=exif, dpi=(100, 100))
    shown = Image.open(io.BytesIO(draw(io.BytesIO(photograph), 0, 144, 8_000_000)))
    assert (shown.format, shown.size) == ("PNG", (288, 576))
    assert shown.getpixel((100, 100)) == pytest.approx((254, 0, 0), abs=3)


def png_of(columns: int, rows: int) -> bytes:
    """Return the beginning of a picture that says it is so large."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)

    size = columns.to_bytes(4) + rows.to_bytes(4) + bytes([8, 0, 0, 0, 0])
    data = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "media_type", "code"),
    [
        (png_of(MAX_PIXELS // 1000, 1001), PNG, "too_large_to_parse"),
        (png_of(2**31 - 1, 2**31 - 1), PNG, "too_large_to_parse"),
        (saved(drawn(), "JPEG")[:3000], JPEG, "broken_file"),
        (saved(drawn())[:3000], PNG, "broken_file"),
        (b"\xff\xd8\xff rubbish", JPEG, "broken_file"),
        (b"II*\0rubbish", TIFF, "broken_file"),
        (pdfs.build("").replace(b"/Type /Page ", b"/Type /Rage "), PDF, "broken_file"),
    ],
)
def test_bombs_and_damage_end_a_page_with_the_reason(
    tmp_path: Path, data: bytes, media_type: str, code: str
) -> None:
    engine = find_engine("auto")
    assert engine is not None
    with pytest.raises(PermanentError) as caught:
        recognise(engine, tmp_path, data, media_type)
    assert caught.value.code == code
    assert caught.value.detail.endswith(".")


def test_a_huge_sheet_is_rendered_in_bounds(tmp_path: Path) -> None:
    engine = find_engine("auto")
    assert engine is not None
    sheet = pdfs.build(pdfs.Page(pdfs.lines(400, 7000, "Sheet", 900), "/MediaBox [0 0 9000 9000]"))
    assert "heet" in recognise(engine, tmp_path, sheet, PDF).text


def children() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


def test_an_aborted_page_leaves_nothing_behind(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "stored"
    path.write_bytes(saved(drawn(*LINES * 12)))
    before = children()
    work = SandboxedRecogniser(engine, 60).start(path, PNG, 1)
    with ThreadPoolExecutor(1) as pool:
        result = pool.submit(work.result)
        while not (started := [child for child in children() if child not in before]):
            assert not result.done()
        asked_at = time.monotonic()
        work.abort()
        with pytest.raises(CancelledError):
            result.result(10)
    assert time.monotonic() - asked_at < 3
    assert not any(child.is_running() for child in started)


def test_a_page_has_a_limit_of_work(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "stored"
    path.write_bytes(saved(drawn(*LINES * 20)))
    with pytest.raises(PermanentError) as caught:
        SandboxedRecogniser(engine, 0.5).start(path, PNG, 1).result()
    assert caught.value.code == "ocr_timeout"


@pytest.mark.parametrize(
    ("data", "name", "media_type"),
    [
        (saved(drawn()), "photo.txt", PNG),
        (saved(drawn(), "JPEG"), "photo.png", JPEG),
        (saved(drawn(), "TIFF"), "photo", TIFF),
    ],
)
def test_pictures_are_told_by_their_content(
    tmp_path: Path, data: bytes, name: str, media_type: str
) -> None:
    path = tmp_path / "stored"
    path.write_bytes(data)
    assert media.detect(name, path) == media_type


def test_what_moves_is_no_document(tmp_path: Path) -> None:
    path = tmp_path / "stored"
    path.write_bytes(saved(drawn(), "GIF"))
    with pytest.raises(UnsupportedDocument):
        media.detect("film.png", path)


@pytest.mark.parametrize(
    ("pages", "scans"),
    [
        ([page(drawn())], [1]),
        ([pdfs.lines(50, 700, "Plain text")], []),
        ([""], []),
        # A stamp or a number on a scan is not its text.
        ([with_text(drawn(), "Page 7")], [1]),
        # A scan that somebody has recognised before has its text.
        ([with_text(drawn(), "word " * 40)], []),
        ([pdfs.lines(50, 700, "Plain text"), page(drawn()), page(drawn())], [2, 3]),
        # Letters that were turned into drawings.
        (["0 0 m 9 9 l S " * 100], [1]),
    ],
)
def test_pages_without_a_usable_text_layer_are_told(
    tmp_path: Path, pages: list[str | pdfs.Page], scans: list[int]
) -> None:
    path = tmp_path / "stored"
    path.write_bytes(pdfs.build(*pages))
    if pages == [""]:
        with pytest.raises(PermanentError, match="no text"):
            SubprocessParser().start(path, PDF).result()
        return
    parsed = SubprocessParser().start(path, PDF).result()
    assert list(parsed.scans) == scans
    assert len(parsed.page_starts) == len(parsed.pages) == len(pages)


def test_few_languages_are_tried_together_and_many_by_script() -> None:
    few = Tesseract("t", "d", ("chi_sim", "eng", "osd"))
    assert few.languages == ["eng", "chi_sim"]
    assert few.script_command(60) is None
    assert "eng+chi_sim" in few.command(60, 300, None)
    many = Tesseract("t", "d", ("chi_sim", "deu", "eng", "fra", "jpn", "osd", "rus"))
    assert many.script_command(60) is not None
    assert "rus+eng" in many.command(60, 300, "Cyrillic")
    assert "chi_sim+jpn+eng" in many.command(60, 300, "Han")
    assert "eng+deu+fra" in many.command(60, 300, "Latin")
    wanted = Tesseract("t", "d", many.installed, ("deu", "xyz"))
    assert wanted.languages == ["deu"]
    assert languages.for_script(["eng"], "Thai") == ["eng"]
