"""PDF files that go round in circles, or in which little says a lot."""

import zlib
from collections.abc import Iterator

from benchmarks.fuzz.made import Made, ends
from tests.adapters import files, pdfs

CATALOG = "<< /Type /Catalog /Pages 2 0 R >>"
PAGES = "<< /Type /Pages /Count 1 /Kids [3 0 R] >>"
PAGE = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R {} >>"
FONT = "/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica {} >> >> >>"
SHOWN = "BT /F1 12 Tf 60 700 Td (The lamp of the old harbour burns seal oil.) Tj ET"
BOMB = zlib.compress(b"0 0 m " * 30_000_000, 9)


def documents() -> Iterator[Made]:
    """Yield one of each kind."""
    yield Made("pdf: drawings of drawings", "slow.pdf", files.slow_pdf())
    yield Made("pdf: encrypted", "locked.pdf", files.ENCRYPTED_PDF, ends("encrypted_file"))
    for name, objects in _objects().items():
        yield Made(f"pdf: {name}", "hostile.pdf", written(objects))
    whole = pdfs.build(SHOWN)
    end = whole.index(b"trailer")
    for name, trailer in {
        "tables in a ring": b"trailer << /Size 9 /Root 1 0 R /Prev %d >>" % whole.index(b"xref"),
        "a root that is none": b"trailer << /Size 9 /Root 99 0 R >>",
        "a size without end": b"trailer << /Size 2147483647 /Root 1 0 R >>",
        "a lock that is none": b"trailer << /Size 9 /Root 1 0 R /Encrypt << /Filter /Other >> >>",
    }.items():
        start = b"\nstartxref\n%d\n%%%%EOF\n" % whole.index(b"xref")
        yield Made(f"pdf: {name}", "trailer.pdf", whole[:end] + trailer + start)
    yield Made("pdf: changed 3,000 times", "changes.pdf", whole + whole[end:] * 3000)
    yield Made("pdf: a head alone", "head.pdf", b"%PDF-1.7\n", ends("broken_file"))
    yield Made("pdf: heads", "heads.pdf", b"%PDF-1.7\n" * 90_000)
    for depth in ("[", "<<", "<< /A ", "("):
        yield Made(f"pdf: deep {depth}", "deep.pdf", _deep(depth))


def written(objects: list[str | bytes]) -> bytes:
    """Return a PDF of these objects."""
    content, offsets = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(content))
        raw = body.encode("latin-1") if isinstance(body, str) else body
        content += b"%d 0 obj\n" % number + raw + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    tail = b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\n" % (
        *(size, table, size),
    )
    return content + tail + b"startxref\n%d\n%%%%EOF\n" % len(content)


def stream(content: bytes, entries: str = "") -> bytes:
    """Return a stream object."""
    head = f"<< {entries} /Length {len(content)} >>\nstream\n".encode()
    return head + content + b"\nendstream"


def _one(
    content: str | bytes, entries: str = "", page: str = "", *more: str | bytes
) -> list[str | bytes]:
    """Return the objects of a PDF with one page that shows this."""
    raw = content.encode("latin-1") if isinstance(content, str) else content
    return [CATALOG, PAGES, PAGE.format(page or FONT.format("")), stream(raw, entries), *more]


def _objects() -> dict[str, list[str | bytes]]:
    ring = "/Resources << /XObject << /F 5 0 R >> >>"
    form = stream(b"/F Do /F Do", f"/Type /XObject /Subtype /Form /BBox [0 0 9 9] {ring}")
    image = "BI /W {0} /H {0} /CS /G /BPC 8 ID x EI " + SHOWN
    kids = "<< /Type /Pages /Count {} /Kids [{}] >>"
    picture = "/Type /XObject /Subtype /Image /Width {0} /Height {0} /BitsPerComponent 8 "
    picture += "/ColorSpace /DeviceGray /Filter /{1}"
    shown = "q 600 0 0 800 0 0 cm /F Do Q"
    return {
        "pages in a ring": [CATALOG, kids.format(9, "2 0 R 2 0 R")],
        "pages without end": [CATALOG, kids.format(2**31 - 1, "3 0 R"), PAGE.format("")],
        "one page 50,000 times": [
            CATALOG,
            kids.format(50_000, "3 0 R " * 50_000),
            *_one(SHOWN)[2:],
        ],
        "a drawing of itself": _one("/F Do", "", ring, form),
        "a letter of letters": _one(SHOWN, "", FONT.format("/Encoding 5 0 R"), "5 0 R"),
        "inflated 200 million": _one(BOMB, "/Filter /FlateDecode"),
        "inflated three times": _one(
            zlib.compress(zlib.compress(zlib.compress(b" " * 10**8))),
            "/Filter [/FlateDecode /FlateDecode /FlateDecode]",
        ),
        "a wide predictor": _one(
            zlib.compress(b"x" * 999),
            f"/Filter /FlateDecode /DecodeParms << /Predictor 12 /Columns {2**31 - 1} >>",
        ),
        "a length without end": _one(SHOWN, "/Length 2147483647 /Length 5 0 R", "", "5 0 R"),
        "an enormous page": _one(SHOWN, "", "/MediaBox [0 0 1e30 1e30] " + FONT.format("")),
        "a page of nothing": _one(SHOWN, "", "/MediaBox [0 0 0 0] " + FONT.format("")),
        "a page that is turned": _one(SHOWN, "", "/Rotate 37 /UserUnit 1e9 " + FONT.format("")),
        "enormous letters": _one(SHOWN.replace("12 Tf", "1e30 Tf")),
        "letters of nothing": _one(SHOWN.replace("12 Tf", "0 Tf 0 0 0 0 0 0 Tm")),
        "a picture within": _one(image.format(2**31 - 1)),
        "5,000 lines of words": _one(SHOWN * 5000),
        "a million lines": _one("0 0 m 9 9 l S " * 1_000_000),
        "saved for ever": _one("q " * 2_000_000 + SHOWN),
        "an enormous picture": _one(
            shown, "", ring, stream(b"x", picture.format(2**31 - 1, "DCTDecode"))
        ),
        "noise of JBIG2": _one(
            shown, "", ring, stream(bytes(range(256)), picture.format(900, "JBIG2Decode"))
        ),
        "noise of JPEG 2000": _one(
            shown, "", ring, stream(bytes(range(256)), picture.format(900, "JPXDecode"))
        ),
        "a code that is long": _one(
            *(SHOWN, "", FONT.format("/ToUnicode 5 0 R")),
            stream(b"1 beginbfrange <0000> <FFFF> <0041> endbfrange " * 9999),
        ),
        "20,000 notes": _one(
            SHOWN,
            "",
            FONT.format("") + " /Annots [" + "5 0 R " * 20_000 + "]",
            "<< /Type /Annot /Subtype /Text /Rect [0 0 9 9] /Contents (note) /Parent 5 0 R >>",
        ),
        "a field of itself": [
            "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [5 0 R] >> >>",
            *_one(SHOWN, "", FONT.format("") + " /Annots [5 0 R]")[1:],
            "<< /Type /Annot /Subtype /Widget /Rect [0 0 9 9] /Parent 5 0 R /Kids [5 0 R] >>",
        ],
        "names in a ring": [
            "<< /Type /Catalog /Pages 2 0 R /Outlines 5 0 R /Names 5 0 R >>",
            *_one(SHOWN)[1:],
            "<< /First 5 0 R /Next 5 0 R /Kids [5 0 R] /Title (a) /Parent 5 0 R >>",
        ],
    }


def _deep(opened: str) -> bytes:
    return written([CATALOG, PAGES, PAGE.format(f"/A {opened * 500_000}"), stream(SHOWN.encode())])
