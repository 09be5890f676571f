"""Writing the blocks of a page as light Markdown, one after the other."""

from collections.abc import Callable, Collection

from selectolax.lexbor import LexborNode

from assistant.adapters.documents import html_code, html_formulas, html_tables, markdown
from assistant.adapters.documents.html_flow import LINE_END, PARAGRAPH_END, Flow
from assistant.adapters.documents.html_frame import asks
from assistant.adapters.documents.html_lists import Lists
from assistant.adapters.documents.html_walk import walk

SKIPPED = frozenset(
    [
        *("head", "style", "iframe", "object", "canvas", "select", "audio", "video", "rp"),
        # Of pictures in SVG only the text is seen.
        *("title", "desc", "metadata", "defs", "symbol"),
    ]
)
PARAGRAPHS = frozenset(
    [
        *("p", "div", "section", "article", "main", "header", "footer", "aside", "blockquote"),
        *("dl", "table", "td", "th", "caption", "form", "fieldset", "figure", "figcaption"),
        *("address", "details", "summary", "hr", "body", "center", "dialog", "nav", "hgroup"),
        "search",
    ]
)
LINES = frozenset(["dt", "dd", "tr", "br", "legend", "text"])
LISTS = frozenset(["ul", "ol", "menu"])
HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
MARKS = {"del": "~~", "s": "~~", "strike": "~~"}
QUOTES = "\u201c\u201d"
PERMALINK = frozenset(["", "\xb6", "#", "\xa7", "\U0001f517"])
# How deep lines within lines may lie, such as powers of powers.
MAX_DEPTH = 20
TEXT_INPUTS = frozenset(["", "text", "email", "tel", "url", "number", "date", "time"])


def write(root: LexborNode, skipped: Collection[int], title: str = "") -> str:
    """Return the text of a page without what is skipped, beginning with its title."""
    page = _Page(skipped)
    if title.strip():
        page.flow.add_block(markdown.heading(1, title))
    page.read(root)
    return page.flow.text()


class _Page:
    """What is read of a page, or of a cell in one."""

    def __init__(self, skipped: Collection[int], depth: int = 0) -> None:
        # What is in a cell or above a line is one line itself.
        self.flow = Flow(one_line=depth > 0)
        self._skipped = skipped
        self._depth = depth
        self._lists = Lists()
        # What is written as a whole; each says whether it did so.
        self._wholes: dict[str, Callable[[LexborNode], bool]] = {
            "table": self._table,
            "pre": self._code,
            "math": self._formula,
            "svg": self._drawing,
            "sup": self._superscript,
            "sub": self._subscript,
            "ruby": self._ruby,
            "img": self._image,
            "input": self._input,
            "textarea": self._input,
            "a": self._permalink,
            "button": self._button,
        }

    def read(self, root: LexborNode) -> None:
        """Read a node with all that is in it."""
        for _, tag in walk(root, self._begin):
            self._end(tag)

    def _begin(self, node: LexborNode, tag: str) -> bool:
        """Begin a node and return whether what is in it is to be read."""
        flow = self.flow
        if tag == "-text":
            flow.add(node.text_content or "")
            return False
        if tag in SKIPPED or (self._skipped and node.mem_id in self._skipped):
            return False
        if tag in self._wholes and self._depth < MAX_DEPTH and self._wholes[tag](node):
            return False
        if tag in HEADINGS:
            flow.begin("#" * HEADINGS[tag] + " ", PARAGRAPH_END)
            flow.one_line = True
        elif tag in LISTS:
            flow.end(LINE_END if self._lists.depth else PARAGRAPH_END)
            self._lists.begin(node, tag)
        elif tag == "li":
            mark = self._lists.next_mark(node)
            outermost = self._lists.is_first and self._lists.depth < 2
            flow.begin(mark, PARAGRAPH_END if outermost else LINE_END)
        elif tag in PARAGRAPHS:
            flow.end(PARAGRAPH_END)
        elif tag in LINES:
            flow.end(LINE_END)
        elif tag in MARKS or tag == "q":
            flow.open(MARKS.get(tag, QUOTES[0]))
        return True

    def _end(self, tag: str) -> None:
        flow = self.flow
        if tag in HEADINGS:
            flow.forget_mark()
            flow.one_line = self._depth > 0
            flow.end(PARAGRAPH_END)
        elif tag in LISTS:
            self._lists.end()
            flow.forget_mark()
            flow.end(LINE_END if self._lists.depth else PARAGRAPH_END)
        elif tag in PARAGRAPHS:
            flow.end(PARAGRAPH_END)
        elif tag in LINES or tag == "li":
            flow.end(LINE_END)
        elif tag in MARKS or tag == "q":
            flow.close(MARKS.get(tag, QUOTES[1]))

    def _inner(self, node: LexborNode, without: Collection[int] = ()) -> str:
        """Return what is in a node, in one line."""
        page = _Page({*self._skipped, *without} if without else self._skipped, self._depth + 1)
        for child in node.iter(include_text=True):
            page.read(child)
        return page.flow.text()

    def _table(self, node: LexborNode) -> bool:
        if self._depth or not html_tables.has_data(node):
            return False
        caption = node.css_first("caption")
        if caption is not None and (title := self._inner(caption)):
            self.flow.add_block(title)
        if table := html_tables.write(node, self._inner):
            self.flow.add_block(table)
        return True

    def _code(self, node: LexborNode) -> bool:
        if self._depth:
            self.flow.add(node.text())
        elif code := html_code.write(node, self._skipped):
            self.flow.add_block(code)
        return True

    def _formula(self, node: LexborNode) -> bool:
        self.flow.add(html_formulas.linear(node))
        return True

    def _drawing(self, node: LexborNode) -> bool:
        """Write what a picture without any text means, such as a tick in a table."""
        title = node.css_first("title")
        label = node.attributes.get("aria-label") or (title.text() if title is not None else "")
        if not label or node.css_first("text, foreignObject") is not None:
            return False
        self.flow.add(f" {label} ")
        return True

    def _superscript(self, node: LexborNode) -> bool:
        text = self._inner(node)
        if node.css_first("a") is not None:
            # A note: its number is no power.
            self.flow.add(f"[{text}]" if text.isdecimal() else text)
        else:
            self.flow.add(html_formulas.raised(text, self.flow.before))
        return True

    def _subscript(self, node: LexborNode) -> bool:
        self.flow.add(html_formulas.lowered(self._inner(node), self.flow.before))
        return True

    def _ruby(self, node: LexborNode) -> bool:
        readings = node.css("rt")
        text = self._inner(node, {reading.mem_id for reading in readings})
        reading = "".join(map(self._inner, readings))
        self.flow.add(f"{text}({reading})" if reading else text)
        return True

    def _image(self, node: LexborNode) -> bool:
        words = markdown.one_line(node.attributes.get("alt") or "")
        figure = node.parent if node.parent is not None and node.parent.tag == "figure" else None
        caption = figure.css_first("figcaption") if figure is not None else None
        if words and (caption is None or words not in markdown.one_line(caption.text())):
            self.flow.add(f" {words} ")
        return True

    def _input(self, node: LexborNode) -> bool:
        attributes = node.attributes
        kind = (attributes.get("type") or "").lower()
        if node.tag == "textarea":
            self.flow.add(node.text())
        elif kind == "checkbox" and self.flow.at_mark:
            self.flow.add("[x] " if "checked" in attributes else "[ ] ")
        elif kind in TEXT_INPUTS:
            self.flow.add(f" {attributes.get('value') or ''} ")
        return True

    def _permalink(self, node: LexborNode) -> bool:
        """Leave out the signs beside headings that only lead to themselves."""
        if not (node.attributes.get("href") or "").startswith("#"):
            return False
        return node.text().strip() in PERMALINK and node.css_first("img, svg") is None

    def _button(self, node: LexborNode) -> bool:
        return not asks(node)
