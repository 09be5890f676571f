"""Telling what is in the containers of old office files, which encrypted new ones are too."""

import re
from pathlib import Path

ENCRYPTED = "encrypted"
# The names of entries and what has them. Messages come first: they may hold all the others.
ENTRIES = {
    "__properties_version1.0": ".msg",
    "__nameid_version1.0": ".msg",
    "__substg1.0_": ".msg",
    "EncryptedPackage": ENCRYPTED,
    "WordDocument": ".doc",
    "PowerPoint Document": ".ppt",
    "Workbook": ".xls",
    "Book\0": ".xls",
}
PATTERN = re.compile(b"|".join(re.escape(name.encode("utf-16-le")) for name in ENTRIES))
BLOCK = 1 << 20
OVERLAP = 64


def kind(path: Path, named: str) -> str | None:
    """Return how old files of this kind end, `ENCRYPTED`, or None if neither can be told.

    The name decides where documents of several kinds lie in one another.
    """
    found: set[str] = set()
    before = b""
    with path.open("rb") as file:
        for block in iter(lambda: file.read(BLOCK), b""):
            matches = PATTERN.findall(before + block)
            found.update(ENTRIES[match.decode("utf-16-le")] for match in matches)
            before = block[-OVERLAP:]
    if named in found:
        return named
    return next((kind for kind in ENTRIES.values() if kind in found), None)
