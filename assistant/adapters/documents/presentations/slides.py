"""Reading the shapes of a slide as a reader does: from the title on, by where they lie."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from assistant.adapters.documents import markdown, pictures
from assistant.adapters.documents.parts import Parts
from assistant.adapters.documents.presentations import charts, diagrams, drawing_text, placeholders
from assistant.adapters.documents.presentations.placeholders import Inherited
from assistant.adapters.documents.presentations.reading_order import Box, ordered
from assistant.errors import PermanentError

# What stands on every slide.
RUNNING = frozenset(["ftr", "hdr", "dt", "sldNum"])
SHAPES = frozenset(["sp", "grpSp", "graphicFrame", "pic", "contentPart"])
DAMAGED = "[A chart or diagram here is damaged and could not be read.]"


class Slide:
    """A slide's text; `name` is that of its part."""

    def __init__(self, parts: Parts, name: str, inherited: Inherited) -> None:
        self._parts = parts
        self._inherited = inherited
        self._relations = parts.relations(name)

    def blocks(self, root: Element) -> Iterator[str]:
        """Yield the title, and then what is on the slide in the order of reading."""
        tree = root.find("cSld/spTree")
        if tree is None:
            return
        titles: list[Element] = []
        others: list[Element] = []
        for shape in _shapes(tree):
            kind = placeholders.kind_of(placeholders.mark_of(shape))
            (titles if kind in placeholders.TITLES else others).append(shape)
        for shape in titles:
            if (body := shape.find("txBody")) is not None and (title := drawing_text.text(body)):
                yield markdown.heading(1, title)
        yield from self._ordered(others)

    def _ordered(self, shapes: list[Element]) -> Iterator[str]:
        placed = [
            (self._box(shape), blocks) for shape in shapes if (blocks := list(self._of(shape)))
        ]
        for blocks in ordered(placed):
            yield from blocks

    def _of(self, shape: Element) -> Iterator[str]:
        kind = placeholders.kind_of(placeholders.mark_of(shape))
        if shape.tag == "grpSp":
            yield from self._ordered(list(_shapes(shape)))
        elif shape.tag == "graphicFrame":
            yield from filter(None, self._frame(shape))
        elif shape.tag == "pic":
            yield from _alternative(shape)
        elif kind not in RUNNING and (body := shape.find("txBody")) is not None:
            yield from drawing_text.blocks(body, self._inherited.styles(shape))

    def _frame(self, shape: Element) -> Iterator[str]:
        try:
            yield from self._graphic(shape)
        except PermanentError as error:
            # One damaged chart is no reason to lose the others' words.
            if error.code != "broken_file":
                raise
            yield DAMAGED

    def _graphic(self, shape: Element) -> Iterator[str]:
        for table in shape.iter("tbl"):
            yield _table(table)
        for chart in shape.iter("chart"):
            root = self._related(chart.get("relationships:id"))
            yield from () if root is None else charts.blocks(root)
        for diagram in shape.iter("relIds"):
            root = self._related(diagram.get("relationships:dm"))
            yield "" if root is None else diagrams.items(root)
        yield from _alternative(shape)

    def _related(self, name: str | None) -> Element | None:
        relation = self._relations.get(name or "")
        return None if relation is None else self._parts.tree(relation.target)

    def _box(self, shape: Element) -> Box | None:
        for one in self._inherited.shapes(shape):
            for path in ("spPr/xfrm", "xfrm", "grpSpPr/xfrm"):
                if (frame := one.find(path)) is not None and (box := _frame(frame)):
                    return box
        return None


def _shapes(tree: Element) -> Iterator[Element]:
    """Yield what is drawn; of something in two variants the newer one."""
    for child in tree:
        if child.tag == "AlternateContent":
            choice = child.find("Choice")
            yield from () if choice is None else _shapes(choice)
        elif child.tag in SHAPES and not _hidden(child):
            yield child


def _properties(shape: Element) -> Element | None:
    return next((child.find("cNvPr") for child in shape if child.tag.startswith("nv")), None)


def _hidden(shape: Element) -> bool:
    properties = _properties(shape)
    return properties is not None and properties.get("hidden") in ("1", "true")


def _alternative(shape: Element) -> Iterator[str]:
    """Yield what the author wrote for those who do not see a picture."""
    properties = _properties(shape)
    said = "" if properties is None else properties.get("descr", "")
    if line := pictures.described(said):
        yield line


def _table(table: Element) -> str:
    rows: list[list[str]] = []
    for row in table.iterfind("tr"):
        cells: list[str] = []
        for cell in row.iterfind("tc"):
            body = cell.find("txBody")
            text = "" if body is None else drawing_text.text(body)
            if cell.get("vMerge") in ("1", "true") and rows and len(rows[-1]) > len(cells):
                # So that each row says all by itself.
                text = rows[-1][len(cells)]
            cells.append(text)
        rows.append(cells)
    return markdown.table(rows)


def _frame(frame: Element) -> Box | None:
    corner, size = frame.find("off"), frame.find("ext")
    if corner is None or size is None:
        return None
    try:
        left, top = float(corner.get("x", "0")), float(corner.get("y", "0"))
        return Box(left, top, left + float(size.get("cx", "0")), top + float(size.get("cy", "0")))
    except ValueError:
        return None
