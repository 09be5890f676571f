"""Reading the text of HTML pages, block by block."""

import codecs
import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from assistant.adapters.documents.normalisation import normalise
from assistant.adapters.documents.plain import decode

META_CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]+)", re.IGNORECASE)
# Browsers read these labels as their supersets (https://encoding.spec.whatwg.org/#names-and-labels).
SUPERSETS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "shift_jis": "cp932",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    # A page that could be searched for its declaration is not in UTF-16, whatever it declares.
    "utf-16": "utf-8",
    "utf-16-le": "utf-8",
    "utf-16-be": "utf-8",
}
SKIPPED = re.compile(
    "head|script|style|noscript|template|nav|svg|math|iframe|object|canvas|select|button"
)
PARAGRAPH = re.compile(
    "p|div|section|article|main|header|footer|aside|blockquote|pre|ul|ol|dl|table|form|fieldset"
    "|figure|figcaption|address|details|summary|hr|caption|body|h[1-6]"
)
LINE = re.compile("li|dt|dd|tr|br|legend")
LAYOUT = "table, ul, ol, dl, pre, h1, h2, h3, h4, p + p"
# No-break spaces too: pages use them as empty cells and indents.
SPACE = re.compile("[ \t\n\r\f\xa0]+")
PARAGRAPH_END, LINE_END, CELL_END = "\n\n", "\n", " | "


def extract(data: bytes) -> tuple[str, list[int]]:
    """Return what a reader of the page sees; it has no pages."""
    tree = LexborHTMLParser(decode(data, declared_encoding(data)))
    if tree.root is None:
        return "", []
    page = _Page()
    title = tree.css_first("head title")
    if title is not None and tree.css_first("h1") is None:
        page.write(title.text())
        page.end(PARAGRAPH_END)
    for node, entering in _walk(tree.root):
        page.visit(node, entering)
    return normalise(page.text()), []


def declared_encoding(data: bytes) -> str | None:
    """Return the encoding that the page names in its head, as browsers understand it."""
    match = META_CHARSET.search(data[:4096])
    if match is None:
        return None
    try:
        name = codecs.lookup(match[1].decode("ascii")).name
    except LookupError:
        return None
    return SUPERSETS.get(name, name)


def _walk(root: LexborNode) -> Iterator[tuple[LexborNode, bool]]:
    """Yield each node as it begins and as it ends, without recursion: pages nest without limit."""
    node: LexborNode | None = root
    depth = 0
    while node is not None:
        yield node, True
        child = None if SKIPPED.fullmatch(node.tag or "") else node.first_child
        if child is not None:
            node, depth = child, depth + 1
            continue
        yield node, False
        while depth and node is not None and node.next is None:
            node, depth = node.parent, depth - 1
            if node is not None:
                yield node, False
        node = node.next if depth and node is not None else None


class _Page:
    """The text so far; breaks wait until more text comes, and the strongest one wins."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._break = ""
        self._space = False
        self._pre = 0
        self._cell = 0

    def text(self) -> str:
        return "".join(self._parts)

    def write(self, text: str) -> None:
        if self._pre:
            self._put(text)
            return
        words = SPACE.sub(" ", text)
        if words.startswith(" "):
            self._space = True
        if stripped := words.strip(" "):
            self._put(stripped)
            self._space = words.endswith(" ")

    def _put(self, text: str) -> None:
        if self._parts:
            self._parts.append(self._break or (" " if self._space else ""))
        self._break, self._space = "", False
        self._parts.append(text)

    def end(self, mark: str) -> None:
        if self._cell and mark != CELL_END:
            self._space = True
        elif len(mark) > len(self._break) or self._break == CELL_END:
            self._break = mark

    def visit(self, node: LexborNode, entering: bool) -> None:
        tag = node.tag or ""
        if tag == "-text":
            if entering:
                self.write(node.text_content or "")
        elif tag in ("td", "th"):
            self._visit_cell(node, entering)
        elif PARAGRAPH.fullmatch(tag):
            self.end(PARAGRAPH_END)
            if tag == "pre":
                self._pre += 1 if entering else -1
        elif LINE.fullmatch(tag):
            self.end(LINE_END)

    def _visit_cell(self, node: LexborNode, entering: bool) -> None:
        # A cell with blocks in it lays the page out; its blocks stay what they are.
        if node.css_first(LAYOUT) is not None:
            self.end(PARAGRAPH_END)
            return
        self._cell += 1 if entering else -1
        if not entering and not self._break:
            self.end(CELL_END)
