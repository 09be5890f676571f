"""Reading Word documents as they are printed when all changes are accepted."""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from assistant.adapters.documents.blocks import Blocks
from assistant.adapters.documents.elements import value
from assistant.adapters.documents.normalisation import normalise
from assistant.adapters.documents.page_ends import write_once
from assistant.adapters.documents.parts import Parts
from assistant.adapters.documents.word.body import Body
from assistant.adapters.documents.word.insertions import Insertions, Nested
from assistant.adapters.documents.word.notes import Notes
from assistant.adapters.documents.word.numbering import Numbering
from assistant.adapters.documents.word.styles import Styles, switched_on

USUAL_MAIN_PART = "word/document.xml"


def extract(data: bytes) -> tuple[str, list[int]]:
    """Return headers, the body with its notes, and footers; the format knows no pages."""
    text = _read(data, _read)
    return normalise(re.sub(r"\n{3,}", "\n\n", text)), []


def _read(data: bytes, nested: Nested | None = None) -> str:
    # A document that is put into another one may have no more of them in it.
    return _Document(Parts(data, "document", "Word"), nested).text()


class _Document:
    def __init__(self, parts: Parts, nested: Nested | None) -> None:
        self._parts = parts
        self._part = parts.related("", "officeDocument") or USUAL_MAIN_PART
        styles = Styles(self._tree("styles"))
        self._body = Body(
            styles,
            Numbering(self._tree("numbering"), styles),
            Notes(self._tree("footnotes"), self._tree("endnotes")),
            Insertions(parts, self._part, nested),
        )

    def text(self) -> str:
        """Return all that is printed."""
        root = self._parts.tree(self._part)
        if root is None:
            raise self._parts.broken("it has no text part")
        ends = list(self._page_ends(root))
        whole = Blocks()
        self._write_ends([part for kind, part in ends if kind == "headerReference"], whole)
        whole.extend(self._body.read(root))
        self._write_ends([part for kind, part in ends if kind == "footerReference"], whole)
        return whole.text()

    def _tree(self, kind: str) -> Element | None:
        part = self._parts.related(self._part, kind)
        return self._parts.tree(part) if part else None

    def _page_ends(self, root: Element) -> Iterator[tuple[str, str]]:
        """Yield the headers and footers that some page has, each once."""
        relations = self._parts.relations(self._part)
        both_sides = switched_on(self._tree("settings"), "evenAndOddHeaders")
        seen = set()
        for section in root.iter("sectPr"):
            shown = {"default", "first" if switched_on(section, "titlePg") else ""}
            shown.add("even" if both_sides else "")
            for reference in section:
                relation = relations.get(value(reference, "id") or "")
                if relation is None or (value(reference, "type") or "default") not in shown:
                    continue
                end = reference.tag, relation.target
                if end not in seen:
                    seen.add(end)
                    yield end

    def _write_ends(self, parts: list[str], whole: Blocks) -> None:
        roots = (self._parts.tree(part) for part in parts)
        write_once((self._body.read(root) for root in roots if root is not None), whole)
