"""Files that can be read, which mutations begin with."""

import json
from pathlib import Path

from assistant.adapters.documents.media import MEDIA_TYPES
from tests.adapters import files, office_files, pdfs, scans, word_files

INPUTS = Path("tests/inputs")
# Larger ones would make the fuzz slow and find nothing more.
MAX_BYTES = 300_000
WORDS = "The lamp of the old harbour burns seal oil, and its keeper writes the log at dawn."
RTF = (
    r"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}{\b " + WORDS + r"}\par"
    r"\trowd\cellx900\cellx1800\intbl one\cell two\cell\row {\footnote A note.} \u8212? end\par}"
)
MAIL = f"""From: Ada <ada@quay.example>
To: bo@quay.example
Subject: =?utf-8?B?SsO8cmdlbg==?= and the fees
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="edge"

--edge
Content-Type: text/plain; charset=utf-8

{WORDS}
--edge
Content-Type: text/csv
Content-Disposition: attachment; filename="fees.csv"
Content-Transfer-Encoding: base64

aGFyYm91cixmZWUKZWFzdCwxMgp3ZXN0LDE0Cg==
--edge--
"""
HTML = (
    f"<!doctype html><title>Fees</title><h1>Fees</h1><p>{WORDS}<ul><li>one<li>two</ul>"
    "<table><tr><th>harbour<th>fee<tr><td rowspan=2>east<td>12<tr><td>14</table>"
    "<math><msup><mi>x</mi><mn>2</mn></msup></math><pre><code>a = 1</code></pre>"
)
ROWS = "harbour{0}fee\n" + "".join(f"quay {n}{{0}}{n * 7}\n" for n in range(40))
CHAPTER = f"<html><body><h1>One</h1><p>{WORDS}</p></body></html>"


def seeds(samples: Path | None) -> dict[str, list[bytes]]:
    """Return readable files by their extension; those of a folder beside what tests make."""
    found = {name: [content] for name, content in _made().items()}
    for folder in filter(None, (INPUTS, samples)):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix in MEDIA_TYPES and path.stat().st_size <= MAX_BYTES:
                found.setdefault(path.suffix, []).append(path.read_bytes())
    found[".pdf"] += [files.HANDBOOK.read_bytes(), pdfs.OWNED]
    return found


def _made() -> dict[str, bytes]:
    picture = scans.drawn("Seal oil burns.", size=24)
    table = '<table:table table:name="Fees"><table:table-row><table:table-cell><text:p>12</text:p>'
    table += "</table:table-cell></table:table-row></table:table>"
    cells = "".join(f"<w:tc>{files.paragraph(word)}</w:tc>" for word in ("east", "12"))
    word = files.paragraph(WORDS) + f"<w:tbl><w:tr>{cells}</w:tr></w:tbl>"
    return {
        ".pdf": pdfs.build(
            pdfs.lines(60, 780, f"{WORDS}\n" * 12) + pdfs.ruled([60, 200, 400], [300, 330, 360]),
            pdfs.Page(pdfs.shown(60, 700, WORDS), annotations=[pdfs.widget("Tx", "9 9 90 30", "")]),
        ),
        ".docx": word_files.word(word, footnotes="<w:footnote/>", header1=files.paragraph("Top")),
        ".xlsx": office_files.workbook(
            {"Fees": office_files.sheet(office_files.rows(("east", 12), ("west", 14)))},
            formats=["0.00", "yyyy-mm-dd"],
        ),
        ".pptx": office_files.presentation(office_files.slide(office_files.shape(WORDS))),
        ".odt": word_files.odf("text", f"<text:h>Fees</text:h><text:p>{WORDS}</text:p>{table}"),
        ".ods": word_files.odf("spreadsheet", table),
        ".odp": word_files.odf("presentation", f"<draw:page><text:p>{WORDS}</text:p></draw:page>"),
        ".epub": office_files.book({"one.xhtml": CHAPTER, "two.xhtml": CHAPTER}),
        ".rtf": RTF.encode(),
        ".html": HTML.encode(),
        ".md": f"# Fees\n\n{WORDS}\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```\ncode\n```\n".encode(),
        ".txt": f"{WORDS}\n\n".encode() * 9,
        ".csv": ROWS.format(",").encode(),
        ".tsv": ROWS.format("\t").encode(),
        ".json": json.dumps({"fees": [{"quay": n, "fee": n * 7} for n in range(40)]}).encode(),
        ".jsonl": b"".join(b'{"quay": %d, "open": true}\n' % n for n in range(40)),
        ".eml": MAIL.encode(),
        ".png": scans.saved(picture),
        ".jpg": scans.saved(picture, "JPEG"),
        ".tiff": scans.saved(picture, "TIFF", save_all=True, append_images=[picture]),
    }
