"""What the styles of an OpenDocument file say, by family and name."""

from dataclasses import dataclass
from typing import NamedTuple
from xml.etree.ElementTree import Element

from assistant.adapters.documents.elements import child, number, value

FORMATS = {
    "1": "decimal",
    "01": "decimalZero",
    "i": "lowerRoman",
    "I": "upperRoman",
    "a": "lowerLetter",
    "A": "upperLetter",
    "1st": "ordinal",
    "一, 二, 三, ...": "chineseCounting",
    "甲, 乙, 丙, ...": "ideographTraditional",
    "①, ②, ③, ...": "decimalEnclosedCircle",
    "А, Б, .., Аа, Бб, ... (ru)": "russianUpper",  # noqa: RUF001  # the signs meant
    "а, б, .., аа, бб, ... (ru)": "russianLower",  # noqa: RUF001  # the signs meant
}
MAX_ANCESTORS = 30


class Look(NamedTuple):
    """Whether what has a style is hidden, and whether it stands above the line."""

    hidden: bool
    raised: bool


@dataclass(frozen=True)
class Level:
    """How a level of a list counts; without a format it is a bullet or shows nothing."""

    form: str | None = None
    bullet: bool = False
    prefix: str = ""
    suffix: str = ""
    start: int = 1
    # How many levels its number shows, or instead a pattern such as '%1%.%2%)'.
    places: int = 1
    pattern: str | None = None


class OdfStyles:
    """The styles of a document: those that people named and those of single places."""

    def __init__(self, *roots: Element | None) -> None:
        self._styles: dict[tuple[str, str], Element] = {}
        self._lists: dict[str, dict[int, Level]] = {}
        self._looks: dict[tuple[str, str | None], Look] = {}
        self.outline: dict[int, Level] = {}
        for element in (e for root in roots if root is not None for e in root.iter()):
            name = value(element, "name") or ""
            if element.tag == "style":
                self._styles[value(element, "family") or "", name] = element
            elif element.tag == "list-style":
                self._lists[name] = _levels(element)
            elif element.tag == "outline-style":
                self.outline = _levels(element)

    def levels(self, name: str | None) -> dict[int, Level]:
        """Return the levels of a list style, from 1."""
        return self._lists.get(name or "", {})

    def look(self, family: str, name: str | None) -> Look:
        """Return how words or paragraphs of this style look, with what it inherits."""
        key = family, name
        if key not in self._looks:
            hidden = self.find(family, name, "text-properties", "display") == "none"
            position = self.find(family, name, "text-properties", "text-position") or ""
            self._looks[key] = Look(hidden, position.startswith("super"))
        return self._looks[key]

    def is_title(self, name: str | None) -> bool:
        """Return whether a paragraph's style is that of the document's title."""
        return "Title" in self._family("paragraph", name)

    def find(self, family: str, name: str | None, group: str, attribute: str) -> str | None:
        """Return a property of the style, or of the nearest that it inherits from."""
        for ancestor in self._family(family, name):
            properties = child(self._styles.get((family, ancestor)), group)
            if properties is not None and (found := value(properties, attribute)):
                return found
        return None

    def _family(self, family: str, name: str | None) -> list[str]:
        names: list[str] = []
        while name and name not in names and len(names) < MAX_ANCESTORS:
            names.append(name)
            style = self._styles.get((family, name))
            name = None if style is None else value(style, "parent-style-name")
        return names


def _levels(style: Element) -> dict[int, Level]:
    levels = {}
    for element in style:
        place = number(value(element, "level"))
        if place is not None:
            levels[place] = _level(element)
    return levels


def _level(element: Element) -> Level:
    if "bullet" in element.tag or "image" in element.tag:
        return Level(bullet=True)
    start = number(value(element, "start-value"))
    form = value(element, "num-format")
    return Level(
        form=FORMATS.get(form, "decimal") if form else None,
        prefix=value(element, "num-prefix") or "",
        suffix=value(element, "num-suffix") or "",
        start=1 if start is None else start,
        places=number(value(element, "display-levels")) or 1,
        pattern=value(element, "num-list-format"),
    )
