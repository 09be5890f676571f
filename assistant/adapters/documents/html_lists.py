"""The marks before the items of lists, as a reader of a page sees them."""

import re

from selectolax.lexbor import LexborNode

STYLE = re.compile(
    r"list-style(?:-type)?\s*:[^;]*?(lower|upper)-(alpha|latin|roman)|list-style(?:-type)?\s*:[^;]*?(none)"
)
TYPES = {"lower-alpha": "a", "lower-latin": "a", "upper-alpha": "A", "upper-latin": "A"}
TYPES |= {"lower-roman": "i", "upper-roman": "I"}
ROMAN = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l")),
    *((40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)
NUMBER = re.compile(r"-?\d{1,9}")


class Lists:
    """The lists that are open, each with its kind and its next number."""

    def __init__(self) -> None:
        self._open: list[_List] = []
        self.is_first = True

    @property
    def depth(self) -> int:
        """How many lists are open."""
        return len(self._open)

    def begin(self, node: LexborNode, tag: str) -> None:
        """Open a list."""
        self._open.append(_List(node, ordered=tag == "ol"))

    def end(self) -> None:
        """Close the innermost list."""
        if self._open:
            self._open.pop()

    def next_mark(self, item: LexborNode) -> str:
        """Return what stands before the next item of the innermost list."""
        if not self._open:
            return "- "
        mark = self._open[-1].next_mark(item)
        self.is_first = self._open[-1].is_first
        return "  " * min(len(self._open) - 1, 20) + mark + " "


class _List:
    def __init__(self, node: LexborNode, *, ordered: bool) -> None:
        attributes = node.attributes
        style = STYLE.search(attributes.get("style") or "")
        self._step = 1
        self._type = attributes.get("type") or "1"
        self._ordered = ordered and not (style and style[3])
        if style and style[1]:
            self._ordered = True
            self._type = TYPES[f"{style[1]}-{style[2]}"]
        self._next = _number(attributes.get("start"), 1)
        if "reversed" in attributes:
            self._step = -1
            items = sum(child.tag == "li" for child in node.iter())
            self._next = _number(attributes.get("start"), items)
        self.is_first = True
        self._begun = False

    def next_mark(self, item: LexborNode) -> str:
        self.is_first, self._begun = not self._begun, True
        if not self._ordered:
            return "-"
        value = _number(item.attributes.get("value"), self._next)
        self._next = value + self._step
        return f"{_written(value, self._type)}."


def _number(text: str | None, default: int) -> int:
    return int(text.strip()) if text and NUMBER.fullmatch(text.strip()) else default


def _written(value: int, kind: str) -> str:
    if kind in ("a", "A") and value > 0:
        word = ""
        while value:
            value, rest = divmod(value - 1, 26)
            word = chr(ord("a") + rest) + word
        return word.upper() if kind == "A" else word
    if kind in ("i", "I") and 0 < value < 4000:
        word = ""
        for size, letters in ROMAN:
            word += letters * (value // size)
            value %= size
        return word.upper() if kind == "I" else word
    return str(value)
