"""The numbers that Word shows before paragraphs and does not write into them."""

import re
from dataclasses import dataclass, field, replace
from xml.etree.ElementTree import Element

from assistant.adapters.documents.elements import child, number, value
from assistant.adapters.documents.list_numbers import numeral
from assistant.adapters.documents.word.styles import Numbered, Styles

LEVELS = 9
PLACE = re.compile(r"%([1-9])")
BULLET, NONE = "bullet", "none"
# Custom formats are given by their first numbers, such as '001, 002, 003, ...'.
PADDED = re.compile(r"(0+)1\b")


@dataclass(frozen=True)
class Level:
    """How one level of a list counts and what it shows."""

    start: int = 1
    form: str = "decimal"
    text: str = ""
    # After which level (from 1) it begins again; 0 is never, None after any above it.
    restart: int | None = None
    legal: bool = False
    style: str | None = None


@dataclass
class _List:
    levels: dict[int, Level] = field(default_factory=dict)
    linked_style: str | None = None
    counts: list[int | None] = field(default_factory=lambda: [None] * LEVELS)


@dataclass
class _Use:
    """A list as paragraphs name it: an abstract one, with what is different."""

    abstract: str | None
    levels: dict[int, Level] = field(default_factory=dict)
    starts: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Label:
    """What stands before a paragraph: a number, or None for a bullet, at a depth."""

    number: str | None
    depth: int


class Numbering:
    """Counts the paragraphs of a document's lists; ask once for each, in their order."""

    def __init__(self, root: Element | None, styles: Styles) -> None:
        self._styles = styles
        self._lists: dict[str, _List] = {}
        self._uses: dict[str, _Use] = {}
        for element in () if root is None else root:
            if element.tag == "abstractNum":
                self._lists[value(element, "abstractNumId") or ""] = _list(element)
            elif element.tag == "num":
                self._uses[value(element, "numId") or ""] = _use(element)

    def label(self, numbered: Numbered, family: tuple[str, ...] = ()) -> Label | None:
        """Count a paragraph and return its label, or None if it shows nothing."""
        use = self._uses.get(numbered.list or "")
        listed = self._list(use)
        if use is None or listed is None:
            return None
        levels = {**listed.levels, **use.levels}
        depth = numbered.level
        if depth is None:
            depth = _level_of_style(levels, family)
        depth = max(0, min(depth, LEVELS - 1))
        level = levels.get(depth, Level())
        self._count(listed, use, levels, depth)
        if level.form == BULLET:
            return Label(None, depth) if level.text.strip() else None
        shown = _shown(level, levels, listed.counts, depth).strip()
        return Label(shown, depth) if shown else None

    def _list(self, use: _Use | None) -> _List | None:
        """Return the list that counts; some only refer to a style, which has the list."""
        listed = self._lists.get(use.abstract or "") if use else None
        if listed is not None and not listed.levels and listed.linked_style:
            other = self._uses.get(self._styles.list_of(listed.linked_style) or "")
            listed = self._lists.get(other.abstract or "", listed) if other else listed
        return listed

    def _count(self, listed: _List, use: _Use, levels: dict[int, Level], depth: int) -> None:
        counts = listed.counts
        # A list that begins anew does so where it is first used, and only there.
        if depth in use.starts:
            counts[depth] = use.starts.pop(depth) - 1
        before = counts[depth]
        start = levels.get(depth, Level()).start
        counts[depth] = start if before is None else before + 1
        for deeper in range(depth + 1, LEVELS):
            restart = levels.get(deeper, Level()).restart
            if restart is None or depth < restart:
                counts[deeper] = None


def _level_of_style(levels: dict[int, Level], family: tuple[str, ...]) -> int:
    for style in family:
        for depth, level in levels.items():
            if level.style == style:
                return depth
    return 0


def _shown(level: Level, levels: dict[int, Level], counts: list[int | None], depth: int) -> str:
    def place(found: re.Match[str]) -> str:
        index = int(found[1]) - 1
        other = levels.get(index, Level())
        count = counts[index]
        if index > depth or other.form in (NONE, BULLET):
            return ""
        count = other.start if count is None else count
        return _numeral(count, "decimal" if level.legal else other.form)

    return PLACE.sub(place, level.text)


def _numeral(count: int, form: str) -> str:
    if found := PADDED.match(form):
        return str(count).zfill(len(found[0]))
    return numeral(count, form)


def _list(element: Element) -> _List:
    found = _List(linked_style=value(child(element, "numStyleLink")))
    for inner in element:
        if inner.tag == "lvl":
            found.levels[number(value(inner, "ilvl")) or 0] = _level(inner)
    return found


def _level(element: Element) -> Level:
    level = Level(
        text=value(child(element, "lvlText")) or "",
        restart=number(value(child(element, "lvlRestart"))),
        style=value(child(element, "pStyle")),
    )
    start = number(value(child(element, "start")))
    legal = child(element, "isLgl")
    level = replace(
        level,
        start=1 if start is None else start,
        legal=legal is not None and value(legal) not in ("0", "false"),
    )
    # A newer form stands in a choice, before one for older programs.
    for form in element.iter("numFmt"):
        custom = value(form, "format")
        return replace(level, form=custom if custom else value(form) or "decimal")
    return level


def _use(element: Element) -> _Use:
    use = _Use(value(child(element, "abstractNumId")))
    for override in element:
        if override.tag == "lvlOverride":
            depth = number(value(override, "ilvl")) or 0
            level = child(override, "lvl")
            if level is not None:
                use.levels[depth] = _level(level)
            start = number(value(child(override, "startOverride")))
            if start is not None:
                use.starts[depth] = start
    return use
