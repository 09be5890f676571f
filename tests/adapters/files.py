"""Small real files, made for the tests of parsing."""

import base64
import io
import zipfile
import zlib
from pathlib import Path
from xml.sax.saxutils import escape

import assistant.local

HANDBOOK = Path(assistant.local.__file__).with_name("handbook.pdf")
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
GIF = b"GIF89a" + bytes(64)
NAMESPACE = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
# A blank page, encrypted by pikepdf with the user password 'u'.
ENCRYPTED_PDF = zlib.decompress(
    base64.b64decode(
        "eNqFUruO00AUFRKVP2Dr26SgWDwvjz0osgR5IASrRMnuNqstJjPjbCBrR84E7VIiIRq+gJIG8Q/ANjR8wX4CJQ0SHe"
        "LaeaIU2LJmfOaee869cxv9dveQ3pdB4+b3hz8BBQLF6HnQbELY12M3B4bIAMLj65mDsKW9nhZjSNPA5bYKZDuEVrHI"
        "PVAIn07sHM6A19TzNXmZb0vl/1Bz73I/B7GUO3J2oh8VV5iF4MvI8juvspQYuLY1cPNiURrMi1nSdFdqR0nsKD1z+d"
        "hfAGcQdidT70pcp9q7tjOFrUlzXzp9Gdwef3v78fv83o/04Pbg9aefnTfvW/bX3c93Xtx8fff4y4Mq+Sp0JRPtFtSt"
        "HIVDb1e7hwt/0XlZWQ/bhenNXF4FHeFBZ3jKNr6orMqoKlm7G3qdW13abQhLIOxBk2mWEU2VIlQxIwmlIuZkZI3lKu"
        "NxwhIdcZMozQWxFs9MEjGlrIlYlDhqUKPXgSYufTikpMo6wP6j4GV37RyXcvtzAk2pOVOxFjKLLOfUST2imiTOMCII"
        "jQUhjAoh0dRIOYGWSEy1sIoSoRJhKKqdLEVPUWt7RVelywICMiCbB2QU8Qgy2GAUO1yf5FtMij2MMr6HMab2MI5DsM"
        "F8qSdT7Hd1V4OiqOa4nrDh5JUDCeGTNpw1idZSJDzjCqtzxDBJhMu4VrHJYryO9P8ROMKd3JTXMw9RrVBPnC593QHk"
        "Bo1Gp9cN/gL8fPqD"
    )
)


def pdf(*pages: str) -> bytes:
    """Return a PDF whose pages show these lines of Latin text."""
    kids = " ".join(f"{4 + 2 * i} 0 R" for i in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for i, page in enumerate(pages):
        shown = " ".join(f"({line}) Tj T*" for line in page.split("\n") if line)
        stream = f"BT /F1 11 Tf 14 TL 60 780 Td {shown} ET"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 900 842] /Contents {5 + 2 * i} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>"
        )
        objects.append(_stream(stream))
    return _whole(objects)


def slow_pdf() -> bytes:
    """Return a small PDF that takes more time than there is: a drawing of drawings of drawings."""
    drawings = ["/F Do " * 100, "/F Do " * 100, "q Q " * 30_000]
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R "
        "/Resources << /XObject << /F 5 0 R >> >> >>",
        _stream("/F Do " * 100),
    ]
    for number, drawing in enumerate(drawings, start=6):
        within = f"/Resources << /XObject << /F {number} 0 R >> >>" if "F" in drawing else ""
        form = f"/Type /XObject /Subtype /Form /BBox [0 0 9 9] {within}"
        objects.append(_stream(drawing, form))
    return _whole(objects)


def _stream(content: str, entries: str = "") -> str:
    return f"<< {entries} /Length {len(content)} >>\nstream\n{content}\nendstream"


def _whole(objects: list[str]) -> bytes:
    content, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(content))
        content += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    trailer = f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R >>"
    return content + f"{trailer}\nstartxref\n{len(content)}\n%%EOF\n".encode()


def docx(body: str, prologue: str = "", extra: dict[str, bytes] | None = None) -> bytes:
    """Return a Word document with this XML as its body."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        xml = f'{prologue}<w:document xmlns:w="{NAMESPACE}"><w:body>{body}</w:body></w:document>'
        parts = {"[Content_Types].xml": "<Types/>", "word/document.xml": xml, **(extra or {})}
        for name, content in parts.items():
            # Without a date the same document is the same at any time.
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def paragraph(text: str) -> str:
    """Return a paragraph in Word's XML."""
    return f"<w:p><w:r><w:t>{escape(text)}</w:t></w:r></w:p>"
