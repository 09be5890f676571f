"""Reading the words of a paragraph of an OpenDocument file as they are shown."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from assistant.adapters.documents.elements import child, number, value
from assistant.adapters.documents.line import Line
from assistant.adapters.documents.opendocument.styles import OdfStyles

DRAWN = frozenset(
    (
        *("frame", "custom-shape", "g", "rect", "ellipse", "circle", "line", "polyline"),
        *("polygon", "regular-polygon", "path", "connector", "caption", "measure", "text-box"),
        *("control", "page-thumbnail"),
    )
)
SKIPPED = frozenset(
    ["annotation", "annotation-end", "tracked-changes", "forms", "event-listeners", "script"]
)
GAPS = {"tab": "\t", "line-break": "\n"}
WHITE = re.compile(r"[ \t\r\n]+")
MAX_BLANKS = 100


Embedded = Callable[[Element], Element]


def formula_in(root: Element) -> str | None:
    """Return a formula as it was typed, or None where there is none."""
    if next(root.iter("math"), None) is None:
        return None
    typed = next(root.iter("annotation"), None)
    return "".join(root.itertext()) if typed is None else typed.text or ""


@dataclass
class OdfLine(Line):
    """A line with the number that the program wrote before it, and with its notes."""

    number: str | None = None
    notes: list[tuple[str, Element]] = field(default_factory=list)


class OdfWords:
    """Reads paragraphs into lines."""

    def __init__(self, styles: OdfStyles, embedded: Embedded) -> None:
        """Take the styles, and what returns the part that a frame shows."""
        self._styles = styles
        self._embedded = embedded
        self._notes = 0

    def read(self, paragraph: Element) -> OdfLine:
        """Return what is shown of a paragraph or heading."""
        line = OdfLine()
        look = self._styles.look("paragraph", value(paragraph, "style-name"))
        hidden = (value(e, "is-hidden") for e in paragraph.iter("hidden-paragraph"))
        if not look.hidden and "true" not in hidden:
            self._inside(paragraph, look.raised, line)
        return line

    def _inside(self, element: Element, raised: bool, line: OdfLine) -> None:
        line.put(WHITE.sub(" ", element.text or ""), raised)
        for part in element:
            self._part(part, raised, line)
            line.put(WHITE.sub(" ", part.tail or ""), raised)

    def _part(self, part: Element, raised: bool, line: OdfLine) -> None:
        name = part.tag
        if name in SKIPPED:
            return
        if name in DRAWN:
            shown = part.find("object")
            formula = None if shown is None else formula_in(self._embedded(shown))
            if formula is None:
                line.boxes.append(part)
            else:
                line.put(formula)
        elif name in GAPS:
            line.put(GAPS[name])
        elif name == "s":
            line.put(" " * min(number(value(part, "c")) or 1, MAX_BLANKS))
        elif name == "number":
            line.number = "".join(part.itertext()).strip() or None
        elif name == "note":
            self._note(part, line)
        elif name == "span":
            self._span(part, raised, line)
        elif name == "ruby-text":
            line.put(f"({''.join(part.itertext())})")
        elif value(part, "is-hidden") != "true":
            self._inside(part, raised, line)

    def _span(self, part: Element, raised: bool, line: OdfLine) -> None:
        look = self._styles.look("text", value(part, "style-name"))
        if not look.hidden:
            self._inside(part, raised or look.raised, line)

    def _note(self, note: Element, line: OdfLine) -> None:
        citation = child(note, "note-citation")
        self._notes += 1
        shown = "" if citation is None else "".join(citation.itertext()).strip()
        mark = shown or str(self._notes)
        line.put(f"[^{mark}]")
        body = child(note, "note-body")
        if body is not None:
            line.notes.append((mark, body))
