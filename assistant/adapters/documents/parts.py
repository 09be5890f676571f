"""Reading the parts of zipped documents within limits."""

import io
import posixpath
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from lzma import LZMAError
from typing import NamedTuple
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from assistant.adapters.documents import trees
from assistant.errors import PermanentError

OLE = b"\xd0\xcf\x11\xe0"
MAX_ENTRIES = 10_000
# A tree takes some ten times the memory of its XML.
MAX_PART = 64 * 1024 * 1024
MAX_INFLATED = 256 * 1024 * 1024
BLOCK = 256 * 1024
# All that `zipfile` raises for damaged bytes, depending on where the damage is.
DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, LZMAError, struct.error, EOFError, OSError),
    *(NotImplementedError, OverflowError, RuntimeError, ValueError),
)


class Relation(NamedTuple):
    """What a part says of another one: the last word of its kind, and the other's name."""

    kind: str
    target: str


class Parts:
    """The parts of a document; what is inflated is counted over all of them.

    Nothing is ever written to where a name points, so that names need not be trusted.
    """

    def __init__(self, data: bytes, what: str, program: str) -> None:
        self._what, self._program = what, program
        self._inflated = 0
        self._relations: dict[str, dict[str, Relation]] = {}
        if data.startswith(OLE):
            raise self.encrypted()
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(data))
        except DAMAGE as error:
            raise self.broken("it is damaged or cut off") from error
        entries = self._archive.infolist()
        if len(entries) > MAX_ENTRIES:
            raise self.too_large()
        self._entries = {_plain(entry.filename): entry for entry in entries}

    def __contains__(self, name: str) -> bool:
        return _plain(name) in self._entries

    def blocks(self, name: str) -> Iterator[bytes]:
        """Yield a part piece by piece; an absent one has none."""
        entry = self._entries.get(_plain(name))
        if entry is None:
            return
        if entry.flag_bits & 1:
            raise self.encrypted()
        with self._damage_told(), self._archive.open(entry) as part:
            # The sizes in the headers can lie, so the limit is on what is read.
            while block := part.read(BLOCK):
                self._inflated += len(block)
                if self._inflated > MAX_INFLATED:
                    raise self.too_large()
                yield block

    def read(self, name: str) -> bytes:
        """Return a part; an absent one is empty."""
        content = bytearray()
        for block in self.blocks(name):
            content += block
            if len(content) > MAX_PART:
                raise self.too_large()
        return bytes(content)

    def tree(self, name: str) -> Element | None:
        """Return the tree of an XML part, or None if it is absent."""
        if name not in self:
            return None
        try:
            return trees.parse(self.read(name))
        except trees.NotXml as error:
            raise self.broken("a part of it is not valid XML") from error

    def relations(self, name: str = "") -> dict[str, Relation]:
        """Return by their ids what a part refers to; without a name, what the document does."""
        if name in self._relations:
            return self._relations[name]
        folder, file = posixpath.split(name)
        root = self.tree(posixpath.join(folder, "_rels", f"{file}.rels"))
        found = self._relations[name] = {}
        for one in () if root is None else root.iter("Relationship"):
            target = one.get("Target", "")
            if one.get("TargetMode") != "External" and target:
                kind = one.get("Type", "").rpartition("/")[2]
                found[one.get("Id", "")] = Relation(kind, resolve(folder, target))
        return found

    def related(self, name: str, kind: str) -> str | None:
        """Return the first part of a kind that a part refers to."""
        relations = self.relations(name).values()
        return next((one.target for one in relations if one.kind == kind), None)

    def broken(self, reason: str) -> PermanentError:
        """Return the error that says why the document cannot be read, and what to do."""
        return PermanentError(
            f"The {self._what} cannot be read: {reason}. "
            f"Open it in {self._program}, save it again and upload that.",
            code="broken_file",
        )

    def too_large(self) -> PermanentError:
        """Return the error for a document that has more in it than is read."""
        return PermanentError(
            f"The {self._what} has more in it than can be read; split it and upload the parts.",
            code="too_large_to_parse",
        )

    def encrypted(self) -> PermanentError:
        """Return the error for a document that nobody can read without its password."""
        return PermanentError(
            f"The {self._what} is protected with a password; "
            f"remove it in {self._program} and upload it again.",
            code="encrypted_file",
        )

    @contextmanager
    def _damage_told(self) -> Iterator[None]:
        try:
            yield
        except DAMAGE as error:
            raise self.broken("it is damaged or cut off") from error


def resolve(folder: str, target: str) -> str:
    """Return the name of the part that a link in a folder leads to, without its fragment."""
    path = unquote(target.partition("#")[0]).replace("\\", "/")
    return posixpath.normpath(posixpath.join(folder, path)).lstrip("/")


def _plain(name: str) -> str:
    # Some programs write backslashes, and Office does not mind capitals.
    return name.replace("\\", "/").lstrip("/").casefold()
