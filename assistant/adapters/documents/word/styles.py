"""What the styles of a Word document say about its paragraphs and words."""

import re
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from assistant.adapters.documents.elements import child, number, value

# Word translates the names that it shows, but not those in the file.
HEADING = re.compile(r"heading (\d)", re.IGNORECASE)
TITLE = "title"
BODY_LEVEL = 9
# A style's ancestors; Word writes few, and a file may go round in a circle.
MAX_ANCESTORS = 30


@dataclass(frozen=True)
class Numbered:
    """A list and a level of it, as a paragraph or a style names them."""

    list: str | None
    level: int | None


@dataclass(frozen=True)
class Style:
    """What a style means with all that it inherits; None is what it leaves open."""

    heading: int | None = None
    hidden: bool | None = None
    raised: bool | None = None
    font: str | None = None
    numbered: Numbered | None = None
    # Itself first, then what it is based on: a level of a list may name any of them.
    family: tuple[str, ...] = ()


def switched_on(properties: Element | None, name: str) -> bool | None:
    """Return whether a property such as `vanish` is on, or None if it is not there."""
    found = child(properties, name)
    return None if found is None else value(found) not in ("0", "false", "off", "none")


def raised(properties: Element | None) -> bool | None:
    """Return whether the words stand above the line."""
    found = child(properties, "vertAlign")
    return None if found is None else value(found) == "superscript"


def font(properties: Element | None) -> str | None:
    """Return the name of the font for letters of the alphabet."""
    return value(child(properties, "rFonts"), "ascii")


def numbered(properties: Element | None) -> Numbered | None:
    """Return the list that a paragraph's properties name."""
    found = child(properties, "numPr")
    if found is None:
        return None
    return Numbered(value(child(found, "numId")), number(value(child(found, "ilvl"))))


class Styles:
    """The styles of a document by their ids."""

    def __init__(self, root: Element | None) -> None:
        self._elements: dict[str, Element] = {}
        self._known: dict[str | None, Style] = {}
        self._default: str | None = None
        for element in () if root is None else root:
            if element.tag == "style" and (name := value(element, "styleId")):
                self._elements[name] = element
                if value(element, "default") in ("1", "true", "on") and (
                    value(element, "type") == "paragraph"
                ):
                    self._default = name

    def of_paragraph(self, name: str | None) -> Style:
        """Return a paragraph's style, which is the default one where it names none."""
        return self.of_words(name if name in self._elements else self._default)

    def of_words(self, name: str | None) -> Style:
        """Return the style with this id, or one that says nothing."""
        if name not in self._known:
            self._known[name] = self._resolve(name)
        return self._known[name]

    def list_of(self, name: str | None) -> str | None:
        """Return the id of the list that a style of the kind 'numbering' is of."""
        found = numbered(child(self._elements.get(name or ""), "pPr"))
        return found.list if found else None

    def _resolve(self, name: str | None) -> Style:
        own: Element | None
        family: list[str] = []
        heading = hidden = high = letters = listed = level = None
        while name in self._elements and name not in family and len(family) < MAX_ANCESTORS:
            own = self._elements[name]
            family.append(name)
            paragraph, words = child(own, "pPr"), child(own, "rPr")
            heading = _heading(own, paragraph) if heading is None else heading
            hidden = switched_on(words, "vanish") if hidden is None else hidden
            high = raised(words) if high is None else high
            letters = letters or font(words)
            if (found := numbered(paragraph)) is not None:
                listed = listed or found.list
                level = found.level if level is None else level
            name = value(child(own, "basedOn"))
        where = Numbered(listed, level) if listed else None
        return Style(heading or None, hidden, high, letters, where, tuple(family))


def _heading(style: Element, paragraph: Element | None) -> int | None:
    """Return the level of a heading from 1, 0 for what is expressly none, or None."""
    outline = outline_level(paragraph)
    if outline is not None:
        return outline
    name = (value(child(style, "name")) or "").strip()
    if found := HEADING.fullmatch(name):
        return int(found[1])
    return 1 if name.lower() == TITLE else None


def outline_level(properties: Element | None) -> int | None:
    """Return the level that properties give from 1, 0 for the text, or None."""
    level = number(value(child(properties, "outlineLvl")))
    if level is None:
        return None
    return level + 1 if 0 <= level < BODY_LEVEL else 0
