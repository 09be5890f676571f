"""The text of SmartArt diagrams, as lists of their points."""

from xml.etree.ElementTree import Element

from assistant.adapters.documents import markdown
from assistant.adapters.documents.presentations import drawing_text

MAX_DEPTH = 8


def items(root: Element) -> str:
    """Return the points of a diagram, each below the one it belongs to."""
    texts: dict[str, str] = {}
    tops: list[str] = []
    for point in root.iterfind("ptLst/pt"):
        kind, name = point.get("type", "node"), point.get("modelId", "")
        body = point.find("t")
        if kind in ("node", "asst") and body is not None:
            texts[name] = drawing_text.text(body)
        elif kind == "doc":
            tops.append(name)
    below: dict[str, list[tuple[int, str]]] = {}
    for link in root.iterfind("cxnLst/cxn"):
        order = link.get("srcOrd", "")
        place = int(order) if order.isascii() and order.isdigit() and len(order) < 10 else 0
        if link.get("type", "parOf") == "parOf":
            below.setdefault(link.get("srcId", ""), []).append((place, link.get("destId", "")))
    return "\n".join(_lines(texts, tops, below))


def _lines(
    texts: dict[str, str], tops: list[str], below: dict[str, list[tuple[int, str]]]
) -> list[str]:
    lines: list[str] = []
    left = dict(texts)
    waiting = [(name, -1) for name in tops]
    while waiting:
        name, depth = waiting.pop()
        if text := left.pop(name, ""):
            lines.append(markdown.item(markdown.one_line(text), min(depth, MAX_DEPTH)))
        # Each point's own are followed once, whatever circles a file may have.
        inner = [(inner, depth + 1) for _, inner in sorted(below.pop(name, ()))]
        waiting.extend(reversed(inner))
    # What belongs to nothing.
    return lines + [markdown.item(markdown.one_line(text)) for text in left.values() if text]
