"""The numbers that OpenDocument's programs show before items and headings."""

import re
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from assistant.adapters.documents.elements import number, value
from assistant.adapters.documents.list_numbers import numeral
from assistant.adapters.documents.opendocument.styles import Level, OdfStyles

PLACE = re.compile(r"%(\d+)%")


@dataclass
class Counter:
    """The counts of one list, or of the headings, by level from 1."""

    levels: dict[int, Level]
    counts: dict[int, int] = field(default_factory=dict)

    def next(self, depth: int, start: int | None = None) -> str | None:
        """Count one more and return its number, or None where none is shown."""
        level = self.levels.get(depth, Level(bullet=True))
        before = self.counts.get(depth)
        if start is not None:
            self.counts[depth] = start
        else:
            self.counts[depth] = level.start if before is None else before + 1
        for deeper in [known for known in self.counts if known > depth]:
            del self.counts[deeper]
        return self._shown(level, depth)

    def is_bullet(self, depth: int) -> bool:
        """Return whether items of this level have a bullet."""
        return self.levels.get(depth, Level(bullet=True)).bullet

    def _shown(self, level: Level, depth: int) -> str | None:
        if level.form is None:
            return None
        if level.pattern:
            return PLACE.sub(lambda found: self._place(int(found[1])), level.pattern).strip()
        first = max(1, depth - level.places + 1)
        places = (self._place(place) for place in range(first, depth + 1))
        number = ".".join(place for place in places if place)
        return f"{level.prefix}{number}{level.suffix}".strip()

    def _place(self, place: int) -> str:
        level = self.levels.get(place, Level())
        return numeral(self.counts.get(place, level.start), level.form) if level.form else ""


class OdfNumbering:
    """The lists of a document, of which some go on where another ended."""

    def __init__(self, styles: OdfStyles) -> None:
        self._styles = styles
        self._by_style: dict[str, Counter] = {}
        self._by_id: dict[str, Counter] = {}
        self.headings = Counter(styles.outline)

    def begin(self, element: Element) -> Counter:
        """Return the counter of an outermost list."""
        style = value(element, "style-name") or ""
        earlier = self._by_id.get(value(element, "continue-list") or "")
        if earlier is None and value(element, "continue-numbering") == "true":
            earlier = self._by_style.get(style)
        counter = Counter(self._styles.levels(style), {} if earlier is None else earlier.counts)
        self._by_style[style] = counter
        if name := value(element, "id"):
            self._by_id[name] = counter
        return counter

    def deeper(self, counter: Counter, element: Element) -> Counter:
        """Return the counter of a list within a list, which may look different."""
        style = value(element, "style-name")
        return Counter(self._styles.levels(style), counter.counts) if style else counter


def start_of(element: Element) -> int | None:
    """Return the number that an item or a heading begins anew with."""
    start = number(value(element, "start-value"))
    if start is None and value(element, "restart-numbering") == "true":
        return 1
    return start
