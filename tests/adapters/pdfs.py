"""PDF files made for the tests of reading them: text, lines and annotations at chosen places."""

import base64
import zlib
from dataclasses import dataclass, field

RESOURCES = "/Resources << /Font << /F1 3 0 R /F2 4 0 R /F3 5 0 R >> >>"
CHINESE = (
    "<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H "
    "/DescendantFonts [6 0 R] >>",
    "<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /DW 1000 "
    "/CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 0 >> >>",
)
FONT = "<< /Type /Font /Subtype /Type1 /BaseFont /{} /Encoding /WinAnsiEncoding >>"

# One line of text, encrypted by pikepdf with AES-256 and the owner password 'o'; the user's is
# empty, and copying is forbidden.
OWNED = zlib.decompress(
    base64.b64decode(
        "eNqlVDtoJVUYRhCLWyirCDayBzTYGGfO+xzMRpO9uai74YbEjcoS8Dz+kx25mQlzJyERBW1XEMHGBzZipVaxsLBYEJ"
        "ZlF7SzsxEsLOyVLVz/meTmXohgsTMDc87//P7n3Fp/ME+f0725G399+U+PkpxU/q3ewgLJVg4aKMdFVY5Je13qL690"
        "h2U3hk2oWw7JUHVG8jLsw4gYsrjYftma24YxYWhznWSvHu4CyS66xo2qbWT3oIytKzbj8mK1VzaEkuxSEcfkKuGd6t"
        "ZE+djeVJXPqC6VZdW0OlutmRIB4U0cu16FWLjl6gC5Ob7SSmIEayXXXI2CE4jrMK726gDHAQ/QyvGBEnksMGBEdaeT"
        "AKewZlCJGVSXodxurhGrULcYNVDjf+Qa6EOoYqc0bmpwO73+0eq3f3zxyiNvPPjijeKB3z88/PvRr796YXj30zvf/7"
        "b60Pv7B9fffeqZ927Of/bBkF5/4ukns3PnD27dPLr0cP/zd+58c3f8/K2F1R/+9I//eu6jH9Pt82/eG+QXvjv65JeP"
        "X7+9+djPz/7UgjtxdQJTzsBsS9qFm70Eo31oiuCwqiViLMptkr1WlEtY3ylhY883XehtAugkD52FaR7UfzrAEtdFm4"
        "f7Na9n+2bQFWqjiSenpb3m2sp+W9qsX4XhLpSt0CoyVjY2+WldOJtUclKdjcaV0dXxVIRJrN2QLFgluDNaQsq9hwSK"
        "e2nzYBi1LOaJRQqOm6B0okkFJgSjAqQMhgaltOUWBGjqrPYhCctp1IKFkGvrVC6oA8QwxPlKKKq4TVKA0Z6roAUkai"
        "QLKkZqkwnCaUkT9Z7ayKwWKskITFFDNbWqnToyT3Mh8AD1DrYyswrvMnoajRaUxuSUiblXGJqn3qDKOrY1hr4zmOQQ"
        "f/X0cgVxGU1jSDpG5jmTORea585TlYJVIWjttdMh0JTAmGBzo6xV3lKaZAoRJEjhgNFIFc+TD0j3mEgtEUBULk8I4g"
        "qG74IPniaDKbRAMdPWOOBBcg/cpaSiF8bnRjOEIgL3rRWQ6Em1iRERzWzisE675KCG1MuJ6eWnD1FSckkSOaVRnIWO"
        "U57SKM/P0ow9Q+P8LE3m6gxN5fwszZopraldMcIObLt3varaLditnI3ibcCNmr3cJ1cXHNMJuwGotCF3JioQFFsvOQ"
        "4hiCQW/19iq5u8+nC3IfpkleEOcnXTZYoyYXpzcyvDQe9fZfzCMw=="
    )
)


@dataclass
class Page:
    """What a page shows; `entries` go into its dictionary, and annotations are dictionaries."""

    content: str
    entries: str = "/MediaBox [0 0 595 842]"
    annotations: list[str] = field(default_factory=list)


def shown(x: float, y: float, text: str, size: float = 11, turn: str = "1 0 0 1") -> str:
    """Return the drawing of a text whose first letter stands at this place."""
    escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return f"BT /F1 {size} Tf {turn} {x} {y} Tm ({escaped}) Tj ET "


def lines(x: float, y: float, text: str, size: float = 11, pitch: float = 14) -> str:
    """Return the drawing of lines below each other."""
    return "".join(shown(x, y - i * pitch, line, size) for i, line in enumerate(text.split("\n")))


def chinese(x: float, y: float, text: str, size: float = 11) -> str:
    """Return the drawing of lines of Chinese."""
    return "".join(
        f"BT /F3 {size} Tf {x} {y - 16 * i} Td <{line.encode('utf-16-be').hex()}> Tj ET "
        for i, line in enumerate(text.split("\n"))
    )


def ruled(columns: list[float], rows: list[float]) -> str:
    """Return the drawing of a net of lines."""
    level = "".join(f"{columns[0]} {y} m {columns[-1]} {y} l S " for y in rows)
    return level + "".join(f"{x} {rows[0]} m {x} {rows[-1]} l S " for x in columns)


def widget(kind: str, box: str, entries: str) -> str:
    """Return a field of a form."""
    return f"<< /Type /Annot /Subtype /Widget /FT /{kind} /Rect [{box}] {entries} >>"


def build(*pages: str | Page, appearances: tuple[str, ...] = ()) -> bytes:
    """Return a PDF with these pages.

    Appearances become form objects, which annotations name from `10 0 R` on.
    """
    whole = [page if isinstance(page, Page) else Page(page) for page in pages]
    first = 10 + len(appearances)
    bodies = dict(
        enumerate((_stream(text, f"/BBox [0 0 300 60] {RESOURCES}") for text in appearances), 10)
    )
    kids, fields = [], []
    for page in whole:
        number = first
        first += 2 + len(page.annotations)
        marks = [f"{number + 2 + i} 0 R" for i in range(len(page.annotations))]
        bodies[number] = (
            f"<< /Type /Page /Parent 2 0 R /Contents {number + 1} 0 R {RESOURCES} "
            f"/Annots [{' '.join(marks)}] {page.entries} >>"
        )
        bodies[number + 1] = _stream(page.content)
        bodies |= dict(enumerate(page.annotations, number + 2))
        kids.append(f"{number} 0 R")
        fields += [
            mark for mark, body in zip(marks, page.annotations, strict=True) if "/Widget" in body
        ]
    form = f"/AcroForm << /Fields [{' '.join(fields)}] /NeedAppearances true >>" if fields else ""
    bodies |= {
        1: f"<< /Type /Catalog /Pages 2 0 R {form} >>",
        2: f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(kids)}] >>",
        3: FONT.format("Helvetica"),
        4: FONT.format("Courier"),
        5: CHINESE[0],
        6: CHINESE[1],
    }
    return _file(bodies)


def _stream(content: str, entries: str = "") -> str:
    kind = f"/Type /XObject /Subtype /Form {entries}" if entries else ""
    return f"<< {kind} /Length {len(content)} >>\nstream\n{content}\nendstream"


def _file(bodies: dict[int, str]) -> bytes:
    content = b"%PDF-1.7\n"
    table = "0000000000 65535 f \n"
    size = max(bodies) + 1
    for number in range(1, size):
        table += f"{len(content):010} 00000 n \n" if number in bodies else "0000000000 00001 f \n"
        if number in bodies:
            body = bodies[number].encode("cp1252")
            content += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    trailer = f"xref\n0 {size}\n{table}trailer\n<< /Size {size} /Root 1 0 R >>\n"
    return content + f"{trailer}startxref\n{len(content)}\n%%EOF\n".encode()
