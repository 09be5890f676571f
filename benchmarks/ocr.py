"""How much of a page is read when it is a scan: words, or characters where text is Chinese.

`SCANS=FOLDER python -m benchmarks.ocr [PAGES]`: takes pages of the PDF files of a folder, spread
over each file, makes scans of them at 200 dots per inch, lets each engine that is installed read
those, and compares with the text layer. Without the folder it says so and leaves; with less than
0.97 of what is in Latin letters or Chinese it leaves with an error.
"""

import io
import os
import platform
import re
import resource
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pypdfium2
from PIL import Image

from assistant.adapters.documents import pdf
from assistant.adapters.documents.media import PDF
from assistant.adapters.ocr.engines import Engine, find_engine
from assistant.adapters.ocr.recogniser import SandboxedRecogniser
from benchmarks.accept import cpu_name

DOTS = 200
PAGES = 3
LEAST = 0.97
# Pages with fewer words than this say little.
FEW = 80
SECONDS = 120.0
HAN, KANA = re.compile("[\u3400-\u9fff]"), re.compile("[\u3040-\u30ff\uac00-\ud7af]")
PLAIN = re.compile("[^\u0000-\u024f\u2000-\u2bff\ufb00-\ufb06]")


@dataclass
class Reading:
    """What an engine has read of the scans of a file."""

    script: str
    wanted: int = 0
    found: int = 0
    pages: int = 0
    seconds: float = 0.0
    missed: Counter[str] = field(default_factory=Counter)

    @property
    def share(self) -> float:
        """Return how much was read."""
        return self.found / max(self.wanted, 1)


def script_of(text: str) -> str:
    """Return how a text is compared: as Chinese, as words that Latin letters make, or as others."""
    letters = sum(map(str.isalpha, text))
    if not letters or KANA.search(text):
        return "other"
    if len(HAN.findall(text)) > letters / 10:
        return "Chinese"
    return "other" if len(PLAIN.findall(text)) > letters / 50 else "Latin"


def units(text: str, script: str) -> Counter[str]:
    """Return what is counted of a text."""
    return Counter(filter(str.isalnum, text) if script == "Chinese" else re.findall(r"\w+", text))


def scans(path: Path, pages: int) -> Iterator[tuple[str, bytes]]:
    """Yield the text of pages of a file with scans of them."""
    text, starts, *_ = pdf.extract(path.read_bytes())
    document = pypdfium2.PdfDocument(path)
    texts = [text[a:b] for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]
    full = [i for i, said in enumerate(texts) if sum(units(said, script_of(said)).values()) > FEW]
    for i in full[:: max(1, len(full) // pages)][:pages]:
        drawn = document[i].render(scale=DOTS / 72, grayscale=True)
        size = (drawn.width, drawn.height)
        picture = Image.frombuffer("L", size, bytes(drawn.buffer), "raw", "L", drawn.stride, 1)
        file = io.BytesIO()
        picture.save(file, "PDF", resolution=DOTS, quality=90)
        yield texts[i], file.getvalue()


def read(engine: Engine, path: Path, pages: int) -> Reading:
    """Let an engine read scans of a file's pages."""
    reading = Reading("other")
    with tempfile.TemporaryDirectory() as folder:
        stored = Path(folder) / "stored"
        for text, scan in scans(path, pages):
            stored.write_bytes(scan)
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            found = SandboxedRecogniser(engine, SECONDS).start(stored, PDF, 1).result()
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            reading.script = script_of(text)
            wanted, got = units(text, reading.script), units(found.text, reading.script)
            reading.wanted += wanted.total()
            reading.found += (wanted & got).total()
            reading.missed += wanted - got
            reading.pages += 1
            reading.seconds += after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return reading


def run(engine: Engine, files: list[Path], pages: int) -> bool:
    """Print what an engine reads; return whether English and Chinese are read well enough."""
    print(engine.name)
    totals: dict[str, Reading] = {}
    for path in files:
        reading = read(engine, path, pages)
        if not reading.pages:
            continue
        missed = " ".join(word for word, _ in reading.missed.most_common(8))
        print(
            f"  {path.name:<36} {reading.script:<8} {reading.share:.3f} of {reading.wanted:5}, "
            f"{reading.seconds / reading.pages:5.1f} s a page; missed: {missed}",
            flush=True,
        )
        total = totals.setdefault(reading.script, Reading(reading.script))
        total.wanted += reading.wanted
        total.found += reading.found
        total.pages += reading.pages
    for script, total in totals.items():
        print(f"  {script}: {total.share:.4f} of {total.wanted} on {total.pages} pages")
    return all(totals[script].share >= LEAST for script in ("Latin", "Chinese") if script in totals)


def main() -> None:
    """Print the figures of each engine."""
    folder = os.environ.get("SCANS")
    if not folder:
        print("Skipped: SCANS names no folder of PDF files. Set it: make bench SCANS=FOLDER")
        return
    pages = int(sys.argv[1]) if len(sys.argv) > 1 else PAGES
    files = sorted(path for path in Path(folder).iterdir() if path.suffix == ".pdf")
    engines = [engine for name in ("tesseract", "rapidocr") if (engine := find_engine(name))]
    if not engines:
        print("Skipped: neither tesseract nor rapidocr is installed.")
        return
    good = [run(engine, files, pages) for engine in engines]
    print(f"{os.cpu_count()} cores, {cpu_name()}, Python {platform.python_version()}")
    sys.exit(not all(good))


if __name__ == "__main__":
    main()
