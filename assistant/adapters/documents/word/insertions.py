"""What a Word document shows from other parts: charts, diagrams, and whole texts."""

from xml.etree.ElementTree import Element

from assistant.adapters.documents import plain
from assistant.adapters.documents.elements import value
from assistant.adapters.documents.parts import Parts, Relation
from assistant.adapters.documents.presentations import charts, diagrams

HTML = (".html", ".htm", ".xhtml")


class Insertions:
    """Reads by their references the parts that one part shows."""

    def __init__(self, parts: Parts, part: str) -> None:
        self._parts = parts
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
        """Return a text that another program has put in whole, if it is HTML or plain."""
        relation = self._relations.get(value(reference, "id") or "")
        target = relation.target.lower() if relation else ""
        if relation is None or not target.endswith((*HTML, ".txt")):
            return ""
        content = self._parts.read(relation.target)
        if target.endswith(".txt"):
            return plain.decode(content)
        # The library for HTML is not needed otherwise.
        from assistant.adapters.documents import embedded_html, html

        return embedded_html.read(plain.decode(content, html.declared_encoding(content)))

    def _tree(self, name: str | None) -> Element | None:
        relation = self._relations.get(name or "")
        return self._parts.tree(relation.target) if relation else None
