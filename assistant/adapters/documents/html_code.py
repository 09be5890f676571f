"""Code on pages, as it stands there and without the numbers of its lines."""

from collections.abc import Collection, Iterator

from selectolax.lexbor import LexborNode

NUMBERING = frozenset(
    ["linenos", "linenodiv", "lineno", "line-numbers-rows", "gutter", "hljs-ln-numbers"]
)
LINE_NUMBERS = ", ".join(f".{name}" for name in sorted(NUMBERING))
FENCE = "```"


def write(code: LexborNode, skipped: Collection[int]) -> str:
    """Return a block of code between fences, or nothing if it has only the numbers of lines."""
    around = code.parent.attributes.get("class") if code.parent is not None else None
    if not NUMBERING.isdisjoint((around or "").split()):
        return ""
    numbers = {number.mem_id for number in code.css(LINE_NUMBERS)}
    text = _verbatim(code, numbers.union(skipped)).strip("\n").rstrip()
    fence = FENCE if FENCE not in text else FENCE + "`"
    return f"{fence}\n{text}\n{fence}" if text else ""


def _verbatim(root: LexborNode, skipped: Collection[int]) -> str:
    if not skipped and root.css_first("br") is None:
        return root.text()
    parts = []
    for node in root.traverse(include_text=True):
        if node.tag == "br":
            parts.append("\n")
        elif node.is_text_node and not any(n.mem_id in skipped for n in _above(node, root)):
            parts.append(node.text_content or "")
    return "".join(parts)


def _above(node: LexborNode, root: LexborNode) -> Iterator[LexborNode]:
    parent = node.parent
    while parent is not None and parent.mem_id != root.mem_id:
        yield parent
        parent = parent.parent
