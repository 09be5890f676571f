"""The text in shapes of Office drawings: paragraphs, and items with their numbers."""

import re
from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element

from assistant.adapters.documents import markdown, numerals

BULLETS = frozenset(["buNone", "buChar", "buAutoNum", "buBlip"])
MAX_LEVEL = 8
# A power of ten that is read without its mark is another number.
POWER = re.compile(r"[-+\u2212]?\d+")
# What stands before the parts of a formula that do not follow each other on one line.
FORMULAS = {"sup": "^", "sub": "_", "num": "", "den": "/"}
# What an old program would show instead; and what is no text.
SKIPPED = frozenset(["Fallback", "pPr", "rPr", "endParaRPr"])


def blocks(body: Element, styles: Sequence[Element] = ()) -> Iterator[str]:
    """Yield the paragraphs of a text body, and its lists as one block each.

    `styles` say which levels are items where a paragraph and the body itself do not.
    """
    own = body.find("lstStyle")
    styles = styles if own is None else [own, *styles]
    items: list[str] = []
    counts: dict[int, int] = {}
    for paragraph in body.iterfind("p"):
        text = paragraph_text(paragraph)
        properties = paragraph.find("pPr")
        level = _level(properties)
        bullet = _bullet(properties, level, styles)
        if bullet is None or bullet.tag == "buNone":
            counts.clear()
            if items:
                yield "\n".join(items)
                items = []
            if text:
                yield text
        elif text:
            items.append(markdown.item(text, level, _number(bullet, level, counts)))
    if items:
        yield "\n".join(items)


def text(body: Element) -> str:
    """Return all the text of a body, a line each paragraph."""
    return "\n".join(filter(None, map(paragraph_text, body.iterfind("p"))))


def paragraph_text(paragraph: Element) -> str:
    """Return the text of a paragraph."""
    return "".join(_runs(paragraph)).strip()


def _runs(element: Element) -> Iterator[str]:
    for child in element:
        if child.tag == "t":
            yield child.text or ""
        elif child.tag == "br":
            yield "\n"
        elif child.tag == "r" and _is_power(child):
            yield f"^{child.findtext('t')}"
        elif child.tag in FORMULAS:
            yield FORMULAS[child.tag] + _within("".join(_runs(child)))
        elif child.tag not in SKIPPED:
            yield from _runs(child)


def _within(text: str) -> str:
    return text if text.isalnum() else f"({text})"


def _is_power(run: Element) -> bool:
    properties = run.find("rPr")
    raised = properties is not None and not properties.get("baseline", "0").startswith(("-", "0"))
    return raised and POWER.fullmatch(run.findtext("t") or "") is not None


def _level(properties: Element | None) -> int:
    level = "0" if properties is None else properties.get("lvl", "0")
    return min(int(level), MAX_LEVEL) if level.isascii() and level.isdigit() else 0


def _bullet(properties: Element | None, level: int, styles: Sequence[Element]) -> Element | None:
    """Return the nearest element that says what stands before the paragraph."""
    for source in (properties, *(style.find(f"lvl{level + 1}pPr") for style in styles)):
        if source is not None:
            for child in source:
                if child.tag in BULLETS:
                    return child
    return None


def _number(bullet: Element, level: int, counts: dict[int, int]) -> str | None:
    """Return an item's number and count it; one of an outer level starts the inner ones again."""
    for deeper in [known for known in counts if known > level]:
        del counts[deeper]
    if bullet.tag != "buAutoNum":
        counts.pop(level, None)
        return None
    start = bullet.get("startAt", "1")
    first = int(start) if start.isascii() and start.isdigit() and len(start) < 6 else 1
    counts[level] = counts.get(level, first - 1) + 1
    return _written(counts[level], bullet.get("type", "arabicPeriod"))


def _written(number: int, kind: str) -> str:
    sign = str(number)
    if kind.startswith("alpha"):
        sign = numerals.letters(number)
    elif kind.startswith("roman"):
        sign = numerals.roman(number)
    if "Uc" in kind:
        sign = sign.upper()
    if kind.endswith("ParenBoth"):
        return f"({sign})"
    return sign + (")" if kind.endswith("ParenR") else "" if kind.endswith("Plain") else ".")
