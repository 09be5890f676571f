"""What shapes of a slide take over from its layout and its master."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from assistant.adapters.documents.parts import Parts

TITLES = frozenset(["title", "ctrTitle"])
# The text of these is in the outline, whose levels the master describes.
OUTLINE = frozenset(["body", "obj", ""])


class Templates:
    """The layouts and masters of a presentation; each is read once."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._read: dict[str, Element | None] = {}

    def of(self, slide: str) -> "Inherited":
        """Return what the shapes of a slide inherit."""
        layout = self._parts.related(slide, "slideLayout")
        master = self._parts.related(layout, "slideMaster") if layout else None
        return Inherited([self._tree(name) for name in (layout, master) if name])

    def _tree(self, name: str) -> Element | None:
        if name not in self._read:
            self._read[name] = self._parts.tree(name)
        return self._read[name]


class Inherited:
    """The shapes of a layout and of its master that a slide's shapes stand in for."""

    def __init__(self, trees: list[Element | None]) -> None:
        self._templates = [tree for tree in trees if tree is not None]
        self._shapes = [
            [(mark, shape) for shape in tree.iter("sp") if (mark := mark_of(shape)) is not None]
            for tree in self._templates
        ]

    def shapes(self, shape: Element) -> Iterator[Element]:
        """Yield a shape and then those that it stands in for, the nearest first."""
        yield shape
        mark = mark_of(shape)
        if mark is None:
            return
        for candidates in self._shapes:
            found = self._match(mark, candidates)
            if found is not None:
                yield found

    def styles(self, shape: Element) -> list[Element]:
        """Return the styles of a shape's levels beside its own, the nearest first."""
        mark = mark_of(shape)
        if mark is None:
            return []
        above = list(self.shapes(shape))[1:]
        styles = [one.find("txBody/lstStyle") for one in above]
        if kind_of(mark) in OUTLINE:
            styles += [tree.find("txStyles/bodyStyle") for tree in self._templates]
        return [style for style in styles if style is not None]

    @staticmethod
    def _match(mark: Element, candidates: list[tuple[Element, Element]]) -> Element | None:
        for other, shape in candidates:
            if mark.get("idx") is not None and other.get("idx") == mark.get("idx"):
                return shape
        kinds = [TITLES, OUTLINE]
        alike = next((kind for kind in kinds if kind_of(mark) in kind), {kind_of(mark)})
        return next((shape for other, shape in candidates if kind_of(other) in alike), None)


def mark_of(shape: Element) -> Element | None:
    """Return what makes a shape a placeholder, or None."""
    return shape.find("nvSpPr/nvPr/ph")


def kind_of(mark: Element | None) -> str:
    """Return the kind of a placeholder, which is empty for any content."""
    return "" if mark is None else mark.get("type", "")
