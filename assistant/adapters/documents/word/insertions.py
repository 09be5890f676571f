"""What a Word document shows from other parts: charts, diagrams, and whole texts."""

from collections.abc import Callable
from xml.etree.ElementTree import Element

from assistant.adapters.documents import plain, rtf
from assistant.adapters.documents.elements import value
from assistant.adapters.documents.parts import Parts, Relation
from assistant.adapters.documents.presentations import charts, diagrams

Nested = Callable[[bytes], str]
HTML = (".html", ".htm", ".xhtml")


class Insertions:
    """Reads by their references the parts that one part shows."""

    def __init__(self, parts: Parts, part: str, nested: Nested | None) -> None:
        """Take the part, and what reads a document within the document, if one may be."""
        self._parts = parts
        self._nested = nested
        self._relations: dict[str, Relation] = parts.relations(part)

    def drawing(self, reference: Element) -> list[str]:
        """Return the blocks of a chart or a diagram."""
        root = self._tree(value(reference, "dm") or value(reference, "id"))
        if root is None:
            return []
        if reference.tag == "chart":
            return [block for block in charts.blocks(root) if block]
        return [diagrams.items(root)]

    def chunk(self, reference: Element) -> str:
        """Return a text that another program has put in whole, of a kind that is read here."""
        relation = self._relations.get(value(reference, "id") or "")
        if relation is None:
            return ""
        name, content = relation.target.lower(), self._parts.read(relation.target)
        if name.endswith(".docx"):
            return self._nested(content) if self._nested else ""
        if name.endswith(".rtf"):
            return rtf.extract(content)[0]
        if name.endswith(".txt"):
            return plain.decode(content)
        return _html(content) if name.endswith(HTML) else ""

    def _tree(self, name: str | None) -> Element | None:
        relation = self._relations.get(name or "")
        return self._parts.tree(relation.target) if relation else None


def _html(content: bytes) -> str:
    # The library for HTML is not needed otherwise.
    from assistant.adapters.documents import embedded_html, html

    return embedded_html.read(plain.decode(content, html.declared_encoding(content)))
